package policy

import "time"

// played are the levels that a tryout plays: those of the rungs, and the one
// that the pool really has.
const (
	played  = priceRungs + 1
	present = priceRungs
)

// tryout is a pool that exists only as counts: what it would have held of the
// real pool's arrivals at the price of each rung, and at its real level. It
// runs in steps of its own, as a lead time may be much shorter than a tick.
type tryout struct {
	// First is the first level that is played: where a price is given, no one
	// asks what others would do.
	First         int
	Stock, Retire [played]int32
	Warm          [played]int32
	Flight        [played]int32
	Waiting       [played]int32
	InUse         [played]int32 // of reusable instances
	// Back is the share of the instances in use that will be back within a
	// lead time.
	Back float64
	// Risk is the forecast probability that an arrival misses.
	Risk [priceRungs]float32
	// Missing is how long the stages take, in lead times, that an instance is
	// expected to lack for a request.
	Missing [played]float32
	// Orders are the launches of the last lead time by step, the newest at
	// Head, one row a step; Ordered says which rows hold any.
	Orders  []([played]int32)
	Ordered []bool
	Head    int
	Start   Time  // steps count from it
	Step    int64 // ns
	At      int64 // number of the present step
	// Changed is set when an instance has become warm since the last tick.
	Changed bool
}

// leastOrders and mostOrders bound the rows of Orders: how finely a tryout
// follows a lead time, and what it may cost.
const leastOrders, mostOrders = 8, 10000

// newTryout makes a tryout for a lead time; both spans in ns.
func newTryout(t Time, lead, tick int64) *tryout {
	// An order falls anywhere into its step and is delivered at the end of
	// the (n-1)-th after it: after n - 1/2 steps in the mean.
	n := min(max(lead/tick+1, leastOrders), mostOrders)
	step := max(2*lead/(2*n-1), int64(time.Microsecond))
	r := &tryout{
		Start: t, Step: step, Orders: make([][played]int32, n), Ordered: make([]bool, n), Changed: true,
	}
	return r
}

// advance runs the steps up to t: launches a lead time old become warm.
func (r *tryout) advance(t Time) {
	since := t - r.Start
	if since < (r.At+1)*r.Step {
		return
	}
	steps := since/r.Step - r.At
	r.At += steps
	busy := min(steps, int64(len(r.Orders)))
	for range busy {
		r.Head++
		if r.Head == len(r.Orders) {
			r.Head = 0
		}
		if r.Ordered[r.Head] {
			r.deliver()
		}
	}
}

// deliver makes the orders of the row at Head warm.
func (r *tryout) deliver() {
	r.Ordered[r.Head], r.Changed = false, true
	due := &r.Orders[r.Head]
	for k := r.First; k < played; k++ {
		n := due[k]
		r.Flight[k] -= n
		served := min(n, r.Waiting[k])
		r.Waiting[k] -= served
		r.InUse[k] += served
		r.Warm[k] += n - served
		due[k] = 0
	}
}

// arrive plays an arrival at every price, at the instant of the last advance. A request that finds nothing
// waits, or, if early, is served by a launch of its own.
func (r *tryout) arrive(early bool) {
	r.Ordered[r.Head] = true
	orders := &r.Orders[r.Head]
	for k := r.First; k < played; k++ {
		if r.Warm[k] > 0 {
			r.Warm[k]--
			r.InUse[k]++
		} else {
			if early {
				r.InUse[k]++
				continue
			}
			r.Waiting[k]++
		}
		if short := r.stock(k) - (r.Warm[k] + r.Flight[k] - r.Waiting[k]); short > 0 {
			r.Flight[k] += short
			orders[k] += short
		}
	}
}

// stock is the level up to which rung k launches.
func (r *tryout) stock(k int) int32 {
	if r.Back == 0 {
		return r.Stock[k]
	}
	return max(r.Stock[k]-int32(r.Back*float64(r.InUse[k])), 0)
}

// wait is how many steps a request waits that finds nothing at rung k now: until
// as many of the launches under way have become warm as wait with it.
func (r *tryout) wait(k int) int {
	ahead := r.Waiting[k]
	at := r.Head
	for steps := 1; steps < len(r.Orders); steps++ {
		if at++; at == len(r.Orders) {
			at = 0
		}
		if r.Ordered[at] {
			if ahead -= r.Orders[at][k]; ahead < 0 {
				return steps
			}
		}
	}
	return len(r.Orders)
}

// release gives one reusable instance back at every price.
func (r *tryout) release(t Time) {
	r.advance(t)
	r.Changed = true
	for k := r.First; k < played; k++ {
		switch {
		case r.InUse[k] == 0: // it still waits there
		case r.Waiting[k] > 0:
			r.Waiting[k]--
		default:
			r.InUse[k]--
			r.Warm[k]++
		}
	}
}

// tick ends what is above the levels to retire, and fills the levels; resized
// says that they are new.
func (r *tryout) tick(t Time, resized bool) {
	r.advance(t)
	if !resized && !r.Changed {
		return
	}
	r.Changed = false
	r.fill(r.Head)
}

// fill ends and launches at every price, in the step of a row.
func (r *tryout) fill(row int) {
	orders := &r.Orders[row]
	for k := r.First; k < played; k++ {
		r.Warm[k] = min(r.Warm[k], r.Retire[k])
		if short := r.stock(k) - (r.Warm[k] + r.Flight[k] - r.Waiting[k]); short > 0 {
			r.Flight[k] += short
			orders[k] += short
			r.Ordered[row] = true
		}
	}
}

// prepare ends and launches at what was announced, at the instant of the last
// advance. What it launches is there a lead time later at the latest: in the
// first half of a step that is a row sooner.
func (r *tryout) prepare(t Time) {
	row := r.Head
	if 2*((t-r.Start)%r.Step) < r.Step {
		if row--; row < 0 {
			row += len(r.Orders)
		}
	}
	r.fill(row)
}

// hold plays the level that the pool really has from now on.
func (r *tryout) hold(l Level) {
	if r.Stock[present] != l.Stock || r.Retire[present] != l.Retire {
		r.Stock[present], r.Retire[present] = l.Stock, max(l.Retire, l.Stock)
		r.Changed = true
	}
}

// settled says whether nothing will change at any price until an arrival
// or a new level.
func (r *tryout) settled() bool {
	for k := r.First; k < played; k++ {
		if r.Flight[k] != 0 || r.Waiting[k] != 0 {
			return false
		}
	}
	return true
}
