package policy

// claimScrubbed gives a request an idle instance that has served another
// tenant, which is scrubbed of all that tenant's first, where that is sooner
// than a launch: the one that has been idle for longest. Who requires a warm
// instance is given none.
func (c *Controller) claimScrubbed(t Time, r *Request, p *pool) bool {
	if p.Tied == 0 || r.Warm == RequireWarm || c.draining {
		return false
	}
	slot := none
	for i := p.FirstApart; i != none; i = c.apart.Rows[i].Next {
		row := &c.apart.Rows[i]
		if row.Tenant == 0 || row.Count == 0 {
			continue
		}
		oldest := row.Oldest
		if slot != none && c.instances.Rows[oldest].Since >= c.instances.Rows[slot].Since {
			continue
		}
		if c.lived {
			if _, unfit := c.unfit(t, oldest, r.Pool); unfit {
				continue
			}
		}
		slot = oldest
	}
	if slot == none {
		return false
	}
	c.unshelve(slot)
	c.assignScrubbed(t, slot, r)
	return true
}

// assignScrubbed promotes an instance of another tenant that is on no shelf.
func (c *Controller) assignScrubbed(t Time, slot uint32, r *Request) {
	if c.staged {
		c.unprepare(slot, r.Pool)
		c.wipe(slot)
	}
	c.assign(t, slot, r.Pool, r, PartialHit, WasScrubbed, int64(c.config.Categories[r.Pool].Scrub))
}

// scrubs says whether a category's instances may go from tenant to tenant.
func (c *Config) scrubs(k *Category) bool {
	return c.Isolation == ByTenant && k.Reusable && k.Scrub > 0 && k.Scrub < k.LeadTime
}
