package sim

// An integral is the time-weighted sum of a count, in instance-nanoseconds.
// Every change of the count by one at t adds or takes t; sums are kept relative
// to an origin that moves, as 200,000 instances times 14 days in nanoseconds
// overflow an int64.
type integral struct {
	count   int64
	sum     int64 // modulo 2^64, relative to the origin
	seconds float64
}

func (i *integral) add(sinceOrigin int64)    { i.count++; i.sum -= sinceOrigin }
func (i *integral) remove(sinceOrigin int64) { i.count--; i.sum += sinceOrigin }

// fold moves the origin by span.
func (i *integral) fold(span int64) {
	i.seconds += float64(i.sum+i.count*span) / 1e9
	i.sum = 0
}
