package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
)

func draft(t *testing.T, text string) *Draft {
	t.Helper()
	d, err := NewDraft([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func content(t *testing.T, d *Draft) string {
	t.Helper()
	body, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// What is not changed stays, with its comments and in its order.
func TestDraft(t *testing.T) {
	d := draft(t, `# ours
service: {hit_rate: 0.9, budget: 4} # what we promise
fleet:
  categories: # two
    - {name: a, lead_time: "empirical:a.txt"}
    - name: b # the second
      spot: {prices: b.csv}
policy: {name: static, level: 3} # a guess
`)
	for _, s := range []policy.Setting{
		{Key: "fleet.categories[1].reuse", Value: "reusable"}, {Key: "fleet.default.billing.minimum", Value: "60s"},
		{Key: "fleet.categories[0].stages", Value: "[{name: x}]"}, {Key: "service.wait_p99", Value: "30s"},
	} {
		if err := d.Set(s.Key, s.Value); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.SetAll("policy", []policy.Setting{{Key: "name", Value: "ewma"}, {Key: "level.a", Value: "0.9"}}); err != nil {
		t.Fatal(err)
	}
	d.Remove("service", "hit_rate")
	d.Remove("service", "hit_rate") // it is gone already
	d.Remove("api", "listen")       // there is no such section
	if err := d.Rename(func(file string) (string, error) { return "../" + file, nil }); err != nil {
		t.Fatal(err)
	}
	want := `# ours
service: {budget: 4, wait_p99: 30s} # what we promise
fleet:
  categories: # two
    - {name: a, lead_time: "empirical:../a.txt", stages: [{name: x}]}
    - name: b # the second
      spot: {prices: ../b.csv}
      reuse: reusable
  default:
    billing:
      minimum: 60s
policy:
  name: ewma
  level.a: 0.9
`
	if diff := cmp.Diff(want, content(t, d)); diff != "" {
		t.Error(diff)
	}
}

func TestDraftErrors(t *testing.T) {
	for _, text := range []string{"", "- a", "a: [", "7"} {
		if _, err := NewDraft([]byte(text)); err == nil {
			t.Errorf("%q is taken for a configuration", text)
		}
	}
	d := draft(t, "fleet: {categories: [{name: a}], tick: 1s}\n")
	for path, want := range map[string]string{
		"fleet.categories[1].reuse": "no item 1 of categories", "fleet.tick.x": "has no keys", "fleet..x": "neither a key",
		"fleet.tick[0]": "no item 0 of tick", "fleet.x[": "neither a key",
	} {
		if err := d.Set(path, "1"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if err := d.Set("fleet.x", "["); err == nil || !strings.Contains(err.Error(), "is no value") {
		t.Errorf("a value that is no YAML: %v", err)
	}
	failed := errors.New("no such place")
	spot := draft(t, "fleet: {default: {spot: {prices: a.csv}}}\n")
	if err := spot.Rename(func(string) (string, error) { return "", failed }); !errors.Is(err, failed) {
		t.Errorf("a file that cannot be renamed: %v", err)
	}
}
