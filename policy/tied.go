package policy

// open finds or makes the shelf of a tenant in a pool.
func (t *tied) open(key tenantKey, p *pool) uint32 {
	if i, ok := t.find[key]; ok {
		return i
	}
	i := t.Empty
	if i == none {
		i = uint32(len(t.Rows))
		t.Rows = append(t.Rows, tiedShelf{})
	} else {
		t.Empty = t.Rows[i].Next
	}
	t.Rows[i] = tiedShelf{shelf: emptyShelf, Pool: key.Pool, Tenant: key.Tenant, Next: p.FirstTied, Prev: none}
	if p.FirstTied != none {
		t.Rows[p.FirstTied].Prev = i
	}
	p.FirstTied = i
	t.find[key] = i
	return i
}

// firstFilled is the first of a pool's tenants' shelves that holds something;
// there is one.
func (t *tied) firstFilled(p *pool) uint32 {
	i := p.FirstTied
	for t.Rows[i].Count == 0 {
		i = t.Rows[i].Next
	}
	return i
}

// close gives a shelf's row back, unless it still holds something or its
// timer will come to look.
func (t *tied) close(i uint32, p *pool) {
	s := &t.Rows[i]
	if s.Count > 0 || s.Due != Never {
		return
	}
	if s.Prev == none {
		p.FirstTied = s.Next
	} else {
		t.Rows[s.Prev].Next = s.Next
	}
	if s.Next != none {
		t.Rows[s.Next].Prev = s.Prev
	}
	delete(t.find, tenantKey{s.Pool, s.Tenant})
	*s = tiedShelf{shelf: emptyShelf, Next: t.Empty, Prev: none}
	t.Empty = i
}
