package runtime

import (
	"cmp"
	"maps"
	"slices"
)

// names turns strings into small numbers for the controller, in the order in
// which they are first seen. 0 is the empty string, unknown, and every string
// that comes when the table is full.
type names struct {
	ids  map[string]uint32 // never iterated
	most int
}

func newNames(most int) names { return names{ids: make(map[string]uint32), most: most} }

// id is the number of s, and whether it has one of its own.
func (n *names) id(s string) (uint32, bool) {
	if s == "" {
		return 0, false
	}
	if id, ok := n.ids[s]; ok {
		return id, true
	}
	if len(n.ids) >= n.most {
		return 0, false
	}
	id := uint32(len(n.ids) + 1)
	n.ids[s] = id
	return id, true
}

// put gives a string the number that it had before.
func (n *names) put(s string, id uint32) {
	if s != "" && id != 0 {
		n.ids[s] = id
	}
}

// list is every string that has a number, in the order of these.
func (n *names) list() []string {
	return slices.SortedFunc(maps.Keys(n.ids), func(a, b string) int { return cmp.Compare(n.ids[a], n.ids[b]) })
}

// mostSpent is how many keys of claims that are over are remembered.
const mostSpent = 10_000

// spent remembers the latest keys of claims that are over, so that a request
// which comes again late gets no second instance.
type spent struct {
	known map[string]struct{} // never iterated
	order []string            // as they came; once full, the oldest is at next
	next  int
	most  int
}

func newSpent(most int) spent { return spent{known: make(map[string]struct{}), most: most} }

func (s *spent) has(key string) bool {
	_, ok := s.known[key]
	return ok
}

func (s *spent) add(key string) {
	if s.has(key) {
		return
	}
	s.known[key] = struct{}{}
	if len(s.order) < s.most {
		s.order = append(s.order, key)
		return
	}
	delete(s.known, s.order[s.next])
	s.order[s.next] = key
	s.next = (s.next + 1) % s.most
}

// list is what is remembered, the oldest first.
func (s *spent) list() []string { return slices.Concat(s.order[s.next:], s.order[:s.next]) }
