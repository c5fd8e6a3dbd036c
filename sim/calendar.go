package sim

import (
	"math/bits"
)

// A calendar holds at most one future event a slot (a slot is an instance's)
// and delivers them by time, equal times in the order in which they were
// scheduled. Time never goes back: nothing is scheduled before what was last
// popped.
//
// It is a hierarchical wheel: level l has 256 buckets of 256^l ns, and an event
// is in the level of the highest byte in which its time differs from base. Buckets
// are linked lists through a table by slot, so that an event costs 16 bytes and
// no allocation. The events before limit are sorted in near, a small window at
// the front, so that a sparse calendar does not cascade through the levels and
// a dense one sorts only a handful at a time.
type calendar struct {
	events []event // by slot
	near   []due   // ring-free: near[first:] ascending
	first  int
	base   int64 // the wheel's present; digits of bucket numbers are relative to it
	limit  int64 // every event before it is in near
	levels [8]level
	filled uint8 // levels that have a filled bucket
}

type event struct {
	time int64
	next uint32
}

// due is a copy of an event in the window.
type due struct {
	time int64
	slot uint32
}

type level struct {
	filled [4]uint64 // bit b is set when bucket b holds something
	head   [256]uint32
	tail   [256]uint32
}

const (
	nobody  = ^uint32(0)
	forever = int64(1<<63 - 1)
	// nearMost is how many events the window takes from a bucket at once;
	// twice that and it gives its later half back.
	nearMost = 24
)

// start sets the first instant; it must be called before anything is
// scheduled, and t >= 0.
func (c *calendar) start(t int64) { c.base, c.limit = t, t }

// bound is a time that no event is before; forever if there is none.
func (c *calendar) bound() int64 {
	if c.first < len(c.near) {
		return c.near[c.first].time
	}
	if c.filled == 0 {
		return forever
	}
	l := bits.TrailingZeros8(c.filled)
	return c.bucket(l, c.levels[l].lowest())
}

// next is the time of the earliest event if that is not after horizon; if it
// is, some time after horizon. What is scheduled next must not be before the
// horizon or the event: the wheel's present moves up to there, never beyond.
func (c *calendar) next(horizon int64) int64 {
	for c.first == len(c.near) {
		if b := c.bound(); b > horizon || b == forever {
			return b
		}
		c.refill()
	}
	return c.near[c.first].time
}

// bucket is the first instant of bucket b at level l: base with the digit at l
// replaced and those below it zero.
func (c *calendar) bucket(l int, b uint8) int64 {
	return c.base>>(8*l)>>8<<8<<(8*l) | int64(b)<<(8*l)
}

// pop removes the earliest event, which next has just found.
func (c *calendar) pop() uint32 {
	slot := c.near[c.first].slot
	c.first++
	return slot
}

// schedule adds slot's event.
func (c *calendar) schedule(t int64, slot uint32) {
	if t < c.limit {
		c.insert(t, slot)
		return
	}
	for int(slot) >= len(c.events) {
		c.events = append(c.events, event{})
	}
	c.file(t, slot)
}

// insert puts an event into the window, after those of the same time.
func (c *calendar) insert(t int64, slot uint32) {
	if c.first == len(c.near) {
		c.near, c.first = c.near[:0], 0
	} else if len(c.near) == cap(c.near) {
		n := copy(c.near, c.near[c.first:])
		c.near, c.first = c.near[:n], 0
		if n >= 2*nearMost {
			c.giveBack()
			if t >= c.limit {
				c.schedule(t, slot)
				return
			}
		}
	}
	c.near = append(c.near, due{})
	i := len(c.near) - 1
	for i > c.first && c.near[i-1].time > t {
		c.near[i] = c.near[i-1]
		i--
	}
	c.near[i] = due{t, slot}
}

// giveBack returns the later half of a full window to the wheel. The window
// ends at an instant that differs from its neighbours', so that equal times stay
// together; if all are equal it stays as it is.
func (c *calendar) giveBack() {
	cut := len(c.near) / 2
	for cut < len(c.near) && c.near[cut].time == c.near[cut-1].time {
		cut++
	}
	if cut == len(c.near) {
		return
	}
	c.limit = c.near[cut].time // the present stays: events before it may yet come
	for _, d := range c.near[cut:] {
		for int(d.slot) >= len(c.events) {
			c.events = append(c.events, event{})
		}
		c.file(d.time, d.slot)
	}
	c.near = c.near[:cut]
}

// file puts an event into the wheel; t >= limit.
func (c *calendar) file(t int64, slot uint32) {
	l := 0
	if x := uint64(t ^ c.base); x != 0 {
		l = (bits.Len64(x) - 1) / 8
	}
	b := uint8(t >> (8 * l))
	v := &c.levels[l]
	c.events[slot] = event{t, nobody}
	if v.filled[b>>6]&(1<<(b&63)) == 0 {
		v.filled[b>>6] |= 1 << (b & 63)
		c.filled |= 1 << l
		v.head[b] = slot
	} else {
		c.events[v.tail[b]].next = slot
	}
	v.tail[b] = slot
}

// refill moves the earliest bucket into the window, by way of lower levels
// where it holds too many. The window is empty and the wheel is not.
func (c *calendar) refill() {
	c.near, c.first = c.near[:0], 0
	for {
		l := bits.TrailingZeros8(c.filled)
		v := &c.levels[l]
		b := v.lowest()
		slot := v.head[b]
		v.filled[b>>6] &^= 1 << (b & 63)
		if v.filled[0]|v.filled[1]|v.filled[2]|v.filled[3] == 0 {
			c.filled &^= 1 << l
		}
		c.base = c.bucket(l, b)
		c.limit = c.base + 1<<(8*l)
		if l == 7 { // the last level ends with time itself
			c.limit = forever
		}
		count := 0
		for s := slot; s != nobody && count <= nearMost; s = c.events[s].next {
			count++
		}
		if l == 0 || count <= nearMost {
			for slot != nobody {
				e := c.events[slot]
				c.near = append(c.near, due{e.time, slot})
				i := len(c.near) - 1
				for i > 0 && c.near[i-1].time > e.time {
					c.near[i], c.near[i-1] = c.near[i-1], c.near[i]
					i--
				}
				slot = e.next
			}
			return
		}
		for slot != nobody {
			e := c.events[slot]
			c.file(e.time, slot)
			slot = e.next
		}
	}
}

// lowest is the level's first filled bucket. Those before base are empty, as
// time never goes back.
func (v *level) lowest() uint8 {
	for w, word := range v.filled {
		if word != 0 {
			return uint8(64*w + bits.TrailingZeros64(word))
		}
	}
	panic("sim: calendar level is not filled")
}
