package policy

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// told is a pool of adaptive with stages, as stagedFleet.
func told(t testing.TB) (*Controller, *bench) {
	t.Helper()
	config := stagedFleet(false)
	host := &bench{prepared: map[InstanceID]Target{}}
	c, err := New(config, buildSizer(t, "adaptive:wait_price=100", config), host)
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	return c, host
}

// expected is the chance that a dataset is asked for.
func expected(c *Controller, d uint32) float64 {
	m := c.sizer.(*Adaptive).assortment(0)
	if m == nil {
		return 0
	}
	if i, ok := m.Stages[0].find[dataset(d)]; ok {
		return m.Stages[0].Keys[i].chance(0)
	}
	return 0
}

// A hint counts for what it names from when an instance that is ordered now would
// be prepared in time until its request comes, it is withdrawn or its window is
// over.
func TestHintCountsForWhatItNames(t *testing.T) {
	at := 1000 * second
	h := Hint{ID: 1, Count: 1, From: at, To: at, Probability: 1, Target: Target{Dataset: 8, TaskType: 2, Tenant: 3}}
	begin := func() *Controller {
		c, host := told(t)
		c.Announce(0, h)
		fire(c, at-85*second-1)
		if got := expected(c, 8); got != 0 {
			t.Errorf("it counts %g too soon", got)
		}
		fire(c, at-85*second)
		if got := expected(c, 8); got != priorCame {
			t.Errorf("it counts %g, want %g", got, priorCame)
		}
		if n := c.Held(0, Target{Dataset: 8, TaskType: 2}); n != 1 || len(host.launched) != 1 {
			t.Errorf("of %d instances that are launched %d are prepared for it", len(host.launched), n)
		}
		return c
	}
	for why, end := range map[string]func(*Controller){
		"withdrawn": func(c *Controller) { c.Withdraw(at-10*second, 1) },
		"over":      func(c *Controller) { fire(c, at+1) },
		"come":      func(c *Controller) { c.Arrive(at-10*second, Request{ID: 1, Hint: 1, Dataset: 8, TaskType: 2}) },
		"come for another": func(c *Controller) {
			c.Arrive(at-10*second, Request{ID: 1, Hint: 1, Dataset: 9, TaskType: 2})
		},
	} {
		c := begin()
		fire(c, at-20*second)
		end(c)
		m := c.sizer.(*Adaptive).assortment(0)
		if got := expected(c, 8); got > 0.01 || m.naming != 0 {
			t.Errorf("%s: it still counts %g, for %d keys", why, got, m.naming)
		}
		hints := &c.sizer.(*Adaptive).Hints
		named := hints.Named.All
		for d, want := range map[uint32]struct {
			counted float64
			named   record
		}{8: {0, record{1, 1}}, 9: {1, record{1, 0}}} {
			if why != map[uint32]string{8: "come", 9: "come for another"}[d] {
				continue
			}
			i := m.Stages[0].find[dataset(d)]
			if got := m.Stages[0].Keys[i].Count; got != want.counted || named != want.named || hints.Trust.All != (record{1, 1}) {
				t.Errorf("%s: %g unannounced requests for it; of what was named came %+v, of what was announced %+v", why, got, named, hints.Trust.All)
			}
		}
	}
}

// Of a count of requests, those that have come are taken off what is announced.
func TestNamedRequestsComeOneByOne(t *testing.T) {
	c, _ := told(t)
	at := 1000 * second
	c.Announce(0, Hint{ID: 1, Count: 3, From: at, To: at, Probability: 1, Target: dataset(8)})
	fire(c, at-60*second)
	for left := 3; left > 0; left-- {
		m := c.sizer.(*Adaptive).assortment(0)
		k := &m.Stages[0].Keys[m.Stages[0].find[dataset(8)]]
		if got := k.chance(int32(left) - 1); math.Abs(got-math.Pow(priorCame, float64(left))) > 1e-9 || k.chance(int32(left)) != 0 {
			t.Errorf("%d to come: the chance of as many is %g, of more %g", left, got, k.chance(int32(left)))
		}
		c.Arrive(at-60*second, Request{ID: RequestID(left), Hint: 1, Dataset: 8})
	}
}

// Hints whose requests come for something else are no longer prepared for after a
// while, though the requests are believed in.
func TestWrongTargetsAreDiscounted(t *testing.T) {
	c, host := told(t)
	late := 0
	for i := range int64(300) {
		at := (i + 1) * 600 * second
		fire(c, at-300*second)
		c.Announce(at-300*second, Hint{ID: 1, Count: 1, From: at, To: at, Probability: 1, Target: dataset(8)})
		fire(c, at-1)
		if i == 0 && len(host.prepared) == 0 {
			t.Error("nothing is prepared for the first hint")
		}
		for id := range host.prepared {
			if i >= 200 && host.prepared[id] == dataset(8) {
				late++
			}
			delete(host.prepared, id)
		}
		for _, id := range host.launched {
			c.Warm(at, id)
		}
		host.launched = host.launched[:0]
		c.Arrive(at, Request{ID: RequestID(i), Hint: 1, Dataset: 7})
	}
	trust := &c.sizer.(*Adaptive).Hints
	if late != 0 {
		t.Errorf("%d instances are prepared for the wrong dataset of the last 100 hints", late)
	}
	if all, named := trust.Trust.of(0), trust.Named.of(0); all < 0.95 || named > 0.05 {
		t.Errorf("of what was announced came %g, of what was named %g", all, named)
	}
}

