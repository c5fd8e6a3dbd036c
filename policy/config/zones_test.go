package config

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
)

const zonedFile = `
fleet:
  default:
    lead_time: 45s
    prices: {on_demand: 2}
    zones: [eu-a, {name: eu-b, prices: {on_demand: 1.5}}]
  categories:
    - name: gpu
      stages: [{name: boot, lead_time: 20s}, {name: pull, lead_time: 10s}]
      prices: {on_demand: 3, spot: 1}
      spot: {interruptions_per_hour: 0.1}
      limits: {max_instances: 9}
      zones:
        - eu-a
        - name: eu-c
          prices: {spot: 0.5}
          spot: {interruptions_per_hour: 0.3}
          limits: {max_instances: 2}
    - name: cpu
      prices: {on_demand: 0.5}
      layers: [{name: bare, adapt: 15s, memory: 0.5}]
policy: {name: static, level: 1, level.gpu: 3, level.gpu@eu-c: 4}
`

// Zones start from their category, those of the template from every category
// that lists none.
func TestZones(t *testing.T) {
	f := parseText(t, zonedFile)
	type row struct {
		Name         string
		Lead         time.Duration
		Price, Spot  float64
		Interruption float64
		Most         int
		Layer        string
	}
	rows := func(pools []Pool) (all []row) {
		for _, p := range pools {
			k := &p.Terms
			r := row{k.Name, k.LeadTime.Mean(), k.Price, k.Spot.Price, k.Spot.Interruptions[7], k.Limits.MaxInstances, ""}
			if len(k.Layers) > 0 {
				r.Layer = k.Layers[0].Name
			}
			if p.Category+"@"+p.Zone != k.Name {
				t.Errorf("%s is at %+v", k.Name, p.Place)
			}
			all = append(all, r)
		}
		return all
	}
	if p := f.Fleet.Pools(); p[0].Price != 1 || p[1].Price != 0.5 || p[2].Price != 0.5 {
		t.Errorf("the least prices are %v", PlacesOf(p))
	}
	if d := cmp.Diff([]row{
		{"gpu@eu-a", 30 * time.Second, 3, 1, 0.1, 9, ""},
		{"gpu@eu-c", 30 * time.Second, 3, 0.5, 0.3, 2, ""},
		{"cpu@eu-a", 45 * time.Second, 0.5, 0, 0, 0, "bare@eu-a"},
		{"cpu@eu-b", 45 * time.Second, 1.5, 0, 0, 0, "bare@eu-b"},
	}, rows(f.Fleet.Pools())); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]row{
		{"tiny@eu-a", 45 * time.Second, 2, 0, 0, 0, ""}, {"tiny@eu-b", 45 * time.Second, 1.5, 0, 0, 0, ""},
	}, rows(f.Fleet.Template("tiny"))); d != "" {
		t.Error(d)
	}
	if got, want := f.PolicySpec().String(), "static:level=1,level.gpu@eu-a=3,level.gpu@eu-c=4"; got != want {
		t.Errorf("policy %s, want %s", got, want)
	}
	// No layer is shared between zones: its instances would serve both.
	c := f.PolicyConfig()
	if n := len(c.Categories); n != 6 || c.Categories[4].Name != "bare@eu-a" || c.Categories[5].Name != "bare@eu-b" {
		t.Errorf("%d categories: %+v", n, c.Categories)
	}
}

