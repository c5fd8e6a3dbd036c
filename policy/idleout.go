package policy

// endIdle ends, at a tick, what a pool has held idle for longer than the
// category's time-out: beyond the level, or tied to a tenant. It returns when
// it has to look again if nothing happens to the pool.
func (c *Controller) endIdle(t Time, id PoolID, p *pool) Time {
	timeout := int64(c.config.Categories[id].IdleTimeout)
	if timeout == 0 {
		return Never
	}
	again, level := Never, max(p.Level.Stock, 0)
	for p.Warm > level && p.Shelf.Oldest != none {
		since := c.instances.Rows[p.Shelf.Oldest].Since
		if since+timeout > t {
			again = since + timeout
			break
		}
		c.retire(t, p.Shelf.Oldest, IdleTooLong)
	}
	for i := p.FirstApart; i != none; {
		row := &c.apart.Rows[i]
		if row.Oldest != none && (row.Tenant != 0 || p.Warm > level) {
			since := c.instances.Rows[row.Oldest].Since
			if since+timeout <= t {
				c.retire(t, row.Oldest, IdleTooLong)
				i = p.FirstApart // the shelf may be gone, and others with it
				continue
			}
			again = min(again, since+timeout)
		}
		i = row.Next
	}
	return again
}
