package policy

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// learner holds a level and learns the lead times meanwhile.
type learner struct {
	*Static
	LeadTimes
	looks  int
	unlike int // looks at which the mean is not what was configured
	want   []float64
}

func (l *learner) Traits() Traits { return Traits{Arrivals: true, Ticks: true} }

func (l *learner) Tick(t Time, p PoolID, _ Stock) (Level, Time) {
	l.looks++
	if l.Lead(t, p).Mean() != l.want[p] {
		l.unlike++
	}
	return l.Static.Start(t, p), t
}

func newLearner(config Config) *learner {
	l := &learner{Static: NewStatic([]int32{3, 3}), LeadTimes: newLeadTimes(Fleet{Config: config})}
	for _, k := range config.Categories {
		l.want = append(l.want, k.LeadTime.Seconds())
	}
	return l
}

// punctual is a host whose launches take what is configured, to the
// nanosecond.
type punctual struct {
	quiet
	config *Config
	due    []warming // by time
}

type warming struct {
	at Time
	id InstanceID
}

func (p *punctual) Launch(t Time, id InstanceID, pool PoolID, _ Capacity, _ Reason) {
	w := warming{t + int64(p.config.Categories[pool].LeadTime), id}
	i, _ := slices.BinarySearchFunc(p.due, w, func(a, b warming) int {
		return cmp.Or(cmp.Compare(a.at, b.at), -1)
	})
	p.due = slices.Insert(p.due, i, w)
}

// In a world in which launches take what is configured, the learned mean is
// that very number, to the last bit, though some launches fail or are lost.
func TestLearnedConstantIsExact(t *testing.T) {
	config := Config{Categories: []Category{
		{Name: "a", LeadTime: 120 * time.Second}, {Name: "b", LeadTime: 7_300_000_001 * time.Nanosecond},
	}}
	l := newLearner(config)
	host := &punctual{config: &config}
	c, err := New(config, l, host)
	if err != nil {
		t.Fatal(err)
	}
	now := Time(1_750_000_000e9)
	c.Start(now)
	rng := rand.New(rand.NewPCG(1, 21))
	for n := range RequestID(3000) {
		now += int64(rng.ExpFloat64() * float64(6*time.Second))
		for {
			timer, _ := c.NextTimer()
			if len(host.due) > 0 && host.due[0].at <= min(timer, now) {
				w := host.due[0]
				host.due = host.due[1:]
				c.Warm(w.at, w.id)
			} else if timer < now {
				c.Fire()
			} else {
				break
			}
		}
		if len(host.due) > 0 && rng.IntN(20) == 0 {
			id := host.due[0].id
			host.due = host.due[1:]
			if rng.IntN(2) == 0 {
				c.Fail(now, id, BootFailed)
			} else {
				c.Lose(now, id)
			}
		}
		c.Arrive(now, Request{ID: n, Pool: PoolID(rng.IntN(2))})
	}
	if l.looks < 1000 || l.unlike > 0 {
		t.Errorf("at %d of %d ticks the learned lead time is not the configured one", l.unlike, l.looks)
	}
	if l.Launches.Count < 100 {
		t.Errorf("only %v launches were seen", l.Launches.Count)
	}
}

// An instance that is lost while it is launching counts as a failed launch; one
// that is lost later does not.
func TestLostLaunchIsAFailure(t *testing.T) {
	config := Config{Categories: []Category{{Name: "a", LeadTime: time.Minute}, {Name: "b", LeadTime: time.Minute}}}
	l := newLearner(config)
	c := newCloud(t, "none", config)
	var err error
	if c.ctrl, err = New(config, l, c); err != nil {
		t.Fatal(err)
	}
	c.ctrl.Start(c.now)
	censored := func() (n float64) {
		if k := l.Launches.Categories[0]; k != nil {
			for _, b := range k.Own.Bins {
				n += b.Censored
			}
		}
		return math.Round(n)
	}
	id, _ := c.find(launching, 0)
	c.now += int64(20 * time.Second)
	c.advance(c.now, ClassRelease)
	c.remove(id)
	c.ctrl.Lose(c.now, id)
	if n := censored(); n != 1 {
		t.Errorf("%v launches count as failed, want 1", n)
	}
	second, in := c.find(launching, 0)
	in.state = idle
	c.ctrl.Warm(c.now, second)
	c.remove(second)
	c.ctrl.Lose(c.now, second)
	if n := censored(); n != 1 {
		t.Errorf("%v launches count as failed after the loss of a warm instance, want 1", n)
	}
}
