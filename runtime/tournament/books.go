package tournament

import "shadowpool/policy"

// books reckon the instances and requests of a world, virtual or real, block by
// block.
type books struct {
	block int64         // ns
	next  policy.Time   // when the open block ends
	idle  []idleness    // by pool
	open  count         // of the open block
	total count         // of those before
	ends  []closedBlock // ended, not taken yet
	by    []terms
}

// idleness is how many instances of a pool are idle, and since when.
type idleness struct {
	count int64
	since policy.Time
}

// A closedBlock is what a block came to.
type closedBlock struct {
	end policy.Time
	Figures
}

func newBooks(by []terms, block int64, start policy.Time) *books {
	b := &books{block: block, next: (start/block + 1) * block, by: by, open: newCount(len(by)), total: newCount(len(by))}
	b.idle = make([]idleness, len(by))
	for i := range b.idle {
		b.idle[i].since = start
	}
	return b
}

// upTo closes the blocks that have ended by t. Everything before t is in the books.
func (b *books) upTo(t policy.Time) {
	for b.next <= t {
		for i := range b.idle {
			b.reckon(b.next, policy.PoolID(i))
		}
		b.ends = append(b.ends, closedBlock{b.next, b.open.figures(b.by)})
		b.total.add(&b.open)
		b.open.reset()
		b.next += b.block
	}
}

// reckon enters a pool's idle time up to t.
func (b *books) reckon(t policy.Time, p policy.PoolID) *idleness {
	i := &b.idle[p]
	b.open.pools[p].idle.add(i.count * (t - i.since))
	i.since = t
	return i
}

func (b *books) idles(t policy.Time, p policy.PoolID)  { b.reckon(t, p).count++ }
func (b *books) engage(t policy.Time, p policy.PoolID) { b.reckon(t, p).count-- }

// wasted enters the launching of an instance that is gone and never served, ns.
func (b *books) wasted(p policy.PoolID, launching int64) { b.open.pools[p].wasted.add(launching) }

// soFar are the figures of all that is in the books at t.
func (b *books) soFar(t policy.Time) Figures {
	for i := range b.idle {
		b.reckon(max(t, b.idle[i].since), policy.PoolID(i))
	}
	sum := newCount(len(b.by))
	sum.add(&b.total)
	sum.add(&b.open)
	return sum.figures(b.by)
}

// empty forgets the instances that are idle at t.
func (b *books) empty(t policy.Time) {
	for i := range b.idle {
		b.reckon(t, policy.PoolID(i)).count = 0
	}
}

// take takes the first block that has ended.
func (b *books) take() closedBlock {
	first := b.ends[0]
	b.ends = append(b.ends[:0], b.ends[1:]...)
	return first
}
