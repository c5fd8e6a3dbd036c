package config

import "shadowpool/policy"

// A Place is where requests of a category are served.
type Place struct {
	Category string
	Zone     string  // empty where zones do not matter
	Tenant   string  // that it is reserved for; empty: for all others
	Price    float64 // $/h of an instance, of the capacity type that has the least
}

// A Pool is a category in one of its zones, or the whole of one that has none,
// and of that what is reserved for a tenant, or all else.
type Pool struct {
	Place
	// Terms are the category's as they are there. Their name is the pool's:
	// gpu@eu-a~acme.
	Terms Category
}

// Pools are those of a category, in the order of its zones, and in each those that
// are reserved after the one for all.
func (k *Category) Pools() []Pool {
	if len(k.Zones) == 0 {
		return k.in("", k)
	}
	var all []Pool
	for i := range k.Zones {
		all = append(all, k.in(k.Zones[i].Name, &k.Zones[i])...)
	}
	return all
}

// in are the pools of a category in a zone, by its terms there.
func (k *Category) in(zone string, terms *Category) []Pool {
	all := []Pool{k.pool(zone, "", *terms)}
	for _, t := range terms.Tenants {
		all = append(all, k.pool(zone, t.Name, t))
	}
	return all
}

func (k *Category) pool(zone, tenant string, terms Category) Pool {
	at := inPlace(zone, tenant)
	terms.Name = k.Name + at
	terms.Compatible, terms.CrossZone = k.Compatible, k.CrossZone
	terms.Layers = append([]policy.Layer(nil), terms.Layers...)
	for j := range terms.Layers {
		terms.Layers[j].Name += at
	}
	return Pool{Place{k.Name, zone, tenant, terms.leastPrice()}, terms}
}

// leastPrice is that of an instance of k on spot, where that is less, $/h.
func (k *Category) leastPrice() float64 {
	if k.Spot.Price > 0 {
		return min(k.Price, k.Spot.Price)
	}
	return k.Price
}

// inPlace is what the name of a pool says after the category's.
func inPlace(zone, tenant string) string {
	at := ""
	if zone != "" {
		at = "@" + zone
	}
	if tenant != "" {
		at += tenantMark + tenant
	}
	return at
}

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
