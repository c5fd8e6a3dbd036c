package tournament

import "shadowpool/policy"

// An event of a virtual instance is still to come.
type event struct {
	t     policy.Time
	class policy.Class
	seq   uint64 // among those of one instant and class: in the order in which they were caused
	slot  uint32
	gen   uint32
	fails bool // a launch does, in place of becoming warm
}

func (e *event) before(o *event) bool {
	switch {
	case e.t != o.t:
		return e.t < o.t
	case e.class != o.class:
		return e.class < o.class
	}
	return e.seq < o.seq
}

// A calendar is a binary heap of events.
type calendar []event

func (c *calendar) push(e event) {
	h := append(*c, e)
	*c = h
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			return
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (c *calendar) pop() event {
	h := *c
	top := h[0]
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	*c = h
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < last && h[down].before(&h[least]) {
				least = down
			}
		}
		if least == i {
			return top
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

// next is when the first event comes, policy.Never without one.
func (c calendar) next() policy.Time {
	if len(c) == 0 {
		return policy.Never
	}
	return c[0].t
}
