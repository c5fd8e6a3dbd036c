package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/trace"
	"shadowpool/trace/bucket"
)

// workload writes a day and a half of a built-in workload of many categories,
// and returns its path.
func workload(t *testing.T) string {
	t.Helper()
	preset := trace.Presets()[0]
	preset.Span /= 14
	src, err := preset.Generate(3)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "workload.parquet")
	if err := bucket.Write(t.Context(), path, func(w io.Writer) error { return trace.WriteParquet(w, src) }); err != nil {
		t.Fatal(err)
	}
	return path
}

// Parts of separate runs, put together in any order, and the parts of one run
// print what the whole does, to the byte; run leaves out its decisions.
func TestPartsPrintTheWhole(t *testing.T) {
	src := workload(t)
	for _, args := range []string{
		"compare --policies static:level=2,ewma:quantile=0.99,static-by-category,schedule:hit_rate=0.9,hindsight-rate --measure-from 26h --trace " + src,
		"compare --policies keepalive:ttl=5m,break-even:seed=3 --reusable --lead-time lognormal:median=20s,p99=60s,common=0.5,fail=0.1 --start-warm --trace " + src,
		"run static:level=3 --price 0.1 --trace " + src,
	} {
		if testing.Short() && strings.Contains(args, "hindsight") {
			continue
		}
		get := func(more string) string {
			out, said, status := simulate(t, strings.Fields(args+" --quiet "+more)...)
			if status != 0 {
				t.Fatalf("%s %s: %s", args, more, said)
			}
			return out
		}
		var paths []string
		for _, i := range []int{1, 2, 0} {
			path := filepath.Join(t.TempDir(), "part.json")
			if err := os.WriteFile(path, []byte(get(fmt.Sprintf("--part %d/3", i))), 0o666); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, path)
		}
		for _, format := range []string{"json", "table", "csv"} {
			want := get("--format " + format)
			if at := strings.Index(want, "  \"decisions\""); at > 0 {
				want = strings.TrimSuffix(want[:at], ",\n") + "\n}\n"
			} else if at := strings.Index(want, "decisions  "); at > 0 {
				want = want[:at] + want[at+strings.Index(want[at:], "\n")+1:]
			}
			merged, said, status := simulate(t, append([]string{"merge", "--quiet", "--format", format}, paths...)...)
			if merged != want || status != 0 {
				t.Errorf("%s --format %s, merged: %s\n%s\nwant\n%s", args, format, said, merged, want)
			}
			if got := get("--parts 4 --format " + format); got != want {
				t.Errorf("%s --format %s --parts 4:\n%s\nwant\n%s", args, format, got, want)
			}
		}
	}
}

// What cannot be split or put together is refused, with the reason.
func TestPartsRefused(t *testing.T) {
	src := requests(t)
	dir := t.TempDir()
	write := func(name, args string) string {
		out, said, status := simulate(t, strings.Fields(args)...)
		if status != 0 {
			t.Fatalf("%s: %s", args, said)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(out), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := filepath.Join(dir, "pool.yaml")
	if err := os.WriteFile(config, []byte(`
fleet:
  categories:
    - {name: small, lead_time: 60s, compatible: [{category: large}]}
    - {name: large, lead_time: 60s}
policy: {name: static}
`), 0o666); err != nil {
		t.Fatal(err)
	}
	one := write("1", "compare --policies static --part 0/2 --trace "+src)
	two := write("2", "compare --policies static --part 1/2 --trace "+src)
	other := write("other", "compare --policies static:level=2 --part 1/2 --trace "+src)
	seeded := write("seeded", "compare --policies static --seed 2 --part 1/2 --trace "+src)
	slower := write("slower", "compare --policies static --stage data=dataset=5s --part 1/2 --trace "+src)
	third := write("third", "compare --policies static --part 1/3 --trace "+src)
	ran := write("ran", "run static --part 1/2 --trace "+src)
	whole := write("whole", "compare --policies static --format json --trace "+src)
	for _, c := range []struct{ args, want string }{
		{"compare --policies static,adaptive:hit_rate=0.95 --parts 2 --trace " + src, "policy adaptive:hit_rate=0.95 cannot be replayed in parts: all 2 categories are coupled by the policy"},
		{"run greedy-dual --reusable --part 0/2 --trace " + src, "greedy-dual cannot be replayed in parts"},
		{"run static --pooled --parts 2 --trace " + src, "the fleet has only one category"},
		{"run static --config " + config + " --parts 2 --trace " + src, "small and large are coupled by warm instances of the second"},
		{"run static --part 2/2 --trace " + src, "--part \"2/2\""},
		{"run static --part two --trace " + src, "--part \"two\""},
		{"run static --parts -1 --trace " + src, "--parts -1"},
		{"run static --parts 2 --part 0/2 --trace " + src, "parts"},
		{"run static --parts 2 --events events.parquet --trace " + src, "events"},
		{"merge " + one, "missing parts: 1/2"},
		{"merge " + one + " " + one, "part 0/2 is there twice"},
		{"merge " + one + " " + other, "part 1/2 has another policy"},
		{"merge " + one + " " + seeded, "part 1/2 is of another trace, fleet or choice of policies than part 0"},
		{"merge " + one + " " + slower, "part 1/2 is of another trace, fleet"},
		{"merge " + one + " " + third, "part 1/3 is not of the same run as part 0/2"},
		{"merge " + one + " " + ran, "is of run --part"},
		{"merge " + whole, "is not what compare --part or run --part writes"},
		{"merge " + src, "invalid character"},
		{"merge " + one + " " + two + " --format xml", "--format"},
		{"merge", "requires at least 1 arg"},
	} {
		out, said, status := simulate(t, strings.Fields(c.args)...)
		if status != 2 || !strings.Contains(said, c.want) || out != "" {
			t.Errorf("%s: exit status %d, said %q, want %q", c.args, status, said, c.want)
		}
	}
	// With more parts than categories, some parts are empty.
	if out, said, status := simulate(t, "run", "static", "--parts", "5", "--quiet", "--trace", src); status != 0 || !strings.Contains(out, "requests             120\n") {
		t.Errorf("5 parts of 2 categories: %s %s", said, out)
	}
}
