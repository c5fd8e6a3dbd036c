package runtime_test

import (
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
)

// One instance is warm in each zone: the second claim of a zone is served by the
// other's where the file allows it, a claim without a zone by whatever is idle,
// and one of a zone that may not cross waits for a launch.
func TestZones(t *testing.T) {
	file, err := config.Parse("pool.yaml", []byte(`
fleet:
  isolation: none
  categories:
    - {name: gpu, lead_time: 1s, reuse: reusable, zones: [eu-a, eu-b], cross_zone: 5s}
    - {name: cpu, lead_time: 1s, zones: [eu-a, {name: eu-b, prices: {on_demand: 0.5}}]}
policy: {name: static, level: 1}
`))
	if err != nil {
		t.Fatal(err)
	}
	zoned := func(o *runtime.Options) {
		o.Fleet, o.Places = file.PolicyConfig(), config.PlacesOf(file.Fleet.Pools())
	}
	onBench(t, "static:level=1", zoned, func(t *testing.T, b *bench) {
		time.Sleep(second)
		for _, c := range []struct {
			category, zone, served string
			outcome                policy.Outcome
			wait                   time.Duration
		}{
			{"gpu", "eu-a", "eu-a", policy.Hit, 0},
			{"gpu", "eu-a", "eu-b", policy.PartialHit, 0}, // what it takes to cross shows with the client
			{"cpu", "", "eu-b", policy.Hit, 0},
			{"cpu", "", "eu-a", policy.Hit, 0},
			{"cpu", "eu-a", "eu-a", policy.PartialHit, second / 2},
		} {
			time.Sleep(second / 2)
			g, err := b.Claim(t.Context(), runtime.Request{Category: c.category, Zone: c.zone})
			if err != nil {
				t.Fatal(err)
			}
			if g.Category != c.category || g.Zone != c.served || g.Outcome != c.outcome || g.Wait.Round(time.Millisecond) != c.wait {
				t.Errorf("%s in %q gets %+v", c.category, c.zone, g)
			}
		}
		s := b.status(t)
		if p := s.Pools[1]; p.Category != "gpu@eu-b" || p.InUse != 1 {
			t.Errorf("%+v", p)
		}
	})
}
