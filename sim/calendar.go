package sim

import (
	"cmp"
	"math/bits"
	"slices"

	"shadowpool/policy"
)

// A calendar holds at most one future event a slot (a slot is an instance's)
// and delivers them by time, equal times in the order in which they were
// scheduled. Nothing may be scheduled before the present, which follows the
// clock (resolve).
//
// It is a wheel of buckets of 2^shift ns that tunes itself: the width follows
// the spacing of the events that were delivered, the number of buckets the
// number of events. Buckets are lists threaded through the table of slots.
// Two levels of bits tell which buckets hold something, so that an empty
// stretch costs nothing. What is more than a turn ahead waits in far, and what
// is not before that too, so that equal times keep their order.
type calendar struct {
	slots *[]slot
	near  []due // the present bucket's events, from first on, ascending
	first int
	// soon is a time that no event is before: the next event's where near
	// holds it.
	soon int64
	// bucket is the number of the next bucket that holds something, where near
	// is empty and the wheel is not.
	bucket int64

	shift   uint
	mask    int64    // number of buckets - 1
	present int64    // number of the present bucket: time >> shift
	heads   []uint32 // per bucket: its newest event's slot + 1
	filled  []uint64 // bit per bucket
	groups  []uint64 // bit per word of filled
	inWheel int

	far     []due // later than a turn from when they were scheduled
	farNext int64 // the earliest of them

	// Since the last tuning:
	popped int
	since  int64
}

// slot is what the replay knows of an instance; 32 bytes, as every event
// touches one.
type slot struct {
	time    int64 // of its pending event, or of its last one
	ordered int64 // when it was launched
	next    uint32
	gen     uint32 // high half of its policy.InstanceID
	pool    uint32
	served  bool
	warm    bool // no longer launching
	on      policy.Capacity
	phase   phase // where it is not plain from the events
}

// phase is where an instance is on spot, or one that can be stopped.
type phase uint8

const (
	phaseLaunching phase = iota
	phaseWarm
	phaseStopped
	phaseRefused
)

// due is an event outside the table.
type due struct {
	time int64
	slot uint32
}

const (
	forever      = int64(1<<63 - 1)
	leastBuckets = 1 << 12
	mostBuckets  = 1 << 22
	// bucketsPerEvent: by Little's law the wheel then spans as many mean
	// delays, so that few events go to far.
	bucketsPerEvent = 4
	// retune is the least number of events between two tunings.
	retune = 4096
)

// newCalendar makes a calendar whose present is t >= 0, over a table of slots
// that it may share.
func newCalendar(slots *[]slot, t int64) *calendar {
	c := &calendar{slots: slots, since: t, soon: forever, farNext: forever}
	c.build(t, 24, leastBuckets)
	return c
}

// build makes an empty wheel.
func (c *calendar) build(t int64, shift uint, buckets int) {
	c.shift, c.mask, c.present = shift, int64(buckets-1), t>>shift
	c.heads = make([]uint32, buckets)
	c.filled = make([]uint64, buckets/64)
	c.groups = make([]uint64, buckets/64/64)
	c.inWheel = 0
}

// lookAhead finds the next bucket that holds something, and sets soon; near is
// empty.
func (c *calendar) lookAhead() {
	c.soon = c.farNext
	if c.inWheel > 0 {
		c.bucket = c.nextFilled()
		c.soon = min(c.bucket<<c.shift, c.farNext)
	}
}

// exact says whether soon is an event's time, not only a bound.
func (c *calendar) exact() bool { return c.first < len(c.near) }

// comes says whether an event comes at or before t, up to where the clock may go
// now, and makes soon exact if so.
func (c *calendar) comes(t int64) bool {
	for c.soon <= t && c.soon != forever {
		if c.exact() {
			return true
		}
		c.resolve()
	}
	return false
}

// resolve moves the present up to soon, which is not exact and not forever,
// and makes soon exact or later. Nothing may be scheduled before the present,
// so this is for when the clock has come there.
func (c *calendar) resolve() {
	clock := c.soon
	if c.popped >= retune && c.popped >= 2*(c.inWheel+len(c.far)) {
		c.tune(clock)
		c.lookAhead()
	}
	if c.farNext != forever && c.farNext>>c.shift <= clock>>c.shift+c.mask/2 {
		c.recall(clock)
		c.lookAhead()
	}
	if c.inWheel > 0 && c.bucket<<c.shift <= clock {
		c.open(c.bucket)
		c.soon = c.near[0].time
	}
}

// pop removes the earliest event; soon is exact.
func (c *calendar) pop() uint32 {
	slot := c.near[c.first].slot
	c.first++
	c.popped++
	if c.first < len(c.near) {
		c.soon = c.near[c.first].time
	} else {
		c.lookAhead()
	}
	return slot
}

// schedule adds an event for a slot, at or after the present.
func (c *calendar) schedule(t int64, s uint32) {
	bucket := t >> c.shift
	if ahead := bucket - c.present; ahead > 0 && ahead <= c.mask && t < c.farNext {
		c.file(t, bucket, s)
	} else if ahead <= 0 {
		c.insert(t, s)
	} else {
		(*c.slots)[s].time = t
		c.far = append(c.far, due{t, s})
		c.farNext = min(c.farNext, t)
		c.soon = min(c.soon, t)
	}
}

