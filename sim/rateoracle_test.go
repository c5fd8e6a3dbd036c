package sim

import (
	"math"
	"strings"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

// servicePoint is what one setting of a policy reached.
type servicePoint struct{ hit, waste float64 }

// swept runs a policy at each value of its knob.
func swept(t *testing.T, src trace.Source, fleet Fleet, name, knob string, values ...string) []servicePoint {
	t.Helper()
	family, err := policy.Find(name, References(src, fleet)...)
	if err != nil {
		t.Fatal(err)
	}
	var points []servicePoint
	for _, v := range values {
		spec := policy.Spec{Name: name, Params: []policy.Setting{{Key: knob, Value: v}}}
		sizer, err := family.Sizer(spec, policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(src, fleet, sizer, Options{})
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, servicePoint{r.HitRate, r.InstanceS.Waste})
	}
	return points
}

// wasteAt is the waste at a hit rate between two settings; infinite outside.
func wasteAt(points []servicePoint, hit float64) float64 {
	least := math.Inf(1)
	for _, a := range points {
		for _, b := range points {
			if a.hit <= hit && hit <= b.hit && a.hit < b.hit {
				least = min(least, a.waste+(b.waste-a.waste)*(hit-a.hit)/(b.hit-a.hit))
			}
		}
	}
	return least
}

func generate(t *testing.T, w trace.Workload) (trace.Source, Fleet) {
	t.Helper()
	src, err := w.Draw(1)
	if err != nil {
		t.Fatal(err)
	}
	return src, Fleet{
		Pooled:     true,
		Categories: []Category{{Category: policy.Category{Name: "all"}, Lead: Constant(2 * time.Minute), Price: 1}},
	}
}

var brief = trace.Lognormal{Mid: time.Minute, P99: 5 * time.Minute}

// At a constant rate there is nothing to know: every setting lies on static's
// curve.
func TestRateOracleKnowsNothingOfPoisson(t *testing.T) {
	src, fleet := generate(t, trace.Workload{
		Name: "steady", Start: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Span: 48 * time.Hour,
		Tasks: []trace.Task{{Name: "a", PerDay: 3600, Categories: 3, Skew: 1, Duration: brief}},
	})
	static := swept(t, src, fleet, "static", "level", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14")
	for i, p := range swept(t, src, fleet, "rate-oracle", "quantile", "0.5", "0.8", "0.95", "0.99") {
		want := wasteAt(static, p.hit)
		if math.Abs(p.waste-want) > 0.01*want {
			t.Errorf("setting %d: %.0f s of waste for a hit rate of %.4f, static needs %.0f", i, p.waste, p.hit, want)
		}
	}
}

// Where the rate varies much, those who have to learn it need more.
func TestRateOracleIsTheBound(t *testing.T) {
	src, fleet := generate(t, trace.Workload{
		Name: "varying", Start: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Span: 96 * time.Hour,
		Tasks: []trace.Task{{
			Name: "a", PerDay: 2000, Categories: 1, Duration: brief,
			Day:    []float64{0, 0, 0, 20, 1, 1, 10, 1, 0, 0, 30, 1, 1, 1, 15, 0, 0, 0, 8, 1, 25, 0, 1, 0},
			Bursts: []trace.Burst{{PerWeek: 100, Size: 25, Spread: 3 * time.Minute}},
		}},
	})
	quantiles := []string{"0.5", "0.8", "0.9", "0.97", "0.99", "0.997", "0.999"}
	bound := swept(t, src, fleet, "rate-oracle", "quantile", "0.6", "0.7", "0.8", "0.85", "0.9", "0.93", "0.95", "0.97", "0.98", "0.99", "0.995", "0.999")
	for name, knob := range map[string]string{
		"static": "level", "ewma": "quantile", "fourier": "quantile", "nhpp": "target", "ssa-saa": "weight", "adaptive": "hit_rate",
	} {
		values := quantiles
		if name == "static" {
			values = []string{"2", "5", "10", "20", "40"}
		}
		for _, p := range swept(t, src, fleet, name, knob, values...) {
			if p.hit < bound[0].hit || p.hit > bound[len(bound)-1].hit {
				continue
			}
			if least := wasteAt(bound, p.hit); p.waste < least {
				t.Errorf("%s: a hit rate of %.4f with %.0f s of waste; with the true rate it takes %.0f", name, p.hit, p.waste, least)
			}
		}
	}
}

// A trace whose truth is not known is refused by name, with a way out.
func TestRateOracleNeedsATruth(t *testing.T) {
	src := poissonArrivals(1, 100, 1, exponential(time.Second))
	fleet := oneCategory(false, Constant(time.Minute))
	family, err := policy.Find("rate-oracle", References(src, fleet)...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = family.Sizer(policy.Spec{Name: "rate-oracle"}, policy.Fleet{Config: fleet.PolicyConfig()})
	if err == nil || !strings.Contains(err.Error(), src.Summary().Name) || !strings.Contains(err.Error(), "hindsight-rate") {
		t.Errorf("the error is %v", err)
	}
}
