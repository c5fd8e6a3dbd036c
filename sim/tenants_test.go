package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"shadowpool/policy"
	"shadowpool/policy/referee"
	"shadowpool/trace"
)

// ownData prepares every instance with what is the second tenant's of a trace.
type ownData struct{ ahead }

func (o ownData) Aim(policy.Time, policy.PoolID) policy.Target { return policy.Target{Tenant: 2} }

// One instance of a minute's lead time is warm for each pool, and a tenant's own data
// takes 20 s. Globex comes first, so that what is reserved for acme has it by then.
func TestReservedForATenant(t *testing.T) {
	const text = `
fleet:
  categories:
    - name: gpu
      stages: [{name: boot, lead_time: 60s}, {name: own data, of: [tenant], lead_time: 20s}]
      reuse: %s
      %s
policy: {name: none}
`
	const reserved, shared = "tenants: [acme]", ""
	type asks struct {
		at     int64 // s
		tenant string
		waits  float64 // s
	}
	for _, c := range []struct {
		name, tenants, reuse string
		rows                 []asks
		hits                 int64
	}{
		{"its own is a hit", reserved, "single-use", []asks{{0, "globex", 20}, {100, "acme", 0}}, 1},
		{"without a reservation it waits", shared, "single-use", []asks{{0, "globex", 20}, {100, "acme", 20}}, 0},
		// Both are launched at 100 s, and reserved is prepared at 180 s.
		{"and again", reserved, "single-use", []asks{{0, "globex", 20}, {100, "acme", 0}, {170, "acme", 10}, {300, "acme", 0}}, 2},
		{"what is free for all is taken as it is", reserved, "single-use", []asks{{0, "globex", 20}, {100, "acme", 0}, {101, "acme", 20}, {102, "acme", 78}}, 1},
		{"others never take what is reserved", reserved, "single-use", []asks{{0, "globex", 20}, {1, "globex", 79}, {2, "", 59}}, 0},
		// What has served acme at 101 s is idle at 131 s, and acme's from then on; the next
		// tick, at 135 s, ends what is beyond the level.
		{"what it took is its own", reserved, "reusable", []asks{{0, "globex", 20}, {100, "acme", 0}, {101, "acme", 20}, {132, "acme", 0}, {133, "acme", 0}}, 3},
		{"and serves no other", reserved, "reusable", []asks{{0, "globex", 20}, {100, "acme", 0}, {101, "acme", 20}, {132, "initech", 49}}, 1},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			var rows []zonedRow
			want := 0.0
			for _, r := range c.rows {
				rows = append(rows, zonedRow{r.at + 3600, 10, "gpu", "", r.tenant})
				want += r.waits
			}
			tr := zonedTrace(t, rows)
			fleet, err := FleetFromConfig(parseConfig(t, fmt.Sprintf(text, c.reuse, c.tenants)), tr)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Run(tr, fleet, ownData{ahead{level: 1}}, Options{StartWarm: true, Referee: &referee.Referee{}})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.WaitS.Mean * float64(r.Requests); math.Abs(got-want) > 1e-6 || r.Hits != c.hits {
				t.Errorf("waits sum to %v s, and %d hits; want %v s and %d", got, r.Hits, want, c.hits)
			}
		})
	}
}

// modelToo prepares instances with a model beside the tenant's own data.
type modelToo struct{ ahead }

func (modelToo) Aim(policy.Time, policy.PoolID) policy.Target {
	return policy.Target{Dataset: 1, Tenant: 1}
}

