package trace

import "fmt"

// check looks for the first row that breaks a rule: unknown or negative
// values, announcements after their arrival and, if sorted is asked for,
// arrivals before the one that precedes them. previous is the arrival before
// the first row, NoTime if there is none.
func (c *Columns) check(previous int64, sorted bool) (int, error) {
	if c.healthy(previous, sorted) {
		return 0, nil
	}
	for i, arrival := range c.Arrival {
		announced, wait := NoTime, NoTime
		if c.Announced != nil {
			announced = c.Announced[i]
		}
		if c.Wait != nil {
			wait = c.Wait[i]
		}
		if err := checkTimes(arrival, c.Duration[i], announced, wait); err != nil {
			return i, err
		}
		if sorted && arrival < previous {
			return i, fmt.Errorf("arrives %d ns before the row ahead of it (sort the trace, or read it with --sort)", previous-arrival)
		}
		previous = arrival
	}
	return 0, nil
}

// healthy is the fast way to learn that there is nothing to report.
func (c *Columns) healthy(previous int64, sorted bool) bool {
	ok := true
	for _, a := range c.Arrival {
		if a < previous && sorted || a == NoTime {
			ok = false
		}
		previous = a
	}
	var signs int64
	for _, d := range c.Duration {
		signs |= d
	}
	for i, a := range c.Announced {
		if a > c.Arrival[i] {
			ok = false
		}
	}
	for _, w := range c.Wait {
		if w < 0 && w != NoTime {
			ok = false
		}
	}
	return ok && signs >= 0
}
