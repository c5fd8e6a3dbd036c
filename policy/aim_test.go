package policy

import (
	"strings"
	"testing"
	"time"
)

// Two targets are an error that names both; a target that no pool can keep is
// one too.
func TestAimErrors(t *testing.T) {
	fleet := Fleet{Config: Config{Categories: []Category{{LeadTime: time.Minute}}}}
	for params, want := range map[string]string{
		"wait_p99=10s,miss_price=3": "wait_p99 and miss_price are two targets",
		"wait_mean=0s":              "allow some wait",
	} {
		specs, err := ParseSpecs("adaptive:" + params)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Build(specs[0], fleet); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", params, err, want)
		}
	}
}

// A request that finds nothing waits until as many launches under way have
// become warm as wait with it.
func TestTryoutWait(t *testing.T) {
	r := newTryout(0, int64(80*time.Second), int64(10*time.Second))
	n := len(r.Orders)
	r.Orders[(r.Head+2)%n][0], r.Ordered[(r.Head+2)%n] = 1, true
	r.Orders[(r.Head+5)%n][0], r.Ordered[(r.Head+5)%n] = 2, true
	for waiting, want := range []int{2, 5, 5, n} {
		r.Waiting[0] = int32(waiting)
		if got := r.wait(0); got != want {
			t.Errorf("behind %d others: %d steps, want %d", waiting, got, want)
		}
	}
	r.Waiting[0] = 1 // five steps less half a one
	for longest, want := range map[int64]float64{4: 1, 5: 0} {
		late := aim{longest: longest * r.Step}
		if got := late.cost(r, 0, nil); got != want {
			t.Errorf("a wait of 4.5 steps where %d are allowed costs %g", longest, got)
		}
	}
	mean, hits := aim{mean: true}, aim{}
	if got, want := mean.cost(r, 0, nil), 4.5/(float64(n)-0.5); got != want || hits.cost(r, 0, nil) != 1 {
		t.Errorf("of the mean it costs %g, want %g; of the hits %g", got, want, hits.cost(r, 0, nil))
	}
}
