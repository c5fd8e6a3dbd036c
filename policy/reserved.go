package policy

import "fmt"

// validateReserved checks that what is reserved for a tenant stays with it.
func (c *Config) validateReserved(i int) error {
	k := &c.Categories[i]
	if k.ReservedFor != 0 && c.Isolation != ByTenant {
		return fmt.Errorf("policy: category %q is reserved for tenant %d, but instances are not isolated by tenant", k.Name, k.ReservedFor)
	}
	for j := range k.Compatible {
		o := &k.Compatible[j]
		to := &c.Categories[o.Becomes(PoolID(i))]
		switch of := &c.Categories[o.Pool]; {
		case of.ReservedFor != 0 && of.ReservedFor != k.ReservedFor:
			return fmt.Errorf("policy: category %q: its compatible category %q is reserved for tenant %d", k.Name, of.Name, of.ReservedFor)
		case to.ReservedFor != of.ReservedFor && to.ReservedFor != k.ReservedFor:
			return fmt.Errorf("policy: category %q: instances of %q become those of %q, which is reserved for tenant %d and not for %d", k.Name, of.Name, to.Name, to.ReservedFor, max(of.ReservedFor, k.ReservedFor))
		}
	}
	if k.Below != nil && c.Categories[*k.Below].ReservedFor != k.ReservedFor {
		return fmt.Errorf("policy: category %q is reserved for tenant %d, the layer below it for %d", k.Name, k.ReservedFor, c.Categories[*k.Below].ReservedFor)
	}
	return nil
}

// reserves says whether instances that go from a pool to another, as they are,
// become a tenant's by that.
func (c *Config) reserves(from, to PoolID) bool {
	return c.Categories[from].ReservedFor == 0 && c.Categories[to].ReservedFor != 0
}

// lacksThere says whether an instance that becomes one of another pool as it is
// lacks something for a request there, because nothing is left of its stages.
func (c *Controller) lacksThere(from, to PoolID, r *Request) bool {
	k := &c.config.Categories[to]
	lacks, _ := k.Missing(Target{}, r.Target(k.Facets()))
	return lacks != 0 && !c.config.Categories[from].SameStages(k)
}

// admit catches hosts that send a tenant's request to what is reserved for another.
func (c *Controller) admit(r *Request) {
	if !c.reserves {
		return
	}
	if tenant := c.pools[r.Pool].tenant; tenant != 0 && tenant != r.Tenant {
		panic(fmt.Sprintf("policy: request %d of tenant %d in a pool that is reserved for tenant %d", r.ID, r.Tenant, tenant))
	}
}

// unclaimed is what of a target a pool's instances may be prepared for that nobody
// has claimed yet: under isolation a tenant's own data comes only to instances
// that are reserved for the tenant, or serve it.
func (c *Controller) unclaimed(id PoolID, to Target) Target {
	if c.config.Isolation == ByTenant && to.Tenant != c.pools[id].tenant {
		to.Tenant = 0
	}
	return to
}
