package policy

// row is that of a shelf, if there is one.
func (t *apart) row(key apartKey) (uint32, bool) {
	if i := *t.near.at(key.Target, key.Tenant+uint32(key.Pool)<<16); int(i) < len(t.Rows) && t.Rows[i].key() == key {
		return i, true
	}
	return t.lookUp(key)
}

// lookUp is apart, so that what is remembered is found without much ado.
//
//go:noinline
func (t *apart) lookUp(key apartKey) (uint32, bool) {
	i, ok := t.find[key]
	if ok {
		*t.near.at(key.Target, key.Tenant+uint32(key.Pool)<<16) = i
	}
	return i, ok
}

// open finds or makes a shelf of a pool.
func (t *apart) open(key apartKey, p *pool) uint32 {
	if i, ok := t.row(key); ok {
		return i
	}
	i := t.Empty
	if i == none {
		i = uint32(len(t.Rows))
		t.Rows = append(t.Rows, apartShelf{})
	} else {
		t.Empty = t.Rows[i].Next
	}
	t.Rows[i] = apartShelf{shelf: emptyShelf, Pool: key.Pool, Tenant: key.Tenant, Target: key.Target, Next: p.FirstApart, Prev: none}
	if p.FirstApart != none {
		t.Rows[p.FirstApart].Prev = i
	}
	p.FirstApart = i
	t.find[key] = i
	return i
}

// firstTied is the first of a pool's shelves for one tenant that holds something;
// there is one.
func (t *apart) firstTied(p *pool) uint32 {
	i := p.FirstApart
	for t.Rows[i].Count == 0 || t.Rows[i].Tenant == 0 {
		i = t.Rows[i].Next
	}
	return i
}

// close gives a shelf's row back, unless it still holds something or its
// timer will come to look.
func (t *apart) close(i uint32, p *pool) {
	s := &t.Rows[i]
	if s.Count > 0 || s.Coming > 0 || s.Due != Never {
		return
	}
	if s.Prev == none {
		p.FirstApart = s.Next
	} else {
		t.Rows[s.Prev].Next = s.Next
	}
	if s.Next != none {
		t.Rows[s.Next].Prev = s.Prev
	}
	delete(t.find, s.key())
	*s = apartShelf{shelf: emptyShelf, Next: t.Empty, Prev: none}
	t.Empty = i
}
