package sim

import (
	"math"
	"testing"
	"time"

	"shadowpool/policy"
)

// Launches that fail are counted, wasted and made up for: every request is
// served, and a policy without a pool waits longer by the launches in vain.
func TestFailingLaunches(t *testing.T) {
	src := poissonArrivals(2, 20_000, 0.02, exponential(30*time.Second))
	law := Lognormal{Median: 20 * time.Second, P99: 20 * time.Second, Fail: 0.1}
	r, err := Run(src, oneCategory(false, law), policy.NewStatic([]int32{1}), Options{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests != int64(src.Len()) {
		t.Errorf("%d requests are served of %d", r.Requests, src.Len())
	}
	share := float64(r.FailedLaunches) / float64(r.Launches)
	if math.Abs(share-0.1) > 0.01 {
		t.Errorf("a share of %.4f of launches failed, want 0.1", share)
	}
	// Each in vain costs 20 s of launching, and is waste beside what is idle.
	if got, want := r.InstanceS.Waste-r.InstanceS.Idle, 20*float64(r.FailedLaunches); math.Abs(got/want-1) > 0.01 {
		t.Errorf("%.0f s of launching were in vain, want %.0f", got, want)
	}
	if most := float64(r.Launches) * 20; math.Abs(r.InstanceS.Launching/most-1) > 0.01 {
		t.Errorf("%.0f s of launching, want %.0f", r.InstanceS.Launching, most)
	}
	whole, err := Run(src, oneCategory(false, Constant(20*time.Second)), policy.NewStatic([]int32{1}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.HitRate >= whole.HitRate || r.WaitS.Mean <= whole.WaitS.Mean {
		t.Errorf("hit rate %.3f, mean wait %.2f s with failures; %.3f and %.2f s without", r.HitRate, r.WaitS.Mean, whole.HitRate, whole.WaitS.Mean)
	}
	// The same launches fail whatever the policy.
	a, b := newLeads(Category{Lead: law}, Provider{}, 5), newLeads(Category{Lead: law}, Provider{}, 5)
	for j := range int64(1000) {
		_, one := a.launch(j)
		if _, two := b.launch(1e18 - j); one != two {
			t.Fatalf("launch %d fails in one run only", j)
		}
	}
	bound, err := Oracle(src, oneCategory(false, law), Options{Seed: 5})
	if err != nil || bound.FailedLaunches != 0 || bound.Hits != bound.Requests {
		t.Errorf("the oracle orders launches that fail: %+v, %v", bound, err)
	}
}
