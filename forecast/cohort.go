package forecast

// A cohort is the launches ordered within an eighth of the expected lead time,
// or within more where there are many cohorts.
type cohort struct {
	Slot     int64   // when the first was ordered, in eighths since the epoch
	Order    float64 // the last of them
	InFlight int
	Ended    float64
	Sum      float64 // of their deviations
	Squares  float64
}

// find is the cohort that a slot belongs to, nil if it is gone.
func (c *LeadTime) find(slot int64) *cohort {
	low, high := c.Head, len(c.Cohorts)
	if low+1 < high && c.Cohorts[low].Slot <= slot && slot < c.Cohorts[low+1].Slot { // mostly, as the oldest end first
		return &c.Cohorts[low]
	}
	for low < high {
		middle := (low + high) / 2
		if c.Cohorts[middle].Slot <= slot {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == c.Head {
		return nil
	}
	return &c.Cohorts[low-1]
}

// settle learns from the oldest cohorts, once all their launches have ended,
// how launches that were ordered together deviate together.
func (c *LeadTime) settle() {
	for ; c.Head < len(c.Cohorts) && c.Cohorts[c.Head].InFlight == 0; c.Head++ {
		o := c.Cohorts[c.Head]
		if o.Ended == 0 {
			continue
		}
		if o.Ended > 1 {
			c.Common.pair((float64(o.Sum*o.Sum)-o.Squares)/float64(o.Ended*(o.Ended-1)), o.Ended-1)
		}
		if c.Last.Ended > 0 && o.Order-c.Last.Order < commonHalfLife/4 {
			c.Common.pair(o.Sum/o.Ended*(c.Last.Sum/c.Last.Ended), 1)
		}
		c.Last = o
	}
}
