package sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
)

// A maximum age costs launches, not hits: a constant level under Poisson
// arrivals hits as often with it as without, as successors come in time.
func TestMaximumAgeKeepsTheHitRate(t *testing.T) {
	src := poissonArrivals(5, 20000, 0.01, exponential(time.Minute))
	run := func(l policy.Lifecycle) *Result {
		fleet := oneCategory(false, Constant(2*time.Minute))
		fleet.Categories[0].Lifecycle = l
		r, err := Run(src, fleet, policy.NewStatic([]int32{4}), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	forever := run(policy.Lifecycle{})
	aged := run(policy.Lifecycle{MaxAge: 10 * time.Minute, MinRemaining: time.Minute})
	if aged.HitRate < forever.HitRate-0.001 {
		t.Errorf("hit rate %.4f with a maximum age, %.4f without", aged.HitRate, forever.HitRate)
	}
	if aged.Launches <= forever.Launches {
		t.Errorf("%d launches with a maximum age, %d without", aged.Launches, forever.Launches)
	}
	// What never reaches its limit decides nothing: the same bytes.
	if far := run(policy.Lifecycle{MaxAge: 10 * 365 * 24 * time.Hour}); !cmp.Equal(far, forever) {
		t.Errorf("%+v with a limit that is never reached, %+v without", far, forever)
	}
}
