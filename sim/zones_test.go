package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"shadowpool/policy"
	"shadowpool/trace"
)

// zonedRow is a request of some seconds.
type zonedRow struct {
	at, lasts      int64 // s
	category, zone string
	tenant         string
}

func zonedTrace(t *testing.T, rows []zonedRow) *trace.Trace {
	t.Helper()
	b := trace.NewBuilder()
	for _, r := range rows {
		err := b.Add(trace.Record{
			Arrival: r.at * 1e9, Duration: r.lasts * 1e9, Category: r.category, Zone: r.zone, Tenant: r.tenant,
			Announced: trace.NoTime, Wait: trace.NoTime,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	tr, err := b.Build("t", false)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// runZoned replays a trace on a fleet as its file says.
func runZoned(t *testing.T, text string, tr *trace.Trace, opt Options) (*Result, Fleet) {
	t.Helper()
	f := parseConfig(t, text)
	fleet, err := FleetFromConfig(f, tr)
	if err != nil {
		t.Fatal(err)
	}
	sizer, err := policy.Build(f.PolicySpec(), policy.Fleet{Config: fleet.PolicyConfig()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(tr, fleet, sizer, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r, fleet
}

// One instance is warm in each of two zones, a launch takes a minute, and two
// requests come a second apart.
func TestTwoZones(t *testing.T) {
	const text = `
fleet:
  isolation: none
  categories: [{name: gpu, lead_time: 60s, zones: [eu-a, {name: eu-b, prices: {on_demand: 0.5}}]%s}]
policy: {name: static, level: 1}
`
	for _, c := range []struct {
		name, cross   string
		first, second string // zones that they name
		hits, partial int64
		wait          float64 // s, of the second
		launches      [2]int  // by pool
	}{
		{"one each", "", "eu-a", "eu-b", 2, 0, 0, [2]int{2, 2}},
		{"both in one", "", "eu-a", "eu-a", 1, 1, 59, [2]int{3, 1}}, // served by what the first caused
		{"the other may serve", ", cross_zone: 5s", "eu-a", "eu-a", 1, 1, 5, [2]int{2, 2}},
		{"the other serves as it is", ", cross_zone: 0s", "eu-a", "eu-a", 2, 0, 0, [2]int{2, 2}},
		{"anywhere", "", "", "", 2, 0, 0, [2]int{2, 2}},
		{"anywhere takes the cheaper", "", "", "eu-b", 1, 1, 59, [2]int{1, 3}},
		{"anywhere after the cheaper", "", "eu-b", "", 2, 0, 0, [2]int{2, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := zonedTrace(t, []zonedRow{{100, 10, "gpu", c.first, ""}, {101, 10, "gpu", c.second, ""}})
			var launches [2]int
			log := policy.NewLog(func(all []policy.Record) error {
				for _, r := range all {
					if r.Action == policy.Launched {
						launches[r.Pool]++
					}
				}
				return nil
			})
			r, fleet := runZoned(t, fmt.Sprintf(text, c.cross), tr, Options{StartWarm: true, Log: log})
			if fleet.Categories[0].Name != "gpu@eu-a" || fleet.Categories[1].Name != "gpu@eu-b" {
				t.Fatalf("%+v", fleet.Categories)
			}
			if r.Hits != c.hits || r.PartialHits != c.partial || r.WaitS.Max != c.wait {
				t.Errorf("%d hits, %d partial hits, %v s at most; want %d, %d, %v s", r.Hits, r.PartialHits, r.WaitS.Max, c.hits, c.partial, c.wait)
			}
			if launches != c.launches {
				t.Errorf("launches by zone %v, want %v", launches, c.launches)
			}
		})
	}
}

// A category that lists no zones serves them all, and a trace that knows none
// is served in the zone of least price.
func TestZonesThatDoNotMatter(t *testing.T) {
	tr := zonedTrace(t, []zonedRow{{100, 10, "cpu", "eu-a", ""}, {101, 10, "cpu", "mars", ""}})
	r, _ := runZoned(t, "fleet: {isolation: none, categories: [{name: cpu, lead_time: 1m}]}\npolicy: {name: static, level: 2}\n", tr, Options{StartWarm: true})
	if r.Hits != 2 {
		t.Errorf("%d hits", r.Hits)
	}
	tr = zonedTrace(t, []zonedRow{{100, 10, "", "", ""}, {101, 10, "", "", ""}})
	r, fleet := runZoned(t, "fleet: {isolation: none, categories: [{name: cpu, lead_time: 1m, zones: [a, {name: b, prices: {on_demand: 0.5}}]}]}\npolicy: {name: none}\n", tr, Options{})
	if r.Misses != 2 || !fleet.Pooled || math.Abs(r.CostUSD.Total-0.5/3600) > 1e-12 { // costs count until the last arrival
		t.Errorf("%d misses for %v $", r.Misses, r.CostUSD.Total)
	}
}

func TestUnknownZones(t *testing.T) {
	tr := zonedTrace(t, []zonedRow{{1, 1, "gpu", "eu-a", ""}, {2, 1, "cpu", "eu-d2", ""}, {3, 1, "gpu", "eu-d2", ""}, {4, 1, "gpu", "us", ""}})
	f := parseConfig(t, "fleet: {default: {lead_time: 1m}, categories: [{name: gpu, zones: [eu-a, eu-d]}]}\npolicy: {name: none}\n")
	_, err := FleetFromConfig(f, tr)
	const want = `pool.yaml: trace t has 2 requests in a zone that their category is not in, the first of them in row 2: category "gpu" is not in zone "eu-d2" (did you mean eu-d?); it is in eu-a, eu-d`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
	fleet, err := FleetFromConfig(f, zonedTrace(t, []zonedRow{{1, 1, "gpu", "eu-a", ""}}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Run(tr, fleet, policy.None{}, Options{}) // a fleet that was made for another trace
	if err == nil || !strings.Contains(err.Error(), "row 1 asks for category \"cpu\"") {
		t.Error(err)
	}
}

// No request is ever served outside of its zone where cross_zone is absent, and
// where it is, not at once.
func TestServedInTheirZones(t *testing.T) {
	zones := []string{"", "a", "b", "c"}
	crossed := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 5))
		var rows []zonedRow
		at := int64(0)
		for range 400 {
			at += rng.Int64N(20)
			category := []string{"gpu", "big"}[rng.IntN(2)]
			zone := zones[rng.IntN(3+rng.IntN(2))]
			if category == "big" && zone == "a" {
				zone = "b"
			}
			rows = append(rows, zonedRow{at, rng.Int64N(200), category, zone, fmt.Sprint(rng.IntN(3))})
		}
		tr := zonedTrace(t, rows)
		pick := func(of ...string) string { return of[rng.IntN(len(of))] }
		crosses := seed%3 == 0
		cross := ""
		if crosses {
			cross = "cross_zone: 3s"
		}
		text := fmt.Sprintf(`
fleet:
  isolation: %s
  binding: %s
  default: {lead_time: "lognormal:median=40s,p99=90s", reuse: %s, limits: {max_instances: 6}}
  categories:
    - name: gpu
      zones: [a, {name: b, prices: {on_demand: 0.5}}, {name: c, lead_time: 20s}]
      compatible: [{category: big, adapt: %s}]
      %s
    - name: big
      zones: [c, b]
      layers: [%s]
policy: {%s}
`, pick("none", "tenant"), pick("late", "early"), pick("single-use", "reusable"), pick("0s", "7s"), cross,
			pick("", "{name: bare, adapt: 10s, memory: 0.3}"),
			pick("name: static, level: 2", "name: none", "name: adaptive, hit_rate: 0.9", "name: layered, price: 1", "name: keepalive, ttl: 1m"))
		var fleet Fleet
		lives := map[policy.InstanceID]string{}
		log := policy.NewLog(func(all []policy.Record) error {
			for _, r := range all {
				switch r.Action {
				case policy.Launched:
					lives[r.Instance] = zoneOfPool(&fleet, r.Pool)
				case policy.Moved:
					if to := zoneOfPool(&fleet, r.Pool); to != lives[r.Instance] {
						t.Errorf("seed %d: an instance in zone %s is moved to %s", seed, lives[r.Instance], fleet.Categories[r.Pool].Name)
					}
				case policy.Assigned:
					asked := rows[r.Request].zone
					if asked == "" || asked == lives[r.Instance] {
						continue
					}
					if crossed++; !crosses || r.Outcome != policy.PartialHit {
						t.Errorf("seed %d: request %d of zone %s is a %v in zone %s", seed, r.Request, asked, r.Outcome, lives[r.Instance])
					}
				}
			}
			return nil
		})
		f := parseConfig(t, text)
		var err error
		if fleet, err = FleetFromConfig(f, tr); err != nil {
			t.Fatal(err)
		}
		sizer, err := policy.Build(f.PolicySpec(), policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Run(tr, fleet, sizer, Options{Seed: seed, Log: log}); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
	}
	if crossed < 100 {
		t.Errorf("only %d requests were served from other zones", crossed)
	}
}

// What comes late from another zone is no hit, and adaptive has to know: it kept 78 %
// in place of 95 % when it took those for hits that did not wait in a queue.
func TestAdaptiveKeepsItsTargetAcrossZones(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	var rows []zonedRow
	for at := 0.0; at < 48*3600; at += rng.ExpFloat64() * 20 {
		zone := []string{"a", "a", "a", "b", "b", "c", ""}[rng.IntN(7)]
		rows = append(rows, zonedRow{int64(at), int64(rng.ExpFloat64() * 120), "gpu", zone, ""})
	}
	tr := zonedTrace(t, rows)
	r, _ := runZoned(t, `
fleet:
  isolation: none
  categories: [{name: gpu, lead_time: "lognormal:median=25s,p99=60s", zones: [a, b, c], cross_zone: 5s}]
policy: {name: adaptive, hit_rate: 0.95}
`, tr, Options{MeasureFrom: 12 * 3600e9})
	if r.HitRate < 0.94 || r.HitRate > 0.965 {
		t.Errorf("%.4f of the requests hit, with %d partial hits", r.HitRate, r.PartialHits)
	}
}

// zoneOfPool is where the instances of a pool live, those of a layer too.
func zoneOfPool(f *Fleet, p policy.PoolID) string {
	_, zone, _ := strings.Cut(f.Categories[p].Name, "@")
	return zone
}
