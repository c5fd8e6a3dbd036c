package policy

import "slices"

// A rank is the worth of an idle instance. It is stale when the instance is no
// longer idle since then.
type rank struct {
	Worth    float64
	Since    Time
	Instance InstanceID
}

//lint:ignore U1000 heap's constraint asks for it
func (a rank) before(b rank) bool {
	switch {
	case a.Worth != b.Worth:
		return a.Worth < b.Worth
	case a.Since != b.Since:
		return a.Since < b.Since
	}
	return a.Instance < b.Instance
}

// ranks has the rank of every idle instance, and stale ones: claims leave
// theirs behind, so that they cost nothing.
type ranks struct {
	heap  heap[rank]
	clear int // the length at which stale ranks are cleared out
}

const fewestRanks = 1024

// rank notes the worth of an instance that has become idle.
func (c *Controller) rank(t Time, slot uint32) {
	in := &c.instances.Rows[slot]
	c.ranks.heap.push(rank{c.evicts.Worth(t, in.Pool), in.Since, c.instances.id(slot)})
	if len(c.ranks.heap) < max(c.ranks.clear, fewestRanks) {
		return
	}
	c.ranks.heap = slices.DeleteFunc(c.ranks.heap, c.stale)
	slices.SortFunc(c.ranks.heap, func(a, b rank) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	c.ranks.clear = 2 * len(c.ranks.heap)
}

func (c *Controller) stale(r rank) bool {
	slot := r.Instance.Slot()
	in := &c.instances.Rows[slot]
	return in.State != idle || in.Since != r.Since || c.instances.id(slot) != r.Instance
}

// rankAll ranks what is idle afresh, for another sizer.
func (c *Controller) rankAll(t Time) {
	c.ranks.heap = c.ranks.heap[:0]
	if c.evicts == nil {
		return
	}
	for slot := range c.instances.Rows {
		if c.instances.Rows[slot].State == idle {
			c.rank(t, uint32(slot))
		}
	}
	c.evict(t, 0)
}

// evict ends idle instances, those of least worth first, until there is room
// for as many as are coming.
func (c *Controller) evict(t Time, coming int) {
	for room := c.evicts.Room() - coming; c.instances.Alive > room && len(c.ranks.heap) > 0; {
		r := c.ranks.heap.pop()
		if c.stale(r) {
			continue
		}
		slot := r.Instance.Slot()
		id := c.instances.Rows[slot].Pool
		c.retire(t, slot, ForMemory)
		c.evicts.Evicted(t, id, r.Worth, c.pools[id].stock())
	}
}
