package policy

// MaxKeeps bounds how many keys of a stage an instance keeps.
const MaxKeeps = 32

// A KeptKey is what a stage was done for: a Target with the facets that the
// stage goes by.
type KeptKey struct {
	Stage uint8 // index in Category.Stages
	Key   Target
}

// Key is what the stage is done for where a request needs a target.
func (s *Stage) Key(t Target) Target { return Target{}.With(s.Of, t) }

// keptRow is one further key that an instance keeps, beside its target.
type keptRow struct {
	KeptKey
	Slot uint32
	// After is the instance's next key, which it has had for less long; of a
	// free row, the next free one.
	After uint32
	// Next and Prev are among the idle instances that keep the key.
	Next, Prev uint32
	Holder     uint32 // row of those; none while the instance is not idle
}

// holders are the idle instances of a pool that keep a key.
type holders struct {
	Pool PoolID
	KeptKey
	First uint32
	Count int32 // of those that are free for all
	// Coming is how many are fetching the key.
	Coming int32
	Linked int32 // all of them
}

type holdersKey struct {
	Pool PoolID
	KeptKey
}

// kept is the table of what instances keep beside their targets.
type kept struct {
	Rows    []keptRow
	Empty   uint32
	Holders []holders
	Vacant  uint32 // the first unused row of Holders, whose First is the next one

	find map[holdersKey]uint32 // never iterated
}

func emptyKept() kept { return kept{Empty: none, Vacant: none, find: map[holdersKey]uint32{}} }

// restored makes what a snapshot does not hold.
func (k *kept) restored() {
	k.find = map[holdersKey]uint32{}
	for i := range k.Holders {
		if h := &k.Holders[i]; h.Linked > 0 || h.Coming > 0 {
			k.find[holdersKey{h.Pool, h.KeptKey}] = uint32(i)
		}
	}
}

// has says whether the instance whose keys begin at first keeps one.
func (k *kept) has(first uint32, key KeptKey) bool {
	for i := first; i != none; i = k.Rows[i].After {
		if k.Rows[i].KeptKey == key {
			return true
		}
	}
	return false
}

// add gives an instance, which is not idle, a further key; of those of the
// stage it keeps at most so many, and loses the one that it has had for longest.
func (k *kept) add(first *uint32, slot uint32, key KeptKey, most int) {
	last, oldest, n := none, none, 0
	for i := *first; i != none; i = k.Rows[i].After {
		if k.Rows[i].Stage == key.Stage {
			if n++; oldest == none {
				oldest = i
			}
		}
		last = i
	}
	row := k.Empty
	if row == none {
		row = uint32(len(k.Rows))
		k.Rows = append(k.Rows, keptRow{})
	} else {
		k.Empty = k.Rows[row].After
	}
	k.Rows[row] = keptRow{KeptKey: key, Slot: slot, After: none, Next: none, Prev: none, Holder: none}
	if last == none {
		*first = row
	} else {
		k.Rows[last].After = row
	}
	if n >= most {
		k.drop(first, k.Rows[oldest].KeptKey)
	}
}

// drop takes a key from an instance, which is not idle.
func (k *kept) drop(first *uint32, key KeptKey) {
	before := none
	for i := *first; i != none; before, i = i, k.Rows[i].After {
		if k.Rows[i].KeptKey != key {
			continue
		}
		if before == none {
			*first = k.Rows[i].After
		} else {
			k.Rows[before].After = k.Rows[i].After
		}
		k.Rows[i].After, k.Empty = k.Empty, i
		return
	}
}

// clear takes all keys from an instance, which is not idle.
func (k *kept) clear(first *uint32) {
	for i := *first; i != none; {
		next := k.Rows[i].After
		k.Rows[i].After, k.Empty = k.Empty, i
		i = next
	}
	*first = none
}

// open finds or makes the row of those that keep a key.
func (k *kept) open(key holdersKey) uint32 {
	if i, ok := k.find[key]; ok {
		return i
	}
	i := k.Vacant
	if i == none {
		i = uint32(len(k.Holders))
		k.Holders = append(k.Holders, holders{})
	} else {
		k.Vacant = k.Holders[i].First
	}
	k.Holders[i] = holders{Pool: key.Pool, KeptKey: key.KeptKey, First: none}
	k.find[key] = i
	return i
}

// close gives the row back if nobody keeps or fetches the key.
func (k *kept) close(i uint32) {
	if h := &k.Holders[i]; h.Linked == 0 && h.Coming == 0 {
		delete(k.find, holdersKey{h.Pool, h.KeptKey})
		h.First, k.Vacant = k.Vacant, i
	}
}

// keeping tells the sizer how many keep a key or will.
func (c *Controller) keeping(i uint32) {
	if h := &c.kept.Holders[i]; c.aims != nil {
		c.aims.Keeps(h.Pool, h.KeptKey, h.Count+h.Coming)
	}
}

// linkKept makes what an instance keeps known, as it is idle now.
func (c *Controller) linkKept(slot uint32, in *instance) {
	for i := c.prepared[slot].First; i != none; i = c.kept.Rows[i].After {
		at := c.kept.open(holdersKey{in.Pool, c.kept.Rows[i].KeptKey})
		h, row := &c.kept.Holders[at], &c.kept.Rows[i]
		row.Holder, row.Next, row.Prev = at, h.First, none
		if h.First != none {
			c.kept.Rows[h.First].Prev = i
		}
		h.First = i
		h.Linked++
		if in.Tenant == 0 {
			h.Count++
		}
		c.keeping(at)
	}
}

// unlinkKept takes an instance that was idle from those that keep its keys.
func (c *Controller) unlinkKept(slot uint32, in *instance) {
	for i := c.prepared[slot].First; i != none; i = c.kept.Rows[i].After {
		row := &c.kept.Rows[i]
		at := row.Holder
		h := &c.kept.Holders[at]
		if row.Prev == none {
			h.First = row.Next
		} else {
			c.kept.Rows[row.Prev].Next = row.Next
		}
		if row.Next != none {
			c.kept.Rows[row.Next].Prev = row.Prev
		}
		row.Holder, row.Next, row.Prev = none, none, none
		h.Linked--
		if in.Tenant == 0 {
			h.Count--
		}
		c.keeping(at)
		c.kept.close(at)
	}
}
