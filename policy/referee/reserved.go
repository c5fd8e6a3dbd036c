package referee

import (
	"slices"

	"shadowpool/policy"
)

// belong makes an instance one of a pool. What was ever reserved for a tenant
// stays that.
func (r *Referee) belong(in *instance, id policy.PoolID) {
	in.pool = id
	tenant := r.pools[id].category.ReservedFor
	if in.reserved != 0 && in.reserved != tenant {
		r.fail(Reservation, "instance %s is reserved for tenant %d and comes to pool %d, which is for %d", nameOf(in.id), in.reserved, id, tenant)
	}
	if in.reserved = tenant; tenant != 0 {
		in.tenant = 0 // all of the pool are that tenant's
	}
}

// isFor says whether an instance that is reserved for a tenant may serve a request:
// one of the tenant that is sent to where it is reserved for. Any other may.
func (r *Referee) isFor(in *instance, q *request) bool {
	return in.reserved == 0 || in.reserved == q.Tenant && in.reserved == r.pools[q.Pool].category.ReservedFor
}

// owns checks that what a tenant has of its own is brought only to what is reserved
// for it.
func (r *Referee) owns(in *instance, to policy.Target) {
	if r.config.Isolation == policy.ByTenant && to.Tenant != 0 && to.Tenant != in.reserved {
		r.fail(Reservation, "instance %s is to be prepared with what is tenant %d's own, and is reserved for %d", nameOf(in.id), to.Tenant, in.reserved)
	}
}

// reserving says whether an instance that goes from a pool to another, as it is,
// becomes a tenant's by that.
func (r *Referee) reserving(from, to policy.PoolID) bool {
	return from != to && r.pools[from].category.ReservedFor == 0 && r.pools[to].category.ReservedFor != 0
}

// lacksThere says whether an instance that comes to a pool as it is has nothing of
// what a request needs there.
func (r *Referee) lacksThere(in *instance, to policy.PoolID, q *request) bool {
	k := &r.pools[to].category
	lacks := new(done).missing(k, q.Target(k.Facets()))
	return in.pool != to && lacks != 0 && !alike(&r.pools[in.pool].category, k)
}

// alike says whether what has been done in one category is done in another.
func alike(a, b *policy.Category) bool {
	return slices.EqualFunc(a.Stages, b.Stages, func(x, y policy.Stage) bool {
		return x.Name == y.Name && x.Of == y.Of && x.Keeps == y.Keeps
	})
}
