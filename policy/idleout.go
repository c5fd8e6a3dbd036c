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
	end := func(s *shelf, tied bool) {
		for slot := s.Oldest; slot != none && (tied || p.Warm > level); {
			newer := c.instances.Rows[slot].Next
			if since := c.instances.Rows[slot].Since; since+timeout <= t {
				c.retire(t, slot, IdleTooLong)
			} else if again = min(again, since+timeout); !p.staged { // else what was prepared meanwhile is out of order
				return
			}
			slot = newer
		}
	}
	end(&p.Shelf, false)
	for i := p.FirstApart; i != none; {
		row := &c.apart.Rows[i]
		next := row.Next
		end(&row.shelf, row.Tenant != 0)
		i = next
	}
	return again
}
