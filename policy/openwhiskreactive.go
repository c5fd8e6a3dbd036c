package policy

import (
	"fmt"
	"time"
)

// OpenWhiskReactive is the reactive pre-warming of Apache OpenWhisk (pull
// request #4871, 2020): at the end of every interval a pool is filled up to
//
//	floor(cold starts in the interval / threshold) x increment
//
// instances, between Least and Most; each lives for the time to live unless it
// is claimed. What is claimed is replaced at once only up to Least. OpenWhisk
// keeps pre-warmed containers apart from those that have run; here they are
// alike, so that instances that were used count and live as long. It counts
// cold starts by runtime; here by category.
type OpenWhiskReactive struct {
	Pools       []reactivePool
	Least, Most int64
	ttl         int64
	interval    int64
	threshold   int64
	increment   int64
}

type reactivePool struct {
	Cold int64 // starts in this interval
	Next Time  // the interval's end
}

// Traits implements Sizer.
func (o *OpenWhiskReactive) Traits() Traits {
	return Traits{Arrivals: true, Ticks: true, Idle: KeepForAge, ByPool: true}
}

// State implements Stateful.
func (o *OpenWhiskReactive) State() any { return &o.Pools }

// Start implements Sizer.
func (o *OpenWhiskReactive) Start(t Time, p PoolID) Level {
	o.Pools[p] = reactivePool{Next: o.after(t)}
	return o.level(o.Least)
}

// Missed implements MissSizer.
func (o *OpenWhiskReactive) Missed(_ Time, p PoolID) { o.Pools[p].Cold++ }

// Arrive implements Sizer.
func (o *OpenWhiskReactive) Arrive(Time, Request, Stock) Level { return o.level(o.Least) }

// Tick implements Sizer.
func (o *OpenWhiskReactive) Tick(t Time, id PoolID, _ Stock) (Level, Time) {
	p := &o.Pools[id]
	if t < p.Next {
		return o.level(o.Least), o.again(p)
	}
	want := min(max(p.Cold/o.threshold*o.increment, o.Least), o.Most)
	p.Cold, p.Next = 0, o.after(t)
	if want > o.Least {
		return o.level(want), t // lower it again at the next tick
	}
	return o.level(want), o.again(p)
}

// again is when a pool must next be looked at: not without cold starts to
// count.
func (o *OpenWhiskReactive) again(p *reactivePool) Time {
	if p.Cold == 0 {
		return Never
	}
	return p.Next
}

// after is the end of the interval that t falls into.
func (o *OpenWhiskReactive) after(t Time) Time { return t - mod(t, o.interval) + o.interval }

func (o *OpenWhiskReactive) level(n int64) Level {
	return Level{Stock: int32(n), Keep: o.ttl}
}

var _ = register(&Family{
	Name:    "openwhisk-reactive",
	Summary: "pre-warms after cold starts, each for a time to live",
	Knob:    "ttl",
	Params: []Param{
		{Name: "ttl", Kind: Span, Default: "10m", Help: "how long an instance may be idle"},
		{Name: "interval", Kind: Span, Default: "1m", Help: "over which cold starts are counted"},
		{Name: "threshold", Kind: Count, Default: "1", Help: "cold starts in an interval for each increment"},
		{Name: "increment", Kind: Count, Default: "1", Help: "instances for each threshold of cold starts"},
		{Name: "min", Kind: Count, Default: "0", Help: "instances held at least"},
		{Name: "max", Kind: Count, Default: "1000000", Help: "most instances that are pre-warmed"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		o := &OpenWhiskReactive{
			Pools: make([]reactivePool, len(f.Categories)),
			Least: v.Count("min"), Most: v.Count("max"), ttl: int64(v.Span("ttl")),
			interval: int64(v.Span("interval")), threshold: v.Count("threshold"), increment: v.Count("increment"),
		}
		switch {
		case o.Least > o.Most:
			return nil, fmt.Errorf("policy openwhisk-reactive: min=%d is above max=%d", o.Least, o.Most)
		case o.threshold == 0:
			return nil, fmt.Errorf("policy openwhisk-reactive: threshold=0; give at least 1 cold start")
		case o.interval < int64(time.Second):
			return nil, fmt.Errorf("policy openwhisk-reactive: interval=%v; give at least 1s", time.Duration(o.interval))
		}
		return o, nil
	},
})
