package policy

// idleTimes are the idle times of a category's instances as they would be had
// none been ended: an arrival takes the instance that was released last, as
// reusable ones are handed out, and its idle time is what has passed since.
// With one instance that is the time from a release to the next arrival. It
// does not depend on what the policy keeps.
type idleTimes struct {
	Released []Time // of the instances that are idle, the last at the end
}

func (i *idleTimes) release(t Time) { i.Released = append(i.Released, t) }

// arrive gives the idle time that an arrival ends; false when every instance
// that there ever was is in use.
func (i *idleTimes) arrive(t Time) (int64, bool) {
	n := len(i.Released) - 1
	if n < 0 {
		return 0, false
	}
	last := i.Released[n]
	i.Released = i.Released[:n]
	return t - last, true
}