// Whatever is announced, comes and is withdrawn, of more keys than there is room
// for: what a key's hints announce is what the books say, and a controller that
// restores a snapshot goes on as the one that made it.
func TestNamedBooks(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 33))
		datasets := []uint32{6, 60, 3 * mostTargets}[seed%3]
		both := []*Controller{}
		first, _ := told(t)
		both = append(both, first)
		now, next := Time(0), HintID(1)
		for step := range 3000 {
			now += int64(r.ExpFloat64() * float64(2*time.Second))
			target := Target{Dataset: 1 + r.Uint32N(datasets), TaskType: r.Uint32N(3)}
			if r.IntN(5) == 0 {
				target = Target{}
			}
			from := now + int64(r.ExpFloat64()*float64(2*time.Minute))
			h := Hint{
				ID: next, Count: 1 + r.Int32N(3), From: from, To: from + int64(r.IntN(2))*int64(time.Minute),
				Probability: 0.2 + 0.8*r.Float64(), Source: r.Uint32N(3), Target: target,
			}
			q := Request{ID: RequestID(step), Hint: max(0, next-HintID(r.IntN(200))), Dataset: target.Dataset, TaskType: target.TaskType}
			back, op := next-1-HintID(r.IntN(100)), r.IntN(8)
			for _, c := range both {
				for due, class := c.NextTimer(); due < now || due == now && class < ClassArrival; due, class = c.NextTimer() {
					c.Fire()
				}
				switch {
				case op < 5:
					c.Announce(now, h)
				case op < 7:
					c.Arrive(now, q)
				default:
					c.Withdraw(now, back)
				}
			}
			next++
			if step%20 == 0 {
				audit(t, first.sizer.(*Adaptive))
			}
			if step == 1500 {
				data, err := first.Snapshot()
				if err != nil {
					t.Fatal(err)
				}
				var second *Controller
				if second, err = New(first.config, buildSizer(t, "adaptive:wait_price=100", first.config), &bench{prepared: map[InstanceID]Target{}}); err != nil {
					t.Fatal(err)
				}
				if err := second.Restore(data); err != nil {
					t.Fatal(err)
				}
				both = append(both, second)
			}
		}
		a, _ := both[0].Snapshot()
		b, _ := both[1].Snapshot()
		if !bytes.Equal(a, b) {
			t.Errorf("seed %d: a restored controller goes on otherwise", seed)
		}
	}
}

// audit checks the lists of hints by key, and the chances and their counts, against
// the hints.
func audit(t *testing.T, a *Adaptive) {
	t.Helper()
	m := a.assortment(0)
	if m == nil {
		return
	}
	naming := 0
	for j := range m.Stages {
		s := &m.Stages[j]
		if len(s.Keys) > mostTargets {
			t.Fatalf("%d keys", len(s.Keys))
		}
		var counts marginals
		for i := range s.Keys {
			k := &s.Keys[i]
			counts.add(k.sized, k.weight, 1)
			if k.Named == nil {
				continue
			}
			naming++
			most := 0
			for at, row := range k.Named.Rows {
				h := &a.Hints.Rows[row]
				if h.Open == none || h.Keys[j] != (namedKey{int32(i), uint32(at)}) || m.stages[j].Key(h.Target) != k.Key {
					t.Fatalf("hint %+v is on the list of key %v", h, k.Key)
				}
				most += int(h.Count - h.Came)
			}
			if k.Named.Stale {
				continue
			}
			if mean := k.Named.Sum.all(); mean > float64(most) || most == 0 {
				t.Fatalf("of key %v %g are expected, but %d announced", k.Key, mean, most)
			}
			p := k.Named.Sum.convolve(k.Named.Sum.widen(k.Sized).Probabilities(nil, maxCount))
			above := 0.0
			for n := len(p) - 1; n > 0; n-- {
				got := 0.0
				if n <= len(k.sized) {
					got = k.sized[n-1]
				}
				if above += p[n]; math.Abs(above-got) > 2*leastChance {
					t.Fatalf("key %v: the chance of more than %d is %g, want %g", k.Key, n-1, got, above)
				}
			}
		}
		if counts != s.marginals {
			t.Fatal("the chances are not those that are counted")
		}
	}
	if naming != m.naming {
		t.Fatalf("%d keys are named, not %d", naming, m.naming)
	}
	for i := range a.Hints.Rows {
		h := &a.Hints.Rows[i]
		for j, at := range h.Keys {
			if at.Key >= 0 && m.Stages[j].Keys[at.Key].Named.Rows[at.At] != uint32(i) {
				t.Fatalf("hint %+v is not on the list of key %d", h, at.Key)
			}
		}
	}
}