// What is free for all keeps the model that it has loaded when it becomes a tenant's,
// unless other stages are reserved for that: then all is loaded anew.
func TestTakenWithWhatItHasLoaded(t *testing.T) {
	for own, want := range map[string]float64{"acme": 20, "{name: acme, stages: [{name: boot, lead_time: 60s}, {name: image, of: [dataset], lead_time: 7s}]}": 7} {
		text := fmt.Sprintf(`
fleet:
  categories:
    - name: gpu
      stages: [{name: boot, lead_time: 60s}, {name: model, of: [dataset], lead_time: 30s}, {name: own data, of: [tenant], lead_time: 20s}]
      tenants: [%s]
policy: {name: none}
`, own)
		tr := &trace.Trace{Name: "two", Strings: trace.Strings{Tenant: []string{"", "acme"}, Dataset: []string{"", "m"}}}
		for _, at := range []int64{0, 100, 101} { // the first is nobody's
			tr.Arrival, tr.Duration = append(tr.Arrival, (3600+at)*1e9), append(tr.Duration, 10e9)
		}
		tr.Tenant, tr.Dataset = []uint32{0, 1, 1}, []uint32{0, 1, 1}
		fleet, err := FleetFromConfig(parseConfig(t, text), tr)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(tr, fleet, modelToo{ahead{level: 1}}, Options{StartWarm: true, Referee: &referee.Referee{}})
		if err != nil {
			t.Fatal(err)
		}
		if r.WaitS.Max != want || r.Hits != 2 {
			t.Errorf("tenants: [%s]: %v s at most and %d hits, want %v s and 2", own, r.WaitS.Max, r.Hits, want)
		}
	}
}

// reservations follows a run: what is reserved for a tenant, or becomes so, serves that
// tenant only, and the tenant's requests come to it.
type reservations struct {
	t        *testing.T
	fleet    *Fleet
	tenants  []uint32 // by row
	held     map[policy.InstanceID]uint32
	served   int // by what is reserved
	borrowed int // what was for all
}

func (s *reservations) log() *policy.Log {
	s.held = map[policy.InstanceID]uint32{}
	return policy.NewLog(func(all []policy.Record) error {
		for _, r := range all {
			switch r.Action {
			case policy.Launched:
				s.held[r.Instance] = s.fleet.Categories[r.Pool].ReservedFor
			case policy.Moved:
				to := s.fleet.Categories[r.Pool].ReservedFor
				if was := s.held[r.Instance]; was != 0 && was != to {
					s.t.Errorf("an instance of tenant %d is moved to %s", was, s.fleet.Categories[r.Pool].Name)
				} else if was == 0 && to != 0 {
					s.borrowed++
				}
				s.held[r.Instance] = to
			case policy.Assigned:
				tenant, pool := s.tenants[r.Request], &s.fleet.Categories[r.Pool]
				if held := s.held[r.Instance]; held != 0 {
					if s.served++; held != tenant || pool.ReservedFor != tenant {
						s.t.Errorf("request %d of tenant %d in %s is served by what is reserved for %d", r.Request, tenant, pool.Name, held)
					}
				}
				if pool.ReservedFor != 0 && pool.ReservedFor != tenant {
					s.t.Errorf("request %d of tenant %d comes to %s", r.Request, tenant, pool.Name)
				}
			}
		}
		return nil
	})
}

// Whatever the fleet: no instance that is reserved for a tenant serves another.
func TestServedWhereItIsReserved(t *testing.T) {
	served, borrowed := 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 6))
		var rows []zonedRow
		at := int64(3600)
		for range 400 {
			at += rng.Int64N(20)
			zone := []string{"", "a", "b"}[rng.IntN(3)]
			rows = append(rows, zonedRow{at, rng.Int64N(200), []string{"gpu", "big", "tiny"}[rng.IntN(3)], zone, []string{"", "x", "y", "z"}[rng.IntN(4)]})
		}
		tr := zonedTrace(t, rows)
		pick := func(of ...string) string { return of[rng.IntN(len(of))] }
		text := fmt.Sprintf(`
fleet:
  binding: %s
  default:
    stages: [{name: boot, lead_time: "lognormal:median=40s,p99=90s"}, {name: own data, of: [tenant], lead_time: 10s}]
    reuse: %s
    limits: {max_instances: 6}
    tenants: [%s]
  categories:
    - name: gpu
      zones: [a, {name: b, tenants: [y], prices: {on_demand: 0.5}}]
      compatible: [{category: big, adapt: %s}]
      %s
    - name: big
      tenants: [x, {name: y, lead_time: 20s, limits: {max_instances: 2}}]
      layers: [%s]
policy: {%s}
`, pick("late", "early"), pick("single-use", "reusable"), pick("x", "x, z"), pick("0s", "7s"), pick("", "cross_zone: 3s", "cross_zone: 0s"),
			pick("", "{name: bare, adapt: 10s, memory: 0.3}"),
			pick("name: static, level: 2", "name: none", "name: adaptive, hit_rate: 0.9", "name: layered, price: 1", "name: keepalive, ttl: 1m"))
		f := parseConfig(t, text)
		fleet, err := FleetFromConfig(f, tr)
		if err != nil {
			t.Fatal(err)
		}
		sizer, err := policy.Build(f.PolicySpec(), policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			t.Fatal(err)
		}
		watch := reservations{t: t, fleet: &fleet, tenants: tr.Tenant}
		if _, err := Run(tr, fleet, sizer, Options{Seed: seed, Log: watch.log(), Referee: &referee.Referee{}}); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		served, borrowed = served+watch.served, borrowed+watch.borrowed
	}
	if served < 1000 || borrowed < 100 {
		t.Errorf("only %d requests were served by what is reserved, and %d by what became so", served, borrowed)
	}
}

