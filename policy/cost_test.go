package policy

import (
	"testing"
	"time"
)

// quiet is a host that does nothing but remember the last launch.
type quiet struct {
	onDemand
	launched []InstanceID
	assigned []InstanceID
}

func (q *quiet) Launch(_ Time, id InstanceID, _ PoolID, _ Capacity, _ Reason) {
	q.launched = append(q.launched, id)
}
func (q *quiet) Assign(_ Time, a Assignment)             { q.assigned = append(q.assigned, a.Instance) }
func (q *quiet) Prepare(Time, InstanceID, Target, uint8) {}
func (q *quiet) Move(Time, InstanceID, PoolID, Reason)   {}
func (q *quiet) Refuse(Time, RequestID, PoolID, Reason)  {}
func (q *quiet) End(Time, InstanceID, PoolID, Reason)    {}

// Events allocate nothing once the tables have their size, under any policy,
// with the log on, with instances that grow old and without.
func TestNoAllocationPerEvent(t *testing.T) {
	for _, spec := range specimens {
		for mode := range 4 {
			reusable := mode&1 != 0
			life := Lifecycle{}
			if mode&2 != 0 {
				life = Lifecycle{MaxAge: 5 * time.Minute, MinRemaining: 30 * time.Second, IdleTimeout: time.Minute}
			}
			specs, err := ParseSpecs(spec)
			if err != nil {
				t.Fatal(err)
			}
			config := Config{Categories: []Category{
				{Name: "a", LeadTime: 20 * time.Second, Reusable: reusable, Lifecycle: life},
				{Name: "b", LeadTime: 20 * time.Second, Reusable: reusable, Lifecycle: life},
			}}
			sizer, err := Build(specs[0], Fleet{Config: config})
			if err != nil {
				t.Fatal(err)
			}
			host := &quiet{}
			c, err := New(config, sizer, host)
			if err != nil {
				t.Fatal(err)
			}
			c.SetLog(NewLog(nil))
			now := Time(1_750_000_000e9)
			c.Start(now)
			n := RequestID(0)
			turn := func() {
				now += int64(time.Second)
				for due, _ := c.NextTimer(); due <= now; due, _ = c.NextTimer() {
					c.Fire()
				}
				c.Arrive(now, Request{ID: n, Pool: PoolID(n % 7 % 2)})
				n++
				now++
				for _, id := range host.launched {
					c.Warm(now, id)
				}
				host.launched = host.launched[:0]
				for _, id := range host.assigned {
					c.Release(now, id)
				}
				host.assigned = host.assigned[:0]
			}
			for range 20000 {
				turn()
			}
			if allocs := testing.AllocsPerRun(5000, turn); allocs >= 0.01 {
				t.Errorf("%s, reusable=%v, %+v: %.3f allocations an event", spec, reusable, life, allocs)
			}
		}
	}
}

// lookout counts its ticks.
type lookout struct {
	None
	ticks map[PoolID]int
}

func (l *lookout) Traits() Traits { return Traits{Arrivals: true, Ticks: true} }
func (l *lookout) Tick(_ Time, p PoolID, _ Stock) (Level, Time) {
	l.ticks[p]++
	return Level{}, Never
}

// A tick visits the pools that saw an event, not all.
func TestTicksVisitActivePools(t *testing.T) {
	config := Config{}
	for i := range 1000 {
		config.Categories = append(config.Categories, Category{Name: string(rune(0x4e00 + i))})
	}
	l := &lookout{ticks: map[PoolID]int{}}
	c, err := New(config, l, &quiet{})
	if err != nil {
		t.Fatal(err)
	}
	c.Start(0)
	fire := func(until Time) {
		for due, _ := c.NextTimer(); due <= until; due, _ = c.NextTimer() {
			c.Fire()
		}
	}
	fire(int64(time.Hour)) // every pool once, after the start
	if len(l.ticks) != 1000 {
		t.Fatalf("%d pools were visited after the start", len(l.ticks))
	}
	clear(l.ticks)
	c.Arrive(int64(time.Hour)+1, Request{Pool: 7})
	fire(int64(2 * time.Hour))
	if len(l.ticks) != 1 || l.ticks[7] != 1 {
		t.Errorf("after one arrival in pool 7 the visits were %v", l.ticks)
	}
}
