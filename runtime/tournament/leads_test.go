package tournament

import (
	"math"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/sim"
)

// TestLearnedLeadTimesAreDrawnAsTheSimulatorDraws: with lead times that were learned, and
// the same seed, the worlds are again exactly the simulator's, which draws from the
// same samples: the n-th launch of a pool takes the same under all policies, here
// and there.
func TestLearnedLeadTimesAreDrawnAsTheSimulatorDraws(t *testing.T) {
	samples := []int64{}
	for i := range int64(100) {
		samples = append(samples, int64(20*time.Second)+i*i*int64(17*time.Millisecond))
	}
	law, err := sim.NewEmpirical("seen", samples)
	if err != nil {
		t.Fatal(err)
	}
	src, fleet := day(t, policy.NoIsolation, policy.Late, law)
	_, plain := day(t, policy.NoIsolation, policy.Late, sim.Constant(time.Minute))
	live := specs(t, "static:level=5")[0]
	var all []happening
	for _, h := range happened(t, src, plain, live) {
		if h.Event != "warm" { // so that nothing more is learned
			all = append(all, h)
		}
	}
	held, err := New(Options{Fleet: fleet.PolicyConfig(), Live: live, Contenders: specs(t, candidates), Seed: 7, Buffer: 20 * len(all)})
	if err != nil {
		t.Fatal(err)
	}
	held.mu.Lock()
	for i := range held.leads {
		for _, s := range samples {
			held.leads[i].learn(took{span: s})
		}
	}
	held.mu.Unlock()
	for i := range all {
		held.Observe(&all[i].Entry)
	}
	held.Close()
	for _, c := range held.all {
		sizer, err := policy.Build(c.spec, policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			t.Fatal(err)
		}
		want, err := sim.Run(src, fleet, sizer, sim.Options{Seed: 7})
		if err != nil {
			t.Fatal(err)
		}
		same(t, c.spec.String(), want, c.books)
	}
}

// Only the latest launches count, and those that failed in their share.
func TestRecentLeadTimes(t *testing.T) {
	l := newLeads(&policy.Category{Name: "one", LeadTime: time.Minute}, 1)
	if got := l.launch(0); got != (took{span: int64(time.Minute)}) {
		t.Errorf("before anything is known %+v", got)
	}
	for i := range 3 * mostRecent {
		l.learn(took{span: int64(i/mostRecent+1) * 1e9, failed: i%4 == 0})
	}
	if len(l.took) != mostRecent || len(l.sorted) != mostRecent*3/4 || l.failed != mostRecent/4 || l.sorted[0] != 3e9 {
		t.Errorf("%d kept, %d of them warm from %d ns on, %d failed", len(l.took), len(l.sorted), l.sorted[0], l.failed)
	}
	failed := 0
	for j := range uint64(10_000) {
		once := l.launch(j)
		if again := l.launch(j); again != once {
			t.Fatal("a launch takes now this long and now that")
		}
		if once.failed {
			failed++
		}
	}
	if math.Abs(float64(failed)/10_000-0.25) > 0.02 {
		t.Errorf("%d of 10,000 fail", failed)
	}
}
