package sim

// fifo is a ring of events whose times ascend as they are pushed: launches
// that all take equally long.
type fifo struct {
	ring  []due // a power of two
	head  uint
	count uint
	soon  int64 // time of the earliest event, forever if there is none
}

func (f *fifo) pop() uint32 {
	slot := f.ring[f.head].slot
	f.head = (f.head + 1) & uint(len(f.ring)-1)
	f.count--
	f.soon = forever
	if f.count > 0 {
		f.soon = f.ring[f.head].time
	}
	return slot
}

func (f *fifo) push(t int64, slot uint32) {
	if f.count == uint(len(f.ring)) {
		bigger := make([]due, max(64, 2*len(f.ring)))
		n := copy(bigger, f.ring[f.head:])
		copy(bigger[n:], f.ring[:f.head])
		f.ring, f.head = bigger, 0
	}
	f.ring[(f.head+f.count)&uint(len(f.ring)-1)] = due{t, slot}
	f.count++
	f.soon = min(f.soon, t)
}
