package policy

// A workFunction is the least cost of any schedule of capacities so far, by
// the capacity x in which it ends. A schedule begins at 0, pays up for every
// instance that it adds, nothing for those that it ends, and for each slot over
// for every instance beyond the demand and under for every one short of it.
type workFunction struct {
	Costs []float64 // relative to the least; beyond the last each x costs up + over more
}

// add takes in a slot's demand and returns the bounds of lazy capacity: the
// least last capacity of an optimal schedule so far, and the greatest of one
// that pays for ending instances in place of adding them. That one costs less
// by up for each instance that it ends with.
func (w *workFunction) add(demand int32, up, over, under float64) (low, high int32) {
	if len(w.Costs) == 0 {
		w.Costs = append(w.Costs, 0)
	}
	for int(demand) >= len(w.Costs) {
		w.Costs = append(w.Costs, w.Costs[len(w.Costs)-1]+(up+over))
	}
	c := w.Costs
	for x := 1; x < len(c); x++ {
		c[x] = min(c[x], c[x-1]+up)
	}
	for x := len(c) - 2; x >= 0; x-- {
		c[x] = min(c[x], c[x+1])
	}
	least := 0.0
	for x := range c {
		if n := float64(int32(x) - demand); n >= 0 {
			c[x] += float64(n * over)
		} else {
			c[x] -= float64(n * under)
		}
		if x == 0 || c[x] < least {
			least = c[x]
		}
	}
	lowest, highest := -1, 0
	for x := range c {
		c[x] -= least
		if lowest < 0 && c[x] == 0 {
			lowest = x
		}
		if c[x]-float64(float64(x)*up) <= c[highest]-float64(float64(highest)*up) {
			highest = x
		}
	}
	// The last capacities are dropped where they follow from those before.
	for n := len(w.Costs) - 1; n > 0 && c[n]-c[n-1] >= (up+over)*(1-1e-9); n-- {
		w.Costs = w.Costs[:n]
	}
	return int32(lowest), int32(highest)
}

// settled says whether slots without demand change nothing any more.
func (w *workFunction) settled() bool { return len(w.Costs) <= 1 }
