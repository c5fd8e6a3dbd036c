package sim

import (
	"testing"
	"time"

	"shadowpool/policy"
)

// What couples pools is found, and said.
func TestCouplings(t *testing.T) {
	one := policy.PoolID(1)
	for by, c := range map[string]struct {
		spec   string
		change func(*Fleet)
		groups int
	}{
		"": {"static:level=1", func(*Fleet) {}, 4},
		"the policy, which decides by what happens to all of them": {"adaptive", func(*Fleet) {}, 1},
		"the budget of 20 $/h":                          {"static:level=1", func(f *Fleet) { f.Budget = 20 }, 1},
		"the provider's 2 launches per second":          {"static:level=1", func(f *Fleet) { f.Provider.LaunchesPerSecond, f.Provider.Burst = 2, 5 }, 1},
		"the provider's quota of 7 instances on demand": {"static:level=1", func(f *Fleet) { f.Provider.Quota.OnDemand = 7 }, 1},
		"the provider's quota of 7 instances on spot": {"static:level=1", func(f *Fleet) {
			f.Provider.Quota.Spot = 7
			for _, i := range []int{0, 3} {
				f.Categories[i].Spot, f.Categories[i].Market = &policy.SpotTerms{}, &Market{}
			}
		}, 3},
		"the maximum age, a tenth of which is drawn by the number that an instance has in the fleet": {"static:level=1", func(f *Fleet) { f.Categories[2].MaxAge = time.Hour }, 1},
		"warm instances of the second, which may serve requests of the first": {"static:level=1", func(f *Fleet) {
			f.Categories[2].Compatible = []policy.Compatible{{Pool: 0, Adapt: time.Second, To: &one}}
		}, 2},
		"the layer in which idle instances may be held": {"layered", func(f *Fleet) {
			layer := []policy.Layer{{Name: "bare", Adapt: time.Second, Memory: 0.5}}
			if err := f.AddLayers([][]policy.Layer{layer, nil, nil, layer}); err != nil {
				t.Fatal(err)
			}
		}, 3},
	} {
		fleet := Fleet{Tick: policy.DefaultTick}
		for _, name := range []string{"a", "b", "c", "d"} {
			fleet.Categories = append(fleet.Categories, Category{Category: policy.Category{Name: name, Reusable: true}, Lead: Constant(2 * time.Second), Price: 1})
		}
		c.change(&fleet)
		couplings := Couple(&fleet, build(t, c.spec, fleet))
		if got := len(Groups(&fleet, couplings)); got != c.groups {
			t.Errorf("%q: %d groups, want %d", by, got, c.groups)
		}
		if by != "" && (len(couplings) == 0 || couplings[0].By != by) || by == "" && couplings != nil {
			t.Errorf("coupled by %+v, want %q", couplings, by)
		}
	}
}