// On a public trace, of image generators that load a model and what is the user's own:
// those for whom pools are reserved find it loaded.
func TestReservedOnGenAI(t *testing.T) {
	src := sharedTrace(t, "genai.csv.gz")
	const text = `
fleet:
  pooled: true
  categories:
    - name: gpu
      stages: [{name: boot, lead_time: 60s}, {name: model, of: [dataset], lead_time: 15s}, {name: own, of: [tenant], lead_time: 20s}]
      reuse: reusable
      %s
policy: {name: adaptive, wait_mean: 5s}
`
	biggest := []string{"G0264", "G0146", "G0529"}
	found := map[bool]int64{}
	for _, reserved := range []bool{false, true} {
		tenants := ""
		if reserved {
			tenants = "tenants: [" + strings.Join(biggest, ", ") + "]"
		}
		f := parseConfig(t, fmt.Sprintf(text, tenants))
		fleet, err := FleetFromConfig(f, src)
		if err != nil {
			t.Fatal(err)
		}
		sizer, err := policy.Build(f.PolicySpec(), policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			t.Fatal(err)
		}
		watch := reservations{t: t, fleet: &fleet, tenants: src.Tenant}
		r, err := Run(src, fleet, sizer, Options{Log: watch.log(), Referee: &referee.Referee{}})
		if err != nil {
			t.Fatal(err)
		}
		found[reserved] = r.Prepared.Found
		t.Logf("reserved %t: %d of %d found all prepared, mean wait %.2f s, waste %.0f h", reserved, r.Prepared.Found, r.Prepared.Needing, r.WaitS.Mean, r.InstanceS.Waste/3600)
		if want := 0; reserved {
			for _, k := range fleet.Categories[1:] {
				for _, n := range src.Tenant {
					if n == k.ReservedFor {
						want++
					}
				}
			}
			if watch.served != want || want != 2058 {
				t.Errorf("%d requests of the three tenants are served by what is reserved, want all %d", watch.served, want)
			}
		}
	}
	if found[true] < found[false]+500 {
		t.Errorf("with pools reserved %d requests find all prepared, without %d", found[true], found[false])
	}
}

// Tenants have the numbers of the trace; one that does not occur has another, and a
// fleet that was made for another trace is refused.
func TestTenantNumbers(t *testing.T) {
	const text = "fleet: {categories: [{name: gpu, lead_time: 1m, tenants: [nobody, y, x]}]}\npolicy: {name: none}\n"
	tr := zonedTrace(t, []zonedRow{{1, 1, "gpu", "", "x"}, {2, 1, "gpu", "", "y"}})
	fleet, err := FleetFromConfig(parseConfig(t, text), tr)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint32{0, 3, 2, 1} {
		if got := fleet.Categories[i].ReservedFor; got != want {
			t.Errorf("%s is reserved for %d, want %d", fleet.Categories[i].Name, got, want)
		}
	}
	if _, err := Run(tr, fleet, policy.None{}, Options{}); err != nil {
		t.Error(err)
	}
	_, err = Run(zonedTrace(t, []zonedRow{{1, 1, "gpu", "", "y"}}), fleet, policy.None{}, Options{})
	if err == nil || !strings.Contains(err.Error(), "the fleet was made for another") {
		t.Error(err)
	}
	unnamed := zonedTrace(t, []zonedRow{{1, 1, "gpu", "", ""}})
	if fleet, err = FleetFromConfig(parseConfig(t, text), unnamed); err != nil {
		t.Fatal(err)
	}
	if r, err := Run(unnamed, fleet, policy.None{}, Options{}); err != nil || r.Misses != 1 {
		t.Errorf("%v: %+v", err, r)
	}
}
