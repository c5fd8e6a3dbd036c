package runtime

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
