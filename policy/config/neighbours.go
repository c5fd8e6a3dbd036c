package config

import (
	"time"

	"shadowpool/policy"
)

// PolicyCategories is the controller's view of pools, which are numbered in
// their order, without their layers. The tenants that pools are reserved for are
// numbered from 1 on as they come; a host that has other numbers puts those in
// their place.
func PolicyCategories(pools []Pool) []policy.Category {
	n := neighbours{pools, PlacesOf(pools), make(map[holder][]policy.PoolID)}
	numbers := make(map[string]uint32)
	for i, p := range pools {
		of := holder{p.Category, p.Tenant}
		n.by[of] = append(n.by[of], policy.PoolID(i))
		if _, known := numbers[p.Tenant]; !known && p.Tenant != "" {
			numbers[p.Tenant] = uint32(len(numbers) + 1)
		}
	}
	all := make([]policy.Category, len(pools))
	for i := range pools {
		all[i] = pools[i].Terms.policyCategory()
		all[i].ReservedFor = numbers[pools[i].Tenant]
		all[i].Compatible = n.compatible(policy.PoolID(i))
	}
	return all
}

// neighbours are the pools that may serve each other's requests.
type neighbours struct {
	pools  []Pool
	places []Place
	by     map[holder][]policy.PoolID
}

// A holder is a category, or what of it is reserved for a tenant.
type holder struct{ category, tenant string }

// compatible are the pools whose idle instances may serve requests of one: what is
// for all in its zone, if it is reserved; for requests that name no zone, those of
// the category in other zones; then compatible categories in the zone; then
// whatever is in other zones, as far as it may. What is reserved for a tenant
// serves only pools that are reserved for it, and goes before what is for all.
func (n neighbours) compatible(id policy.PoolID) []policy.Compatible {
	own := &n.pools[id]
	home := cheapest(n.places, n.by[holder{own.Category, own.Tenant}]) == id // where requests go that name no zone
	var near, far []policy.Compatible
	// bound and anywhere are the entries for either kind of request of what lives
	// in another zone, none where it may not serve. It becomes one of the pool to
	// that is its own category's or, adapted, the request's there.
	bound := func(other policy.PoolID, adapt time.Duration) []policy.Compatible {
		if own.Terms.CrossZone == nil {
			return nil
		}
		return n.there(id, policy.Compatible{Pool: other, Adapt: adapt + *own.Terms.CrossZone, For: policy.ForBound}, adapt > 0)
	}
	anywhere := func(other policy.PoolID, adapt time.Duration) []policy.Compatible {
		if !home {
			return nil
		}
		return n.there(id, policy.Compatible{Pool: other, Adapt: adapt, For: policy.ForAnywhere}, adapt > 0)
	}
	for _, s := range n.serving(own.Category, own.Tenant) {
		switch {
		case s == id:
		case n.pools[s].Zone == own.Zone:
			near = append(near, policy.Compatible{Pool: s, To: &id})
		default:
			near = append(near, anywhere(s, 0)...)
			far = append(far, bound(s, 0)...)
		}
	}
	for _, o := range own.Terms.Compatible {
		for _, other := range n.serving(o.Category, own.Tenant) {
			zone := n.pools[other].Zone
			if zone == own.Zone || zone == "" || own.Zone == "" {
				as := policy.Compatible{Pool: other, Adapt: o.Adapt}
				if to := n.reserved(other, own.Tenant); o.Adapt == 0 && to != other {
					as.To = &to
				}
				near = append(near, as)
				continue
			}
			if _, there := n.at(own.Category, zone, ""); there {
				far = append(far, anywhere(other, o.Adapt)...)
				far = append(far, bound(other, o.Adapt)...)
			}
		}
	}
	return append(near, far...)
}

// serving are the pools of a category that may serve a tenant's requests: those
// that are reserved for it, then those for all.
func (n neighbours) serving(category, tenant string) []policy.PoolID {
	all := n.by[holder{category, ""}]
	if tenant == "" {
		return all
	}
	return append(append([]policy.PoolID(nil), n.by[holder{category, tenant}]...), all...)
}

// at is the pool of a category in a zone that is reserved for a tenant, or for all.
func (n neighbours) at(category, zone, tenant string) (policy.PoolID, bool) {
	for _, p := range n.by[holder{category, tenant}] {
		if n.pools[p].Zone == zone {
			return p, true
		}
	}
	return 0, false
}

// reserved is what is reserved for a tenant where a pool is, or that pool itself.
func (n neighbours) reserved(p policy.PoolID, tenant string) policy.PoolID {
	if to, known := n.at(n.pools[p].Category, n.pools[p].Zone, tenant); known {
		return to
	}
	return p
}

// there is the entry of what lives in another zone than the pool whose requests
// it serves, with the pool that it belongs to afterwards. Where an instance would
// have to leave what is reserved for its tenant there is none.
func (n neighbours) there(id policy.PoolID, as policy.Compatible, adapted bool) []policy.Compatible {
	own, other := &n.pools[id], &n.pools[as.Pool]
	to := as.Pool
	switch {
	case adapted:
		to, _ = n.at(own.Category, other.Zone, "")
		if to = n.reserved(to, own.Tenant); n.pools[to].Tenant != other.Tenant && other.Tenant != "" {
			return nil
		}
	case as.Adapt == 0:
		to = n.reserved(to, own.Tenant)
	}
	as.To = &to
	return []policy.Compatible{as}
}

// cheapest is the pool whose instances have the least price, the first of them
// if there are several.
func cheapest(places []Place, of []policy.PoolID) policy.PoolID {
	best := of[0]
	for _, p := range of[1:] {
		if places[p].Price < places[best].Price {
			best = p
		}
	}
	return best
}
