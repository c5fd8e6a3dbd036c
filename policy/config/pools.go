package config

import (
	"time"

	"shadowpool/policy"
)

// A Place is where requests of a category are served.
type Place struct {
	Category string
	Zone     string  // empty where zones do not matter
	Price    float64 // $/h of an instance, of the capacity type that has the least
}

// A Pool is a category in one of its zones, or the whole of one that has none.
type Pool struct {
	Place
	// Terms are the category's as they are there. Their name is the pool's:
	// gpu@eu-a.
	Terms Category
}

// Pools are those of a category, in the order of its zones.
func (k *Category) Pools() []Pool {
	if len(k.Zones) == 0 {
		return []Pool{{Place{k.Name, "", k.leastPrice()}, *k}}
	}
	all := make([]Pool, len(k.Zones))
	for i, terms := range k.Zones {
		zone := terms.Name
		terms.Name = inZone(k.Name, zone)
		terms.Compatible, terms.CrossZone = k.Compatible, k.CrossZone
		terms.Layers = append([]policy.Layer(nil), terms.Layers...)
		for j := range terms.Layers {
			terms.Layers[j].Name = inZone(terms.Layers[j].Name, zone)
		}
		all[i] = Pool{Place{k.Name, zone, terms.leastPrice()}, terms}
	}
	return all
}

// leastPrice is that of an instance of k on spot, where that is less, $/h.
func (k *Category) leastPrice() float64 {
	if k.Spot.Price > 0 {
		return min(k.Price, k.Spot.Price)
	}
	return k.Price
}

func inZone(name, zone string) string { return name + "@" + zone }

// Pools are those of the listed categories, in the file's order. A file that
// lists none has those of one category, called "default".
func (f *Fleet) Pools() []Pool {
	var all []Pool
	for i := range f.Categories {
		all = append(all, f.Categories[i].Pools()...)
	}
	if len(all) == 0 {
		all = f.Template("default")
	}
	return all
}

// Template are the pools of a category that is like the default.
func (f *Fleet) Template(name string) []Pool {
	k := *f.Default
	k.Name = name
	return k.Pools()
}

// PlacesOf are the places of pools.
func PlacesOf(pools []Pool) []Place {
	all := make([]Place, len(pools))
	for i := range pools {
		all[i] = pools[i].Place
	}
	return all
}

// PolicyCategories is the controller's view of pools, which are numbered in
// their order, without their layers.
func PolicyCategories(pools []Pool) []policy.Category {
	by := make(map[string][]policy.PoolID)
	for i, p := range pools {
		by[p.Category] = append(by[p.Category], policy.PoolID(i))
	}
	n := neighbours{pools, PlacesOf(pools), by}
	all := make([]policy.Category, len(pools))
	for i := range pools {
		all[i] = pools[i].Terms.policyCategory()
		all[i].Compatible = n.compatible(policy.PoolID(i))
	}
	return all
}

// neighbours are the pools that may serve each other's requests.
type neighbours struct {
	pools  []Pool
	places []Place
	by     map[string][]policy.PoolID // category
}

// compatible are the pools whose idle instances may serve requests of one: for
// requests that name no zone, those of the category in other zones; then
// compatible categories in the zone; then whatever is in other zones, as far as
// it may.
func (n neighbours) compatible(id policy.PoolID) []policy.Compatible {
	own := &n.pools[id]
	siblings := n.by[own.Category]
	home := cheapest(n.places, siblings) == id // where requests go that name no zone
	var near, far []policy.Compatible
	// bound and anywhere are the entries for either kind of request of what lives
	// in another zone and belongs to pool to afterwards, none where it may not.
	bound := func(other, to policy.PoolID, adapt time.Duration) []policy.Compatible {
		if own.Terms.CrossZone == nil {
			return nil
		}
		return []policy.Compatible{{Pool: other, Adapt: adapt + *own.Terms.CrossZone, To: &to, For: policy.ForBound}}
	}
	anywhere := func(other, to policy.PoolID, adapt time.Duration) []policy.Compatible {
		if !home {
			return nil
		}
		return []policy.Compatible{{Pool: other, Adapt: adapt, To: &to, For: policy.ForAnywhere}}
	}
	for _, s := range siblings {
		if s != id {
			near = append(near, anywhere(s, s, 0)...)
			far = append(far, bound(s, s, 0)...)
		}
	}
	for _, o := range own.Terms.Compatible {
		for _, other := range n.by[o.Category] {
			zone := n.pools[other].Zone
			if zone == own.Zone || zone == "" || own.Zone == "" {
				near = append(near, policy.Compatible{Pool: other, Adapt: o.Adapt})
				continue
			}
			for _, to := range siblings {
				if n.pools[to].Zone != zone {
					continue
				}
				if o.Adapt == 0 {
					to = other
				}
				far = append(far, anywhere(other, to, o.Adapt)...)
				far = append(far, bound(other, to, o.Adapt)...)
			}
		}
	}
	return append(near, far...)
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
