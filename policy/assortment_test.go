package policy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"shadowpool/forecast"
)

// randomAssortment has targets of random demand and worth.
func randomAssortment(r *rand.Rand, n int) *assortment {
	m := newAssortment(15, 60)
	scratch := []float64{}
	for i := range n {
		j := m.room()
		m.Targets[j] = targetDemand{Target: dataset(uint32(i + 1)), Arrivals: m.model.New(0), Saves: 1 + 30*r.Float64(), Takes: 20}
		m.find[m.Targets[j].Target] = j
		scratch = m.Targets[j].size(forecast.NegBinomial{Mean: 3 * r.Float64() * r.Float64(), Dispersion: r.Float64()}, scratch)
	}
	m.sort()
	return m
}

// However many are held of each, the best target is the one whose next instance
// saves most, and instances that are placed one by one are the best as many.
func TestBestTargetIsThatOfTheGreatestGain(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		m := randomAssortment(r, 1+r.IntN(40))
		for range 200 {
			d := &m.Targets[r.IntN(len(m.Targets))]
			m.hold(d.Target, int32(r.IntN(6)))
			want := 0.0
			for i := range m.Targets {
				want = max(want, m.Targets[i].gain(m.Targets[i].Held))
			}
			if to, got := m.best(); got != want {
				t.Fatalf("best is %v, which saves %v, but %v could be saved", to, got, want)
			}
		}
		for i := range m.Targets {
			m.hold(m.Targets[i].Target, 0)
		}
		sum := 0.0
		for k := range int32(30) {
			if saved := m.saved(k); math.Abs(saved-sum) > 1e-9 {
				t.Fatalf("the best %d save %v, placed one by one %v", k, saved, sum)
			}
			to, gain := m.best()
			sum += gain
			if gain > 0 {
				m.hold(to, m.Targets[m.find[to]].Held+1)
			}
		}
		if !slices.IsSortedFunc(m.gains, func(a, b float64) int {
			if a > b {
				return -1
			}
			return 1
		}) {
			t.Fatal("gains do not descend")
		}
	}
}

// With as many instances as are worth anything next to nothing is missing;
// with none, all that is needed.
func TestMissingIsWhatIsNotSaved(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	m := randomAssortment(r, 20)
	mean := m.needed / m.usual
	if got := m.missing(0); got != mean {
		t.Errorf("with none, %v is missing of %v", got, mean)
	}
	if got := m.missing(1 << 20); got > 1e-3*mean {
		t.Errorf("with all, %v is missing of %v", got, mean)
	}
	for k := range int32(50) {
		if m.missing(k+1) > m.missing(k) {
			t.Fatalf("more is missing with %d than with %d", k+1, k)
		}
	}
}

// The table of targets is bounded: the least usual makes room.
func TestAssortmentIsBounded(t *testing.T) {
	m := newAssortment(15, 60)
	now := forecast.Clock{}
	var scratch []float64
	for step := range int64(4000) {
		m.arrive(step, dataset(uint32(step+100)), 20, 20) // each once
		m.arrive(step, dataset(7), 20, 20)
		scratch = m.tick(step, now, now, scratch)
	}
	if len(m.Targets) != mostTargets || len(m.find) != mostTargets {
		t.Errorf("%d targets, %d found", len(m.Targets), len(m.find))
	}
	if to, _ := m.best(); to != dataset(7) {
		t.Errorf("the usual target has been lost: best is %v", to)
	}
}

// A pool with one usual dataset prepares for it: most requests hit.
func TestAdaptivePreparesForWhatIsUsual(t *testing.T) {
	config := stagedFleet(true)
	sizer, err := Build(Spec{Name: "adaptive", Params: []Setting{{"wait_price", "100"}}}, Fleet{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	host := &bench{prepared: map[InstanceID]Target{}}
	c, err := New(config, sizer, host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	for i := range int64(200) {
		at := i * int64(time.Minute)
		fire(c, at)
		c.Arrive(at, Request{ID: RequestID(i), Dataset: 7})
		for _, id := range host.launched {
			c.Warm(at, id)
		}
		host.launched = host.launched[:0]
	}
	if n := c.Held(0, dataset(7)); n == 0 {
		t.Error("nothing is prepared for the only dataset")
	}
	if n := c.Held(0, dataset(8)); n != 0 {
		t.Errorf("%d are prepared for what was never asked for", n)
	}
}
