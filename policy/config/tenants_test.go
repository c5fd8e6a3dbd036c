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

const reservedFile = `
fleet:
  default:
    lead_time: 45s
    tenants: [acme, {name: globex, prices: {on_demand: 4}}]
  categories:
    - name: gpu
      prices: {on_demand: 3}
      limits: {max_instances: 9}
      zones:
        - eu-a
        - {name: eu-b, prices: {on_demand: 2}, tenants: [initech]}
      tenants:
        - acme
        - {name: umbrella, lead_time: 20s, limits: {max_instances: 2}}
    - name: cpu
      layers: [{name: bare, adapt: 15s, memory: 0.5}]
policy: {name: static, level: 1, level.gpu: 3, level.gpu@eu-b: 4, level.gpu~acme: 5, level.gpu@eu-a~umbrella: 6, level.cpu~globex: 7}
`

// What is reserved starts from the category in its zone; a zone's tenants stand in
// the place of the category's, and those of the template where it lists none.
func TestTenants(t *testing.T) {
	f := parseText(t, reservedFile)
	type row struct {
		Name, Zone, Tenant string
		Lead               time.Duration
		Price              float64
		Most               int
	}
	rows := func(pools []Pool) (all []row) {
		for _, p := range pools {
			k := &p.Terms
			all = append(all, row{k.Name, p.Zone, p.Tenant, k.LeadTime.Mean(), p.Price, k.Limits.MaxInstances})
		}
		return all
	}
	const s = time.Second
	if d := cmp.Diff([]row{
		{"gpu@eu-a", "eu-a", "", 45 * s, 3, 9},
		{"gpu@eu-a~acme", "eu-a", "acme", 45 * s, 3, 9},
		{"gpu@eu-a~umbrella", "eu-a", "umbrella", 20 * s, 3, 2},
		{"gpu@eu-b", "eu-b", "", 45 * s, 2, 9},
		{"gpu@eu-b~initech", "eu-b", "initech", 45 * s, 2, 9},
		{"cpu", "", "", 45 * s, 1, 0},
		{"cpu~acme", "", "acme", 45 * s, 1, 0},
		{"cpu~globex", "", "globex", 45 * s, 4, 0},
	}, rows(f.Fleet.Pools())); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]row{
		{"tiny", "", "", 45 * s, 1, 0}, {"tiny~acme", "", "acme", 45 * s, 1, 0}, {"tiny~globex", "", "globex", 45 * s, 4, 0},
	}, rows(f.Fleet.Template("tiny"))); d != "" {
		t.Error(d)
	}
	want := "static:level=1,level.gpu@eu-a=3,level.gpu@eu-b=4,level.gpu@eu-a~acme=5,level.gpu@eu-a~umbrella=6,level.cpu~globex=7"
	if got := f.PolicySpec().String(); got != want {
		t.Errorf("policy %s, want %s", got, want)
	}
	c := f.PolicyConfig()
	var reserved []uint32
	for _, k := range c.Categories {
		reserved = append(reserved, k.ReservedFor)
	}
	if d := cmp.Diff([]uint32{0, 1, 2, 0, 3, 0, 1, 4, 0, 1, 4}, reserved); d != "" {
		t.Error(d)
	}
	if last := c.Categories[10]; last.Name != "bare~globex" || c.Categories[7].Below == nil || *c.Categories[7].Below != 10 {
		t.Errorf("the layer below what is reserved for globex is %+v", last)
	}
}