// Who may serve whom, in which order: gpu's requests that name no zone come to
// eu-b, which has the least price; big is in other zones and in none of gpu's.
func TestCompatibleByZone(t *testing.T) {
	const text = `
fleet:
  categories:
    - name: gpu
      lead_time: 1m
      zones: [eu-a, {name: eu-b, prices: {on_demand: 0.5}}]
      %s
      compatible: [{category: big, adapt: 10s}, {category: bigger}, {category: anywhere, adapt: 3s}]
    - {name: big, lead_time: 1m, zones: [eu-b, eu-c]}
    - {name: bigger, lead_time: 1m, zones: [eu-a, eu-b]}
    - {name: anywhere, lead_time: 1m}
policy: {name: none}
`
	names := []string{"gpu@eu-a", "gpu@eu-b", "big@eu-b", "big@eu-c", "bigger@eu-a", "bigger@eu-b", "anywhere"}
	type row struct {
		Pool    string
		Adapt   time.Duration
		Becomes string
		For     policy.Reach
	}
	of := func(c policy.Config, p policy.PoolID) (all []row) {
		for _, o := range c.Categories[p].Compatible {
			all = append(all, row{names[o.Pool], o.Adapt, names[o.Becomes(p)], o.For})
		}
		return all
	}
	const s = time.Second
	closed := parseText(t, fmt.Sprintf(text, "")).PolicyConfig()
	for i, k := range closed.Categories {
		if k.Name != names[i] {
			t.Fatalf("pool %d is %s, want %s", i, k.Name, names[i])
		}
	}
	if d := cmp.Diff([]row{{"bigger@eu-a", 0, "bigger@eu-a", policy.ForAll}, {"anywhere", 3 * s, "gpu@eu-a", policy.ForAll}}, of(closed, 0)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]row{
		{"gpu@eu-a", 0, "gpu@eu-a", policy.ForAnywhere},
		{"big@eu-b", 10 * s, "gpu@eu-b", policy.ForAll}, {"bigger@eu-b", 0, "bigger@eu-b", policy.ForAll}, {"anywhere", 3 * s, "gpu@eu-b", policy.ForAll},
		{"bigger@eu-a", 0, "bigger@eu-a", policy.ForAnywhere},
	}, of(closed, 1)); d != "" {
		t.Error(d)
	}
	open := parseText(t, fmt.Sprintf(text, "cross_zone: 5s")).PolicyConfig()
	if d := cmp.Diff([]row{
		{"bigger@eu-a", 0, "bigger@eu-a", policy.ForAll}, {"anywhere", 3 * s, "gpu@eu-a", policy.ForAll},
		{"gpu@eu-b", 5 * s, "gpu@eu-b", policy.ForBound}, {"big@eu-b", 15 * s, "gpu@eu-b", policy.ForBound}, {"bigger@eu-b", 5 * s, "bigger@eu-b", policy.ForBound},
	}, of(open, 0)); d != "" {
		t.Error(d)
	}
	for _, p := range []policy.PoolID{2, 3, 4, 5, 6} {
		for _, o := range open.Categories[p].Compatible {
			if o.For != policy.ForAnywhere {
				t.Errorf("%s may be served by %+v", names[p], o)
			}
		}
	}
}

func TestDirectory(t *testing.T) {
	d := NewDirectory([]Place{{"gpu", "eu-a", "", 2}, {"gpu", "eu-b", "", 1}, {"gpu", "eu-c", "", 1}, {"cpu", "", "", 3}})
	for _, c := range []struct {
		category, zone string
		want           policy.PoolID
		problem        string
	}{
		{"gpu", "eu-a", 0, ""},
		{"gpu", "eu-c", 2, ""},
		{"gpu", "", 1, ""}, // of two of the least price the first
		{"cpu", "", 3, ""},
		{"cpu", "mars", 3, ""}, // its zones do not matter
		{"gpu", "eu-d2", 0, `category "gpu" is not in zone "eu-d2" (did you mean eu-a?); it is in eu-a, eu-b, eu-c`},
		{"gpo", "eu-a", 0, `there is no category "gpo" (did you mean gpu?); known are gpu, cpu`},
	} {
		got, found := d.Find(c.category, c.zone, "")
		problem := ""
		if !found {
			problem = d.Why(c.category, c.zone).Error()
		}
		if got != c.want || problem != c.problem {
			t.Errorf("%s in %q: pool %d, %s; want %d, %s", c.category, c.zone, got, problem, c.want, c.problem)
		}
	}
	if _, single := d.Only(); single {
		t.Error("two categories are taken for one")
	}
	if name, single := NewDirectory([]Place{{"gpu", "eu-a", "", 2}, {"gpu", "eu-b", "", 1}}).Only(); name != "gpu" || !single {
		t.Error("two zones of one category are taken for two")
	}
}

