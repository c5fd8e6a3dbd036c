package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/trace/bucket"
	"shadowpool/trace/bucket/buckettest"
)

// What verbs say and write by URL is what they say and write by path.
func TestEveryVerbTakesURLs(t *testing.T) {
	s := buckettest.Start(t)
	dir := t.TempDir()
	place := func(name string, remote bool) string {
		if remote {
			return s.URL(name)
		}
		return filepath.Join(dir, name)
	}
	const pool = `fleet: {default: {lead_time: "empirical:lead.csv"}}
policy: {name: static, level: 1}
`
	for name, content := range map[string]string{"pool.yaml": pool, "lead.csv": "30\n60\n90\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := bucket.Write(t.Context(), s.URL(name), func(w io.Writer) error {
			_, err := io.WriteString(w, content)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args string // URL: stands before what lies in a bucket or in a directory
		out  string // a file that it writes there, or a folder
	}{
		{"trace import csv " + requests(t) + " -o URL:requests.parquet --name requests", "requests.parquet"},
		{"trace validate URL:requests.parquet", ""},
		{"trace describe URL:requests.parquet", ""},
		{"trace split URL:requests.parquet --at 50% -o URL:a.parquet -o URL:b.parquet", "b.parquet"},
		{"trace generate flash --days 1 -o URL:flash.parquet", "flash.parquet"},
		{"compare --trace URL:requests.parquet --config URL:pool.yaml --policies static --out URL:compared", "compared"},
		{"run --trace URL:requests.parquet --config URL:pool.yaml --out URL:ran", "ran"},
		{"frontier --trace URL:requests.parquet --policies static,ewma --points 8 --format json --out URL:frontier", "frontier"},
		{"forecast --trace URL:requests.parquet --forecasters ewma-10m --tick 60s --horizon 2m --out URL:forecast", "forecast"},
		{"study --trace URL:requests.parquet,name=r --lead-time 60s --targets 0.5 --policies static,ewma --of ewma --points 8 --resamples 200 --out URL:study", "study"},
		{"study --trace URL:requests.parquet,name=r --lead-time 60s --targets 0.5 --policies static,ewma --of ewma --points 8 --resamples 200 --out URL:study", "study"},
		{"ladder --trace URL:requests.parquet URL:pool.yaml small=URL:pool.yaml@static:level=2 --hit-rate 0.5 --resamples 200 --points 16 --out URL:ladder", "ladder"},
	} {
		verb := strings.Join(strings.Fields(c.args)[:2], " ")
		var said [2]string
		var wrote [2]map[string]string
		for i, remote := range []bool{false, true} {
			var args []string
			for _, arg := range strings.Fields(c.args) {
				before, file, is := strings.Cut(arg, "URL:")
				if is {
					end := strings.IndexAny(file+",", ",@")
					arg = before + place(file[:end], remote) + file[end:]
				}
				args = append(args, arg)
			}
			out, log, status := simulate(t, args...)
			if status != 0 {
				t.Fatalf("%s ends with %d: %s", verb, status, log)
			}
			said[i] = out
			for _, name := range []string{"requests.parquet", "pool.yaml"} {
				said[i] = strings.ReplaceAll(said[i], place(name, remote), name)
			}
			if c.out != "" {
				wrote[i] = files(t, place("", remote), c.out)
			}
		}
		if said[0] != said[1] {
			t.Errorf("%s says by path\n%s\nand by URL\n%s", verb, said[0], said[1])
		}
		if c.out != "" && len(wrote[0]) == 0 {
			t.Errorf("%s writes nothing", verb)
		}
		for name, content := range wrote[0] {
			if wrote[1][name] != content {
				t.Errorf("%s writes by URL another %s", verb, name)
			}
		}
		if len(wrote[0]) != len(wrote[1]) {
			t.Errorf("%s writes %d files, and by URL %d", verb, len(wrote[0]), len(wrote[1]))
		}
	}
	names, err := os.ReadDir(filepath.Join(s.Dir, "pool", "study", "runs"))
	if err != nil || len(names) == 0 {
		t.Errorf("no runs are kept: %v", err)
	}
}

// files are what a folder holds under a prefix.
func files(t *testing.T, folder, prefix string) map[string]string {
	t.Helper()
	f, err := bucket.OpenFolder(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names, err := f.List(t.Context(), prefix)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range names {
		body, err := f.Read(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(body)
	}
	return all
}