func (c *calendar) file(t, bucket int64, s uint32) {
	b := bucket & c.mask
	row := &(*c.slots)[s]
	row.time, row.next = t, c.heads[b]
	c.heads[b] = s + 1
	if row.next == 0 {
		c.filled[b>>6] |= 1 << (b & 63)
		c.groups[b>>12] |= 1 << (b >> 6 & 63)
	}
	c.inWheel++
	if c.first == len(c.near) && (bucket < c.bucket || c.inWheel == 1) {
		c.bucket = bucket
		c.soon = min(bucket<<c.shift, c.farNext)
	}
}

// insert puts an event into the present bucket, after those of its time.
func (c *calendar) insert(t int64, s uint32) {
	(*c.slots)[s].time = t
	if c.first == len(c.near) {
		c.near, c.first = c.near[:0], 0
	}
	c.near = append(c.near, due{})
	i := len(c.near) - 1
	for i > c.first && c.near[i-1].time > t {
		c.near[i] = c.near[i-1]
		i--
	}
	c.near[i] = due{t, s}
	c.soon = c.near[c.first].time
}

// nextFilled is the number of the first bucket after the present that holds
// something; there is one.
func (c *calendar) nextFilled() int64 {
	b := (c.present + 1) & c.mask
	word := b >> 6
	if w := c.filled[word] >> (b & 63); w != 0 {
		return c.present + 1 + int64(bits.TrailingZeros64(w))
	}
	// Go on by groups of 64 words, around the wheel.
	word++
	group, used := word>>6, word&63
	for {
		if int(group) >= len(c.groups) {
			group, used = 0, 0
		}
		if g := c.groups[group] >> used << used; g != 0 {
			word = group<<6 + int64(bits.TrailingZeros64(g))
			break
		}
		group, used = group+1, 0
	}
	b = word<<6 + int64(bits.TrailingZeros64(c.filled[word]))
	return c.present + 1 + (b-c.present-1)&c.mask
}

// open makes bucket the present and takes its events out, sorted. The list
// has the newest first.
func (c *calendar) open(bucket int64) {
	c.present = bucket
	b := bucket & c.mask
	rows := *c.slots
	s := c.heads[b]
	c.heads[b] = 0
	word := c.filled[b>>6] &^ (1 << (b & 63))
	c.filled[b>>6] = word
	if word == 0 {
		c.groups[b>>12] &^= 1 << (b >> 6 & 63)
	}
	row := &rows[s-1]
	c.near, c.first = append(c.near[:0], due{row.time, s - 1}), 0
	c.inWheel--
	if row.next == 0 {
		return
	}
	c.openMany(row.next)
}

// openMany takes out the rest of a bucket's list.
func (c *calendar) openMany(s uint32) {
	rows := *c.slots
	for ; s != 0; s = rows[s-1].next {
		c.near = append(c.near, due{rows[s-1].time, s - 1})
	}
	n := c.near
	c.inWheel -= len(n) - 1
	slices.Reverse(n)
	if len(n) > 32 {
		slices.SortStableFunc(n, func(a, b due) int { return cmp.Compare(a.time, b.time) })
		return
	}
	for i := 1; i < len(n); i++ {
		d := n[i]
		j := i
		for j > 0 && n[j-1].time > d.time {
			n[j] = n[j-1]
			j--
		}
		n[j] = d
	}
}

// recall moves what has come within a turn of t from far into the wheel.
func (c *calendar) recall(t int64) {
	c.present = max(c.present, t>>c.shift-1)
	kept := c.far[:0]
	c.farNext = forever
	for _, d := range c.far {
		if bucket := d.time >> c.shift; bucket-c.present <= c.mask {
			c.file(d.time, bucket, d.slot)
		} else {
			kept = append(kept, d)
			c.farNext = min(c.farNext, d.time)
		}
	}
	c.far = kept
}

// tune fits the width of buckets to the spacing of events up to t, the
// earliest pending one, and their number to what is pending; when either is
// far off, the wheel is built anew.
func (c *calendar) tune(t int64) {
	gap := (t - c.since) / int64(c.popped)
	c.popped, c.since = 0, t
	shift := uint(max(bits.Len64(uint64(gap))-1, 0))
	pending := c.inWheel + len(c.far)
	buckets := min(max(1<<bits.Len(uint(bucketsPerEvent*pending)), leastBuckets), mostBuckets)
	if shift+1 >= c.shift && shift <= c.shift+1 && buckets <= 4*len(c.heads) && 16*buckets >= len(c.heads) {
		return
	}
	all := make([]due, 0, pending)
	for c.inWheel > 0 {
		n := c.nextFilled()
		c.open(n)
		all = append(all, c.near...)
	}
	c.near, c.first = c.near[:0], 0
	all = append(all, c.far...)
	c.far, c.farNext = c.far[:0], forever
	c.build(t, shift, buckets)
	c.present-- // the earliest event's bucket is still to be opened
	for _, d := range all {
		c.schedule(d.time, d.slot)
	}
}