func TestBadZones(t *testing.T) {
	for _, c := range []struct{ category, want string }{
		{"zones: []", "pool.yaml:1: fleet.categories[0].zones: names no zone; remove the key where zones do not matter"},
		{"zones: eu-a", "pool.yaml:1: fleet.categories[0].zones: want a list, not \"eu-a\""},
		{"zones: [eu-a, '']", "pool.yaml:1: fleet.categories[0].zones[1]: \"\": want a name without spaces around it"},
		{"zones: [eu-a, {name: eu-a}]", "pool.yaml:1: fleet.categories[0].zones[1]: zone \"eu-a\" is given twice"},
		{"zones: [{prices: {on_demand: 1}}]", "pool.yaml:1: fleet.categories[0].zones[0]: name is missing: the zone's, as requests name it"},
		{"zones: [{name: eu-a, zones: [b]}]", "pool.yaml:1: fleet.categories[0].zones[0]: unknown key \"zones\"; known here: name, lead_time, stages, prices, billing, reuse, promotion_delay, scrub, layers, limits, lifecycle, spot, stopped, tenants"},
		{"zones: [{name: eu-a, spot: {interruptions_per_hour: 1}}]", "pool.yaml:1: fleet.categories[0].zones[0].spot: is given without its price; add prices.spot"},
		{"zones: [{name: eu-a, prices: {stopped: 2}, stopped: {resume: 1s}}]", "pool.yaml:1: fleet.categories[0].zones[0]: prices.stopped is above prices.on_demand; a stopped instance is worth nothing then"},
		{"zones: [{name: eu-a, lifecycle: {min_remaining: 1m}}]", "pool.yaml:1: fleet.categories[0].zones[0].lifecycle: a minimum remaining life of 1m0s needs a maximum age"},
		{"cross_zone: 5s", "pool.yaml:1: fleet.categories[0].cross_zone: is given without zones; list them, or remove it"},
		{"zones: [eu-a], cross_zone: 5", "pool.yaml:1: fleet.categories[0].cross_zone: \"5\": want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m; write 5s"},
		{"zones: [eu-a]}, {name: gpu@eu-a, lead_time: 1s", "pool.yaml:1: fleet: policy: category \"gpu@eu-a\" is configured twice"},
		{"lifecycle: {max_age: 1m}, zones: [{name: eu-a, lead_time: 2m}]", "pool.yaml:1: fleet: category \"gpu@eu-a\": lifecycle: a maximum age of 1m0s leaves instances 54s to be handed out (a tenth is jitter); give more than the lead time and a tick, 2m15s, in which the successor becomes warm"},
	} {
		check(t, "fleet: {categories: [{name: gpu, lead_time: 1s, "+c.category+"}]}\npolicy: {name: none}\n", c.want)
	}
	// What is wrong with the template's zones is said once.
	check(t, "fleet: {default: {lead_time: 1s, zones: [a, {name: b, price: 1}]}, categories: [{name: x}, {name: y}]}\npolicy: {name: none}\n",
		"pool.yaml:1: fleet.default.zones[1]: unknown key \"price\" (did you mean prices?); known here: name, lead_time, stages, prices, billing, reuse, promotion_delay, scrub, layers, limits, lifecycle, spot, stopped, tenants")
}

// Files that only a zone names are read, and those that it inherits.
func TestZonesReadFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"leads.csv": "latency_s\n5\n", "far.csv": "latency_s\n50\n", "prices.csv": "time_s,price\n1,0.5\n",
		"pool.yaml": `
fleet:
  categories:
    - name: gpu
      stages: [{name: boot, lead_time: "empirical:leads.csv"}]
      zones:
        - a
        - {name: b, lead_time: "empirical:far.csv", prices: {spot: 0.5}, spot: {interruptions_per_hour: 1, prices: prices.csv}}
policy: {name: none}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Load(filepath.Join(dir, "pool.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	pools := f.Fleet.Pools()
	if m := pools[0].Terms.LeadTime.Mean(); m != 5*time.Second {
		t.Errorf("in a it takes %v", m)
	}
	if m := pools[1].Terms.LeadTime.Mean(); m != 50*time.Second {
		t.Errorf("in b it takes %v", m)
	}
	if n := len(pools[1].Terms.Spot.Prices.Times); n != 1 {
		t.Errorf("%d prices", n)
	}
	missing := `
fleet: {default: {lead_time: 1s, zones: [{name: a, lead_time: "empirical:none.csv"}]}, categories: [{name: x}]}
policy: {name: none}
`
	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte(missing), 0o600); err != nil {
		t.Fatal(err)
	}
	want := bad + ":2: fleet.default.zones[0].lead_time: open " + filepath.Join(dir, "none.csv") + ": no such file or directory"
	if _, err := Load(bad); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
