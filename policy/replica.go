package policy

import "time"

// fixedRungs are constant levels among the candidates, for pools whose
// arrivals have no structure that pays.
var fixedRungs = [...]int32{
	1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 512,
}

// rungs is the number of candidates.
const rungs = priceRungs + len(fixedRungs)

// replica is a pool that exists only as counts: what a candidate would have
// held of the real pool's arrivals, one entry a candidate. It runs in steps of
// its own, as a lead time may be much shorter than a tick.
type replica struct {
	Stock, Retire [rungs]int32
	Warm          [rungs]int32
	Flight        [rungs]int32
	Waiting       [rungs]int32
	Risk          [rungs]float32 // forecast probability that an arrival misses
	// Orders are the launches of the last lead time by step, the newest at
	// Head, one row of rungs a step; Ordered says which rows hold any.
	Orders  []([rungs]int32)
	Ordered []bool
	Head    int
	Start   Time  // steps count from it
	Step    int64 // ns
	At      int64 // number of the present step
	// Idle is how long nothing has changed, in seconds: that time is counted
	// as waste when something does.
	Idle float64
	// Changed is set when an instance has become warm since the last tick.
	Changed bool
}

// leastOrders and mostOrders bound the rows of Orders: how finely a replica
// follows a lead time, and what it may cost.
const leastOrders, mostOrders = 8, 10000

// newReplica makes a replica for a lead time; both spans in ns.
func newReplica(t Time, lead, tick int64) *replica {
	// An order falls anywhere into its step and is delivered at the end of
	// the (n-1)-th after it: after n - 1/2 steps in the mean.
	n := min(max(lead/tick+1, leastOrders), mostOrders)
	step := max(2*lead/(2*n-1), int64(time.Microsecond))
	r := &replica{Start: t, Step: step, Orders: make([][rungs]int32, n), Ordered: make([]bool, n), Changed: true}
	for i, s := range fixedRungs {
		r.Stock[priceRungs+i], r.Retire[priceRungs+i] = s, s
	}
	return r
}

// advance runs the steps up to t: launches a lead time old become warm.
func (r *replica) advance(t Time, b *calibration) {
	steps := (t-r.Start)/r.Step - r.At
	if steps <= 0 {
		return
	}
	r.At += steps
	seconds := float64(r.Step) / 1e9
	busy := min(steps, int64(len(r.Orders)))
	for range busy {
		r.Idle += seconds
		r.Head++
		if r.Head == len(r.Orders) {
			r.Head = 0
		}
		if r.Ordered[r.Head] {
			r.deliver(b)
		}
	}
	r.Idle += float64(float64(steps-busy) * seconds)
}

// countIdle counts the time since the last change as waste.
func (r *replica) countIdle(b *calibration) {
	if r.Idle == 0 {
		return
	}
	for k := range rungs {
		b.Wasted[k] += float64(float64(r.Warm[k]) * r.Idle)
	}
	r.Idle = 0
}

// deliver makes the orders of the row at Head warm.
func (r *replica) deliver(b *calibration) {
	r.countIdle(b)
	r.Ordered[r.Head], r.Changed = false, true
	due := &r.Orders[r.Head]
	for k := range rungs {
		r.Flight[k] -= due[k]
		served := min(due[k], r.Waiting[k])
		r.Waiting[k] -= served
		r.Warm[k] += due[k] - served
		due[k] = 0
	}
}

// arrive plays an arrival in every candidate.
func (r *replica) arrive(t Time, b *calibration) {
	r.advance(t, b)
	r.countIdle(b)
	r.Ordered[r.Head] = true
	orders := &r.Orders[r.Head]
	for k := range rungs {
		if r.Warm[k] > 0 {
			r.Warm[k]--
		} else {
			r.Waiting[k]++
			b.Missed[k]++
		}
		b.Risked[k] += float64(r.Risk[k])
		if r.Warm[k]+r.Flight[k]-r.Waiting[k] < r.Stock[k] {
			r.Flight[k]++
			orders[k]++
		}
	}
	b.Arrivals++
}

// tick ends what is above the levels to retire, and fills the levels; resized
// says that they are new. lead is in seconds.
func (r *replica) tick(t Time, b *calibration, lead float64, resized bool) {
	r.advance(t, b)
	if !resized && !r.Changed {
		return
	}
	r.countIdle(b)
	r.Changed = false
	orders := &r.Orders[r.Head]
	for k := range rungs {
		if surplus := r.Warm[k] - r.Retire[k]; surplus > 0 {
			r.Warm[k] -= surplus
			b.Wasted[k] += float64(float64(surplus) * lead)
		}
		if short := r.Stock[k] - (r.Warm[k] + r.Flight[k] - r.Waiting[k]); short > 0 {
			r.Flight[k] += short
			orders[k] += short
			r.Ordered[r.Head] = true
		}
	}
}

// settled says whether nothing will change in any candidate until an arrival
// or a new level.
func (r *replica) settled() bool {
	for k := range rungs {
		if r.Flight[k] != 0 || r.Waiting[k] != 0 {
			return false
		}
	}
	return true
}
