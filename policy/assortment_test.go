package policy

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"shadowpool/forecast"
)

// mixOf is an assortment of stages whose waits count, at a lead time of a minute.
func mixOf(stages []Stage) *assortment {
	return newAssortment(terms{times: &StageTimes{}, configured: newLateness(stages), aim: &aim{waits: true}, tickSeconds: 15, lead: 60, span: 60})
}

// randomAssortment has keys of random demand, of a stage by dataset and one by
// dataset and task type.
func randomAssortment(r *rand.Rand, datasets, tasks int) *assortment {
	m := mixOf(stagedFleet(false).Categories[0].Stages)
	for d := range datasets {
		for t := range tasks {
			m.arrive(0, Target{Dataset: uint32(d + 1), TaskType: uint32(t + 1)}, 0)
		}
	}
	means := map[uint32]float64{}
	whole, parts := &m.Stages[0], &m.Stages[1]
	for i := range parts.Keys {
		k := &parts.Keys[i]
		mean := 3 * r.Float64() * r.Float64() / float64(tasks)
		means[k.Key.Dataset] += mean
		parts.size(k, forecast.NegBinomial{Mean: mean})
	}
	for i := range whole.Keys {
		k := &whole.Keys[i]
		whole.size(k, forecast.NegBinomial{Mean: means[k.Key.Dataset]})
	}
	whole.sum()
	parts.sum()
	m.sum()
	m.best.stale = true
	return m
}

// However many are held of each, the best target is the one whose next instance
// saves most, stage by stage.
func TestBestTargetIsThatOfTheGreatestGain(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		m := randomAssortment(r, 1+r.IntN(20), 1+r.IntN(3))
		held := map[Target]int32{}
		for range 100 {
			to := m.Targets[r.IntN(len(m.Targets))].Target
			held[to] = int32(r.IntN(4))
			m.hold(to, held[to])
			want := 0.0
			for i := range m.Targets {
				of := m.Targets[i].Target
				gain := 0.0
				for j, stage := range m.stages {
					n := int32(0)
					for other, k := range held {
						if stage.Agrees(other, of) {
							n += k
						}
					}
					s := &m.Stages[j]
					gain += stage.Takes.Seconds() * s.Keys[s.find[Target{}.With(stage.Of, of)]].chance(n)
				}
				want = max(want, gain)
			}
			if to, got := m.next(); math.Abs(got-want) > 1e-9 {
				t.Fatalf("best is %v, which saves %v, but %v could be saved", to, got, want)
			}
		}
	}
}

// Instances that are placed one by one where they save most save about as much
// as is foreseen for as many; with one stage exactly.
func TestSavedIsWhatTheBestSave(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, tasks := range []int{1, 3} {
		m := randomAssortment(r, 12, tasks)
		sum := 0.0
		for k := range int32(30) {
			if saved := m.savings.best(k); sum > 1.01*saved+1e-9 || sum < 0.9*saved {
				t.Errorf("%d task types: the best %d save %v, placed one by one %v", tasks, k, saved, sum)
			}
			to, gain := m.next()
			sum += gain
			if gain > 0 {
				m.hold(to, m.Targets[m.find[to]].Held+1)
			}
		}
		if got, want := m.missing(0), m.needed/m.usual; math.Abs(got-want) > 1e-9 {
			t.Errorf("with none, %v is missing of %v", got, want)
		}
		if got := m.missing(1 << 20); got > 1e-3 {
			t.Errorf("with all, %v s are missing", got)
		}
	}
}

// The tables are bounded: what was asked for least makes room, and takes what
// is held for it along.
func TestAssortmentIsBounded(t *testing.T) {
	m := mixOf(stagedFleet(false).Categories[0].Stages)
	now := forecast.Clock{}
	for step := range int64(4000) {
		other := Target{Dataset: uint32(step + 100), TaskType: 1}
		m.arrive(step, other, 0) // each once
		m.hold(other, 1)
		m.arrive(step, Target{Dataset: 7, TaskType: 1}, 0)
		m.tick(step, now, now)
	}
	if len(m.Targets) != mostTargets || len(m.find) != mostTargets {
		t.Errorf("%d targets, %d found", len(m.Targets), len(m.find))
	}
	for j := range m.Stages {
		if n := len(m.Stages[j].Keys); n != mostTargets {
			t.Errorf("%d keys", n)
		}
	}
	if to, _ := m.next(); to.Dataset != 7 {
		t.Errorf("the usual target has been lost: best is %v", to)
	}
}

// An assortment that is restored goes on as the one that was kept.
func TestAssortmentGoesOn(t *testing.T) {
	stages := stagedFleet(false).Categories[0].Stages
	for _, datasets := range []uint32{20, 2 * mostTargets} {
		r := rand.New(rand.NewPCG(15, uint64(datasets)))
		m := mixOf(stages)
		var again *assortment
		for step := range int64(1500) {
			both := []*assortment{m, again}[:1]
			if again != nil {
				both = []*assortment{m, again}
			}
			for range r.IntN(4) {
				to := Target{Dataset: 1 + uint32(float64(datasets)*r.Float64()*r.Float64()), TaskType: 1 + uint32(r.IntN(2))}
				held := int32(r.IntN(3))
				for _, m := range both {
					m.arrive(step, to, 0)
					m.hold(to, held)
				}
			}
			now := forecast.Clock{Quarter: step / 60}
			for _, m := range both {
				if m.tick(step, now, now); step%3 == 0 {
					m.next() // what is stale is made anew at different times
				}
			}
			if again != nil {
				to, gain := m.next()
				if to2, gain2 := again.next(); to2 != to || gain2 != gain || again.worth(to) != m.worth(to) {
					t.Fatalf("step %d: %v saves %v, but %v %v after a restart", step, to, gain, to2, gain2)
				}
				if !slices.Equal(m.savings, again.savings) || m.missing(3) != again.missing(3) {
					t.Fatalf("step %d: savings differ after a restart", step)
				}
			}
			if step == 700 {
				data, err := json.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				again = new(assortment)
				if err := json.Unmarshal(data, again); err != nil {
					t.Fatal(err)
				}
				again.restored(m.terms)
			}
		}
	}
}

// A pool with one usual dataset prepares for it.
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
