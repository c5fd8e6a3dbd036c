package tournament

import "shadowpool/policy"

// A request is what is known of one so far, in reality.
type request struct {
	policy.Request
	arrived, served policy.Time
	state           requestState
	duration        int64       // ns, if it is over
	gone            policy.Time // when it was withdrawn
	open            int         // worlds that are not done with it
}

type requestState uint8

const (
	waits requestState = iota
	isServed
	isOver      // its duration is known
	isWithdrawn // without an instance
)

// lasts is how long a request that began at start is served, ns. What was
// withdrawn in reality is given back when it was.
func (r *request) lasts(start policy.Time) int64 {
	if r.state == isWithdrawn {
		return max(r.gone-start, 0)
	}
	return r.duration
}

// A bound keeps a world behind reality: a request that it serves already, and of
// which it is not known how long.
type bound struct {
	key int64 // a time, or the distance of a time from the present, ns
	id  policy.RequestID
}

// bounds are a binary heap, the least first. Those that are out of date are dropped
// when they come up.
type bounds []bound

func (b *bounds) push(n bound) {
	h := append(*b, n)
	*b = h
	for i := len(h) - 1; i > 0 && h[i].key < h[(i-1)/2].key; i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
}

func (b *bounds) pop() {
	h := *b
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	*b = h
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < last && h[down].key < h[least].key {
				least = down
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
