package policy

// hints are those of a fleet that are outstanding: whose window is not over and
// of whose requests some have not come. Each looks forward to one instant at a
// time. Fields are exported for snapshots only.
type hints struct {
	Rows        []hintRow
	Empty       uint32 // first free row
	Outstanding int
	Looks       heap[look]
	Turns       int64 // of the looks so far
	Trust       trust
	Named       trust // of those that name a target: that their requests ask for it

	find map[HintID]uint32 // never iterated; nil until it is needed
}

// mostHints bounds how many hints are outstanding in a fleet (11 MB); more are
// not taken, and their requests come unannounced.
const mostHints = 1 << 16

// hintRow is an outstanding hint; a free row has no count.
type hintRow struct {
	Hint
	Came int32 // of its requests
	Met  int32 // of these, those that asked for what it names
	Next uint32
	// Names are the stages that go by its target, and Keys, once it is open, what
	// it names of each.
	Names uint8      `json:",omitempty"`
	Keys  []namedKey `json:",omitempty"`
	// Open is the index in its pool's list of open hints, none before it opens.
	Open uint32
	Turn int64 // of its next look; 0 is none
}

// look is when a hint is next looked at. One whose turn its row does not know
// has been overtaken.
type look struct {
	Due  Time
	Turn int64
	Row  uint32
}

//lint:ignore U1000 heap's constraint asks for it
func (a look) before(b look) bool { return a.Due < b.Due || a.Due == b.Due && a.Turn < b.Turn }

// looks is how many times the part of a window that a lead time reaches is
// revised while it grows.
const looks = 8

// slack is the span between two such looks, for lead times between lo and hi;
// nothing where both window and lead time are certain.
func (h *Hint) slack(lo, hi int64) int64 { return (h.To - h.From + hi - lo) / looks }

// next is when a hint is looked at after t: a lead time before it opens, as lead
// times are learned anew meanwhile; when it opens; while its window comes
// within reach; and at its end.
func (h *Hint) next(t Time, lo, hi int64) Time {
	opens, whole := h.From-hi, h.To-lo
	switch slack := h.slack(lo, hi); {
	case t < opens-hi:
		return opens - hi
	case t < opens:
		return opens
	case slack > 0 && t+slack < whole:
		return t + slack
	}
	return h.To
}

func (b *hints) row(id HintID) (uint32, bool) {
	if b.find == nil {
		b.find = make(map[HintID]uint32)
		for i := range b.Rows {
			if b.Rows[i].Count > 0 {
				b.find[b.Rows[i].ID] = uint32(i)
			}
		}
	}
	i, ok := b.find[id]
	return i, ok
}

// add takes a hint, to be looked at as soon as its look is scheduled; false if
// it is of no use.
func (b *hints) add(t Time, h Hint) (uint32, bool) {
	if h.To < t || b.Outstanding >= mostHints {
		return 0, false
	}
	if _, twice := b.row(h.ID); twice {
		return 0, false
	}
	h.From = max(h.From, t)
	i := b.Empty
	if i == uint32(len(b.Rows)) {
		b.Rows = append(b.Rows, hintRow{})
		b.Empty++
	} else {
		b.Empty = b.Rows[i].Next
	}
	b.Rows[i] = hintRow{Hint: h, Open: none, Keys: b.Rows[i].Keys}
	b.find[h.ID] = i
	b.Outstanding++
	return i, true
}

// schedule sets when a hint is next looked at.
func (b *hints) schedule(i uint32, at Time) {
	b.Turns++
	b.Rows[i].Turn = b.Turns
	b.Looks.push(look{at, b.Turns, i})
	if len(b.Looks) > 2*b.Outstanding+64 {
		b.forgetOvertaken()
	}
}

// forgetOvertaken keeps memory bounded where hints are withdrawn, or come true,
// long before their looks are due.
func (b *hints) forgetOvertaken() {
	was := b.Looks
	b.Looks = was[:0] // what is pushed takes the place of what was read
	for _, l := range was {
		if b.Rows[l.Row].Turn == l.Turn {
			b.Looks.push(l)
		}
	}
}

// nextLook is the earliest look, Never without any.
func (b *hints) nextLook() Time {
	for len(b.Looks) > 0 {
		l := b.Looks[0]
		if b.Rows[l.Row].Turn == l.Turn {
			return l.Due
		}
		b.Looks.pop()
	}
	return Never
}

// remove frees a row, which must be in no list of open hints or of a key.
func (b *hints) remove(i uint32) {
	delete(b.find, b.Rows[i].ID)
	b.Rows[i] = hintRow{Next: b.Empty, Keys: b.Rows[i].Keys[:0]}
	b.Empty = i
	b.Outstanding--
}

// came notes one of a hint's requests, and says whether it was the last.
func (b *hints) came(i uint32) (last bool) {
	row := &b.Rows[i]
	row.Came++
	return row.Came == row.Count
}

// settle notes what came of a hint that is over.
func (b *hints) settle(i uint32) {
	row := &b.Rows[i]
	claimed := float64(row.Probability * float64(row.Count))
	b.Trust.settle(row.Source, claimed, float64(row.Came))
	if row.Names != 0 {
		b.Named.settle(row.Source, claimed, float64(row.Met))
	}
}

// openHints are the rows of those of a pool that may come within a lead time,
// in no particular order, yet always in the same.
type openHints []uint32

func (b *hints) open(i uint32, list *openHints) {
	b.Rows[i].Open = uint32(len(*list))
	*list = append(*list, i)
}

func (b *hints) close(i uint32, list *openHints) {
	at := b.Rows[i].Open
	if at == none {
		return
	}
	s := *list
	last := s[len(s)-1]
	s[at] = last
	b.Rows[last].Open = at
	b.Rows[i].Open = none
	*list = s[:len(s)-1]
}
