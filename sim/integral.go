package sim

// An integral is the time-weighted sum of a count, in instance-time. Every
// change of the count by one at t adds or takes t; sums are kept relative to an
// origin that moves, and folded into whole seconds and nanoseconds, as 200,000
// instances times 14 days in nanoseconds overflow an int64.
type integral struct {
	count   int64
	sum     int64 // since the last fold, ns, relative to the origin
	seconds int64
	nanos   int64
}

func (i *integral) add(sinceOrigin int64)    { i.count++; i.sum -= sinceOrigin }
func (i *integral) remove(sinceOrigin int64) { i.count--; i.sum += sinceOrigin }

// fold moves the origin by span ns.
func (i *integral) fold(span int64) {
	i.put(i.sum + i.count*span)
	i.sum = 0
}

// put adds instance-time of ns.
func (i *integral) put(ns int64) {
	i.seconds += ns / 1e9
	i.nanos += ns % 1e9
}

// reset forgets what was folded.
func (i *integral) reset() { i.seconds, i.nanos = 0, 0 }

// time is the integral at the last fold.
func (i *integral) time() InstanceTime { return instanceTime(i.seconds, i.nanos) }
