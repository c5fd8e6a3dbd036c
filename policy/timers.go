package policy

// expiry is when the oldest instance of a shelf may have been idle for too
// long. There is at most one a shelf: it is set when the shelf gets its first
// instance and looks again when it is due, so that claims and releases in
// between cost nothing.
type expiry struct {
	Due   Time
	Shelf shelfID
}

// wake is when a sleeping pool next needs a tick.
type wake struct {
	Due  Time
	Pool PoolID
}

//lint:ignore U1000 heap's constraint asks for it
func (a expiry) before(b expiry) bool {
	return a.Due < b.Due || a.Due == b.Due && a.Shelf < b.Shelf
}

//lint:ignore U1000 heap's constraint asks for it
func (a wake) before(b wake) bool {
	return a.Due < b.Due || a.Due == b.Due && a.Pool < b.Pool
}

// heap is a 4-ary min-heap; before is a total order, so what is popped does
// not depend on the order of the pushes.
type heap[T interface{ before(T) bool }] []T

func (h *heap[T]) push(v T) {
	s := append(*h, v)
	i := len(s) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !v.before(s[up]) {
			break
		}
		s[i] = s[up]
		i = up
	}
	s[i] = v
	*h = s
}

func (h *heap[T]) pop() T {
	s := *h
	top := s[0]
	v := s[len(s)-1]
	s = s[:len(s)-1]
	if len(s) > 0 {
		i := 0
		for {
			first := 4*i + 1
			if first >= len(s) {
				break
			}
			least := first
			for j := first + 1; j < min(first+4, len(s)); j++ {
				if s[j].before(s[least]) {
					least = j
				}
			}
			if !s[least].before(v) {
				break
			}
			s[i] = s[least]
			i = least
		}
		s[i] = v
	}
	*h = s
	return top
}