// Who may serve a tenant, in which order: gpu's requests of acme that name no zone
// come to eu-b, which has the least price of what is reserved for it.
func TestCompatibleByTenant(t *testing.T) {
	const text = `
fleet:
  categories:
    - name: gpu
      lead_time: 1m
      zones: [{name: eu-a, prices: {on_demand: 0.1}}, {name: eu-b, tenants: [acme]}, {name: eu-c, prices: {on_demand: 2}, tenants: [acme]}]
      %s
      compatible: [{category: big, adapt: 10s}, {category: bigger}]
    - {name: big, lead_time: 1m, zones: [eu-a, eu-b], tenants: [acme, globex]}
    - {name: bigger, lead_time: 1m, tenants: [acme]}
policy: {name: none}
`
	names := []string{
		"gpu@eu-a", "gpu@eu-b", "gpu@eu-b~acme", "gpu@eu-c", "gpu@eu-c~acme",
		"big@eu-a", "big@eu-a~acme", "big@eu-a~globex", "big@eu-b", "big@eu-b~acme", "big@eu-b~globex", "bigger", "bigger~acme",
	}
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
	const all, bound, anywhere = policy.ForAll, policy.ForBound, policy.ForAnywhere
	closed := parseText(t, fmt.Sprintf(text, "")).PolicyConfig()
	for i, k := range closed.Categories {
		if k.Name != names[i] {
			t.Fatalf("pool %d is %s, want %s", i, k.Name, names[i])
		}
	}
	if d := cmp.Diff([]row{
		{"gpu@eu-c~acme", 0, "gpu@eu-c~acme", anywhere},
		{"gpu@eu-a", 0, "gpu@eu-a", anywhere}, {"gpu@eu-b", 0, "gpu@eu-b~acme", all}, {"gpu@eu-c", 0, "gpu@eu-c~acme", anywhere},
		{"big@eu-b~acme", 10 * s, "gpu@eu-b~acme", all}, {"big@eu-b", 10 * s, "gpu@eu-b~acme", all},
		{"bigger~acme", 0, "bigger~acme", all}, {"bigger", 0, "bigger~acme", all},
		{"big@eu-a", 10 * s, "gpu@eu-a", anywhere}, // what is reserved would leave its tenant
	}, of(closed, 2)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]row{
		{"gpu@eu-c", 0, "gpu@eu-c~acme", all}, {"bigger~acme", 0, "bigger~acme", all}, {"bigger", 0, "bigger~acme", all},
	}, of(closed, 4)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]row{{"big@eu-b", 10 * s, "gpu@eu-b", all}, {"bigger", 0, "bigger", all}}, of(closed, 1)); d != "" {
		t.Error(d)
	}
	open := parseText(t, fmt.Sprintf(text, "cross_zone: 5s")).PolicyConfig()
	if d := cmp.Diff([]row{
		{"gpu@eu-c", 0, "gpu@eu-c~acme", all},
		{"bigger~acme", 0, "bigger~acme", all}, {"bigger", 0, "bigger~acme", all},
		{"gpu@eu-b~acme", 5 * s, "gpu@eu-b~acme", bound}, {"gpu@eu-a", 5 * s, "gpu@eu-a", bound}, {"gpu@eu-b", 5 * s, "gpu@eu-b", bound},
		{"big@eu-b~acme", 15 * s, "gpu@eu-b~acme", bound}, {"big@eu-a", 15 * s, "gpu@eu-a", bound}, {"big@eu-b", 15 * s, "gpu@eu-b~acme", bound},
	}, of(open, 4)); d != "" {
		t.Error(d)
	}
}

func TestDirectoryByTenant(t *testing.T) {
	d := NewDirectory([]Place{
		{"gpu", "eu-a", "", 1}, {"gpu", "eu-a", "acme", 3}, {"gpu", "eu-b", "", 2}, {"gpu", "eu-b", "acme", 2}, {"gpu", "eu-c", "", 2},
		{"cpu", "", "", 1}, {"cpu", "", "globex", 1},
	})
	for _, c := range []struct {
		category, zone, tenant string
		want                   policy.PoolID
	}{
		{"gpu", "eu-a", "acme", 1}, {"gpu", "eu-a", "globex", 0}, {"gpu", "eu-a", "", 0},
		{"gpu", "eu-c", "acme", 4}, // nothing is reserved there
		{"gpu", "", "acme", 3}, {"gpu", "", "globex", 0},
		{"cpu", "", "globex", 6}, {"cpu", "eu-a", "globex", 6}, {"cpu", "", "acme", 5},
	} {
		if got, found := d.Find(c.category, c.zone, c.tenant); !found || got != c.want {
			t.Errorf("%s in %q of %q: pool %d, want %d", c.category, c.zone, c.tenant, got, c.want)
		}
	}
	if _, found := d.Find("gpu", "eu-d", "acme"); found {
		t.Error("acme is served in eu-d, where gpu is not")
	}
	if d := cmp.Diff([]string{"globex"}, d.Tenants("cpu")); d != "" {
		t.Error(d)
	}
}

