package sim

import (
	"container/heap"
	"slices"

	"shadowpool/policy"
	"shadowpool/trace"
)

// Oracle is the clairvoyant bound: it sees every arrival and every lead time.
// Each request finds an instance that became warm at that instant, so it
// always hits and single-use instances never idle. A reusable instance is kept
// over a gap exactly when idling through it costs less than a new start does
// in the mean: the j-th launch takes the j-th lead time whenever it happens, so
// what a launch less saves is the last of them, not the next. The most recently
// released is matched first, which is optimal for a constant lead time (the
// cost of a gap, min(gap, lead), is concave, so optimal matchings are nested).
// What launches have in common it takes from when they are needed. Limits on
// the fleet do not bind it.
func Oracle(src trace.Source, fleet Fleet, opt Options) (*Result, error) {
	r, err := foresee(src, &fleet, opt)
	if err != nil {
		return nil, err
	}
	res := r.result(r.tally())
	res.Policy, res.Params, res.Implementable = "oracle", map[string]any{}, false
	return res, nil
}

// CountOracle is Oracle before any figure is computed. Its pools are independent
// of each other, whatever Couple says.
func CountOracle(src trace.Source, fleet Fleet, opt Options) (*Tally, error) {
	r, err := foresee(src, &fleet, opt)
	if err != nil {
		return nil, err
	}
	return r.tally(), nil
}

func foresee(src trace.Source, fleet *Fleet, opt Options) (*replay, error) {
	opt.Shortfall = false // there is none
	r, err := newReplay(src, fleet, policy.None{}, opt)
	if err != nil {
		return nil, err
	}
	o := &oracle{replay: r, from: r.opt.MeasureFrom, to: r.sum.Last, idle: map[oracleKey]*gaps{}}
	for chunk, err := range src.Chunks() {
		if err != nil {
			return nil, err
		}
		if err := r.check(chunk); err != nil {
			return nil, err
		}
		for i, t := range chunk.Arrival {
			r.arrival = t
			if pool := r.routes.of(&chunk.Columns, i); pool != elsewhere {
				o.serve(chunk, i, t, pool)
				r.arrived++
			}
		}
		if opt.Progress != nil {
			opt.Progress(chunk.First + int64(chunk.Len()))
		}
		if opt.Interrupt != nil {
			if err := opt.Interrupt(); err != nil {
				return nil, err
			}
		}
	}
	o.count()
	return r, nil
}

type oracle struct {
	*replay
	from, to policy.Time // the measured span
	idle     map[oracleKey]*gaps
	starts   []policy.Time // of instances that live in the measured span
	ends     []policy.Time
}

// oracleKey separates what may not be shared.
type oracleKey struct {
	pool   policy.PoolID
	tenant uint32
}

// gaps holds the reusable instances of one key: those in use by release, and
// those that have been released, the most recent last.
type gaps struct {
	busy  releases
	since []policy.Time
}

type releases []policy.Time

func (r releases) Len() int           { return len(r) }
func (r releases) Less(i, j int) bool { return r[i] < r[j] }
func (r releases) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *releases) Push(v any)        { *r = append(*r, v.(policy.Time)) }
func (r *releases) Pop() any {
	s := *r
	v := s[len(s)-1]
	*r = s[:len(s)-1]
	return v
}

// clipped is the part of [a, b) in the measured span, in ns.
func (o *oracle) clipped(a, b policy.Time) int64 {
	return max(min(b, o.to)-max(a, o.from), 0)
}

// serve gives the request of row i of a chunk its instance.
func (o *oracle) serve(c *trace.Chunk, i int, t policy.Time, pool policy.PoolID) {
	k := &o.fleet.Categories[pool]
	delay := int64(k.PromotionDelay)
	end := t + delay + c.Duration[i]
	if t >= o.from {
		o.m.waited(policy.Hit, delay)
	}
	u := &o.m.usage[o.m.classOf[pool]]
	u.serving.put(o.clipped(t, end))
	u.living.put(o.clipped(t, end))
	if k.Reusable && o.reuse(c, i, t, end, pool, u) {
		return
	}
	lead, fails := o.leads[pool].launch(t)
	for fails { // it sees that, and does not order those
		lead, fails = o.leads[pool].launch(t)
	}
	ordered := t - lead
	u.launching.put(o.clipped(ordered, t))
	u.living.put(o.clipped(ordered, t))
	if ordered >= o.from && ordered <= o.to {
		o.m.launches++
	}
	if end > o.from && ordered < o.to {
		o.starts = append(o.starts, ordered)
		o.ends = append(o.ends, end)
	}
	if end >= o.from && end <= o.to && !k.Reusable {
		o.m.terminations++
	}
}

// reuse serves a request with an instance that was kept, if keeping was
// cheaper than the launch that is now saved.
func (o *oracle) reuse(c *trace.Chunk, i int, t, end policy.Time, pool policy.PoolID, u *usage) bool {
	key := oracleKey{pool: pool}
	if o.fleet.Isolation == policy.ByTenant && c.Tenant != nil {
		key.tenant = c.Tenant[i]
	}
	g := o.idle[key]
	if g == nil {
		g = &gaps{}
		o.idle[key] = g
	}
	for len(g.busy) > 0 && g.busy[0] <= t {
		g.since = append(g.since, heap.Pop(&g.busy).(policy.Time))
	}
	heap.Push(&g.busy, end)
	n := len(g.since)
	if n == 0 || t-g.since[n-1] >= int64(o.fleet.Categories[pool].Lead.Mean()) {
		return false
	}
	released := g.since[n-1]
	g.since = g.since[:n-1]
	u.living.put(o.clipped(released, t))
	if end > o.from && released < o.to { // the instance lives on
		o.starts = append(o.starts, released)
		o.ends = append(o.ends, end)
	}
	return true
}

// count takes the census of instances that live in the measured span.
func (o *oracle) count() {
	slices.Sort(o.starts)
	slices.Sort(o.ends)
	census := &o.m.census
	census.begin(o.from)
	ended := 0
	end := func(until policy.Time) {
		for ; ended < len(o.ends) && o.ends[ended] <= until; ended++ {
			census.change(o.ends[ended], -1)
		}
	}
	for _, t := range o.starts {
		end(t)
		census.change(max(t, o.from), 1)
	}
	end(o.to)
	census.end()
}
