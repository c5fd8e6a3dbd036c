package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Files of lead times are found beside the configuration, wherever it is read
// from, and are read once for all who share them.
func TestLoadReadsSamples(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "leads.csv", "stage,latency_s\nall,4\nall,2\n")
	f, err := Load(write(t, dir, "pool.yaml", `
fleet:
  default: {lead_time: "empirical:leads.csv"}
  categories: [{name: a}, {name: b, lead_time: "empirical:leads.csv"}, {name: c, lead_time: 1s}]
policy: {name: none}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []int64{4e9, 2e9}
	for _, k := range append(f.Fleet.Categories[:2:2], *f.Fleet.Default) {
		if !slices.Equal(k.LeadTime.Samples, want) || k.LeadTime.Mean() != 3*time.Second {
			t.Errorf("%q: samples %v, mean %v", k.Name, k.LeadTime.Samples, k.LeadTime.Mean())
		}
	}
	if got := f.PolicyConfig().Categories[0].LeadTime; got != 3*time.Second {
		t.Errorf("the controller expects %v", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.csv", "1\n2\nx\n")
	write(t, dir, "none.csv", "# nothing\n")
	for _, c := range []struct{ file, want string }{
		{"bad.csv", `bad.csv: line 3: "x" is not a latency between 0 and 744h`},
		{"none.csv", "none.csv: it has no samples"},
		{"missing.csv", "missing.csv: no such file"},
	} {
		path := write(t, dir, "pool.yaml", "fleet:\n  default:\n    lead_time: empirical:"+c.file+"\n  categories: [{name: a}]\npolicy: {name: none}\n")
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.file, err, c.want)
			continue
		}
		if at := path + ":3: fleet.default.lead_time: "; !strings.HasPrefix(err.Error(), at) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v\nwant one error, at %s", c.file, err, at)
		}
	}
	if _, err := Load(filepath.Join(dir, "nowhere.yaml")); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
	large := write(t, dir, "large.yaml", strings.Repeat("# nothing\n", MaxSize/10+1))
	if _, err := Load(large); err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Errorf("a large file: %v", err)
	}
}