func TestBadTenants(t *testing.T) {
	const at = "pool.yaml:1: fleet.categories[0]."
	for _, c := range []struct{ category, want string }{
		{"tenants: []", at + "tenants: names no tenant; remove the key where nothing is reserved"},
		{"tenants: acme", at + "tenants: want a list, not \"acme\""},
		{"tenants: [acme, '']", at + "tenants[1]: \"\": want a name without spaces around it"},
		{"tenants: [acme, {name: acme}]", at + "tenants[1]: tenant \"acme\" is given twice"},
		{"tenants: [a~b]", at + "tenants[0]: \"a~b\" has a ~, which stands before the tenant in the names of pools"},
		{"tenants: [{prices: {on_demand: 1}}]", at + "tenants[0]: name is missing: the tenant's, as requests name it"},
		{"tenants: [{name: a, zones: [b]}]", at + "tenants[0]: unknown key \"zones\"; known here: name, lead_time, stages, prices, billing, reuse, promotion_delay, scrub, layers, limits, lifecycle, spot, stopped"},
		{"zones: [{name: b, tenants: [{name: a, lead_time: 5}]}]", at + "zones[0].tenants[0].lead_time: \"5\": want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m; write 5s"},
		{"zones: [b, c], tenants: [{name: a, lead_time: 5}]", at + "tenants[0].lead_time: \"5\": want a span with a unit (ns, us, ms, s, m, h), such as 90s or 1h30m; write 5s"},
		{"tenants: [{name: a, lifecycle: {min_remaining: 1m}}]", at + "tenants[0].lifecycle: a minimum remaining life of 1m0s needs a maximum age"},
		{"zones: [{name: b, lifecycle: {max_age: 10m}}], tenants: [{name: a, lead_time: 20m}]", "pool.yaml:1: fleet: category \"gpu@b~a\": lifecycle: a maximum age of 10m0s leaves instances 9m0s to be handed out (a tenth is jitter); give more than the lead time and a tick, 20m15s, in which the successor becomes warm"},
		{"tenants: [a]}, {name: gpu~a, lead_time: 1s", "pool.yaml:1: fleet: policy: category \"gpu~a\" is configured twice"},
	} {
		check(t, "fleet: {categories: [{name: gpu, lead_time: 1s, "+c.category+"}]}\npolicy: {name: none}\n", c.want)
	}
	check(t, "fleet: {categories: [{name: g~u, lead_time: 1s, tenants: [a]}]}\npolicy: {name: none}\n",
		at+"name: \"g~u\" has a ~, which stands before the tenant in the names of pools")
	check(t, "fleet:\n  isolation: none\n  default:\n    lead_time: 1s\n    tenants: [a]\npolicy: {name: none}\n",
		"pool.yaml:5: fleet.default.tenants: reserves instances for tenants that isolation: none lets serve anyone; leave one of the two out")
	check(t, "fleet:\n  default: {lead_time: 1s, tenants: [a, {name: b, price: 1}]}\n  categories: [{name: x}, {name: y, zones: [c]}]\npolicy: {name: none}\n",
		"pool.yaml:2: fleet.default.tenants[1]: unknown key \"price\" (did you mean prices?); known here: name, lead_time, stages, prices, billing, reuse, promotion_delay, scrub, layers, limits, lifecycle, spot, stopped")
}

// Files that only a tenant names are read, once for the category and for its zones.
func TestTenantsSamples(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "leads.csv"), []byte("latency_s\n3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	load := func(samples string) (*File, string, error) {
		path := filepath.Join(dir, "pool.yaml")
		text := "fleet: {categories: [{name: gpu, lead_time: 1s, zones: [a, b], tenants: [{name: acme, lead_time: \"empirical:" + samples + "\"}]}]}\npolicy: {name: none}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Load(path)
		return f, path, err
	}
	f, _, err := load("leads.csv")
	if err != nil {
		t.Fatal(err)
	}
	if p := f.Fleet.Pools()[3]; p.Terms.Name != "gpu@b~acme" || p.Terms.LeadTime.Mean() != 3*time.Second {
		t.Errorf("%s takes %v", p.Terms.Name, p.Terms.LeadTime.Mean())
	}
	_, path, err := load("none.csv")
	want := path + ":1: fleet.categories[0].tenants[0].lead_time: open " + filepath.Join(dir, "none.csv") + ": no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
