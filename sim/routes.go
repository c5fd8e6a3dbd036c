package sim

import (
	"errors"
	"fmt"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/trace"
)

// routes are the pools that the requests of a trace go to.
type routes struct {
	directory *config.Directory
	names     trace.Strings
	pooled    bool
	// shared are by category; reserved by category and tenant, nil where requests
	// go where all do.
	shared   []route
	reserved [][]*route
}

// A route is where requests of a category go: a tenant's, or all others.
type route struct {
	any   policy.PoolID   // of those that name no zone
	zones []policy.PoolID // by the trace's zone; nil where zones do not matter
}

// noPool is where requests go that the fleet does not serve.
const noPool = ^policy.PoolID(0)

// elsewhere is where requests go that another part of the run replays.
const elsewhere = noPool - 1

// restrict sends elsewhere what is not for some pools.
func (r *routes) restrict(pools []bool) {
	for i := range r.shared {
		r.shared[i].restrict(pools)
	}
	for _, tenants := range r.reserved {
		for _, own := range tenants {
			if own != nil {
				own.restrict(pools)
			}
		}
	}
}

func (r *route) restrict(pools []bool) {
	for i, p := range append(r.zones, r.any) {
		if p == noPool || pools[p] {
			continue
		}
		if i < len(r.zones) {
			r.zones[i] = elsewhere
		} else {
			r.any = elsewhere
		}
	}
}

// routes makes those of a trace with such names.
func (f *Fleet) routes(names trace.Strings) *routes {
	if len(names.Category) == 0 {
		names.Category = []string{""}
	}
	places := make([]config.Place, len(f.Categories)-f.Layers)
	for i := range places {
		k := &f.Categories[i]
		places[i] = config.Place{Category: k.Name, Zone: k.Zone, Tenant: k.Tenant, Price: k.Price}
		if k.Of != "" {
			places[i].Category = k.Of
		}
		if k.Spot != nil {
			places[i].Price = min(k.Price, k.Spot.Price)
		}
	}
	r := &routes{
		directory: config.NewDirectory(places), names: names, pooled: f.Pooled,
		shared: make([]route, len(names.Category)),
	}
	numbers := tenantNumbers(f.tenants(), names.Tenant)
	for i := range names.Category {
		r.shared[i] = r.route(i, "")
		for _, tenant := range r.directory.Tenants(r.category(i)) {
			n := numbers[tenant]
			if int(n) >= len(names.Tenant) { // it asks for nothing
				continue
			}
			if r.reserved == nil {
				r.reserved = make([][]*route, len(names.Category))
			}
			if r.reserved[i] == nil {
				r.reserved[i] = make([]*route, len(names.Tenant))
			}
			own := r.route(i, tenant)
			r.reserved[i][n] = &own
		}
	}
	return r
}

// route is where a tenant's requests of a category go.
func (r *routes) route(category int, tenant string) route {
	to := route{any: r.find(category, 0, tenant)}
	if len(r.names.Zone) > 0 && r.directory.Zoned(r.category(category)) {
		to.zones = make([]policy.PoolID, len(r.names.Zone))
		for z := range r.names.Zone {
			to.zones[z] = r.find(category, z, tenant)
		}
	}
	return to
}

// category is that of the fleet which serves a category of the trace.
func (r *routes) category(i int) string {
	if r.pooled {
		only, _ := r.directory.Only()
		return only
	}
	return r.names.Category[i]
}

// find is the pool of a tenant's requests of a category in a zone, noPool if
// there is none.
func (r *routes) find(category, zone int, tenant string) policy.PoolID {
	if p, served := r.directory.Find(r.category(category), r.zone(zone), tenant); served {
		return p
	}
	return noPool
}

// zone is a zone's name; the first is the one that is not known.
func (r *routes) zone(i int) string {
	if i == 0 {
		return ""
	}
	return r.names.Zone[i]
}

// of is the pool of a row.
func (r *routes) of(c *trace.Columns, i int) policy.PoolID {
	k := uint32(0)
	if c.Category != nil {
		k = c.Category[i]
	}
	to := &r.shared[k]
	if r.reserved != nil && c.Tenant != nil && r.reserved[k] != nil {
		if own := r.reserved[k][c.Tenant[i]]; own != nil {
			to = own
		}
	}
	if to.zones != nil && c.Zone != nil {
		return to.zones[c.Zone[i]]
	}
	return to.any
}

// unserved is why row i of a chunk has no pool.
func (r *routes) unserved(c *trace.Chunk, i int) error {
	k, z := 0, 0
	if c.Category != nil {
		k = int(c.Category[i])
	}
	if c.Zone != nil {
		z = int(c.Zone[i])
	}
	row := c.First + int64(i)
	switch {
	case r.shared[k].any != noPool:
		return fmt.Errorf("row %d: %w", row, r.directory.Why(r.category(k), r.zone(z)))
	case c.Category == nil:
		return errors.New("it has no categories, and the fleet has none named \"\"; use --pooled")
	}
	return fmt.Errorf("row %d asks for category %q, which the fleet does not have; add it to fleet.categories or give fleet.default", row, r.names.Category[k])
}
