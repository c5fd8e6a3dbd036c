package sim

import (
	"math"
	"testing"
	"time"

	"shadowpool/policy"
)

// Worked by hand: lead 10 s. Releases at 5, 9 and 40; arrivals at 0, 4, 12, 33
// with durations 5, 5, 1, 7. The arrival at 12 takes the one released at 9 (a
// gap of 3 s); that at 33 finds gaps of 28 and 20 s and starts anew.
func TestOracleByHand(t *testing.T) {
	src := requests([2]int64{0, 5}, [2]int64{4, 5}, [2]int64{12, 1}, [2]int64{33, 7})
	reuse, err := Oracle(src, oneCategory(true, Constant(10*time.Second)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if reuse.Hits != 4 || reuse.InstanceS.Idle != 3 || reuse.WaitS.Max != 0 || reuse.Implementable {
		t.Errorf("reusable: %+v", reuse)
	}
	// In the measured span 0..33: the launch for 33, ordered at 23, and the last
	// 4 s of the one for 4.
	if reuse.Launches != 1 || reuse.InstanceS.Launching != 14 {
		t.Errorf("reusable: %d launches, %v s launching", reuse.Launches, reuse.InstanceS.Launching)
	}
	single, err := Oracle(src, oneCategory(false, Constant(10*time.Second)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if single.Hits != 4 || single.InstanceS.Waste != 0 || single.PeakInstances != 3 {
		t.Errorf("single-use: %+v", single)
	}
}

// No policy is better than the bound in both service and cost.
func TestOracleBounds(t *testing.T) {
	src := poissonArrivals(1, 4000, 0.1, exponential(30*time.Second))
	for _, isReusable := range []bool{false, true} {
		fleet := oneCategory(isReusable, Constant(20*time.Second))
		bound, err := Oracle(src, fleet, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, sizer := range []policy.Sizer{policy.None{}, policy.NewStatic([]int32{4}), policy.NewKeepAlive(time.Minute), policy.NewKeepAlive(time.Hour)} {
			r, err := Run(src, fleet, sizer, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Hits > bound.Hits || r.CostUSD.Total < bound.CostUSD.Total*0.99 {
				t.Errorf("reusable=%v: %T has %d hits at $%.2f, the bound %d at $%.2f", isReusable, sizer, r.Hits, r.CostUSD.Total, bound.Hits, bound.CostUSD.Total)
			}
		}
	}
}

// On homogeneous Poisson there is nothing to see: no setting of hindsight-rate
// lies below the convex hull of static by more than the noise.
func TestHindsightSeesNothingInPoisson(t *testing.T) {
	src := poissonArrivals(5, 40000, 0.05, exponential(30*time.Second))
	fleet := oneCategory(false, Constant(100*time.Second))
	type point struct{ hit, waste float64 }
	var static []point
	for level := range int32(25) {
		r, err := Run(src, fleet, policy.NewStatic([]int32{level}), Options{})
		if err != nil {
			t.Fatal(err)
		}
		static = append(static, point{r.HitRate, r.InstanceS.Waste})
	}
	family := References(src, fleet)[0]
	for _, q := range []string{"0.3", "0.6", "0.8", "0.9", "0.97", "0.99", "0.999"} {
		spec := policy.Spec{Name: family.Name, Params: []policy.Setting{{Key: "quantile", Value: q}, {Key: "dispersion", Value: "0"}}}
		sizer, err := family.Sizer(spec, policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(src, fleet, sizer, Options{})
		if err != nil {
			t.Fatal(err)
		}
		hull := math.Inf(1)
		for i := 1; i < len(static); i++ {
			a, b := static[i-1], static[i]
			if a.hit <= r.HitRate && r.HitRate <= b.hit {
				hull = a.waste + (b.waste-a.waste)*(r.HitRate-a.hit)/(b.hit-a.hit)
			}
		}
		if r.InstanceS.Waste < hull*0.97 {
			t.Errorf("quantile %s: hit rate %.4f at %.0f s of waste; static needs %.0f", q, r.HitRate, r.InstanceS.Waste, hull)
		}
	}
}
