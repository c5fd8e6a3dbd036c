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
	// any is the pool of a category's requests that name no zone; zones, by
	// category, those of its requests in each zone of the trace, nil where zones
	// do not matter.
	any   []policy.PoolID
	zones [][]policy.PoolID
}

// noPool is where requests go that the fleet does not serve.
const noPool = ^policy.PoolID(0)

// elsewhere is where requests go that another part of the run replays.
const elsewhere = noPool - 1

// restrict sends elsewhere what is not for some pools.
func (r *routes) restrict(pools []bool) {
	for _, all := range append(r.zones, r.any) {
		for i, p := range all {
			if p != noPool && !pools[p] {
				all[i] = elsewhere
			}
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
		places[i] = config.Place{Category: k.Name, Zone: k.Zone, Price: k.Price}
		if k.Zone != "" {
			places[i].Category = k.Of
		}
		if k.Spot != nil {
			places[i].Price = min(k.Price, k.Spot.Price)
		}
	}
	r := &routes{
		directory: config.NewDirectory(places), names: names, pooled: f.Pooled,
		any: make([]policy.PoolID, len(names.Category)),
	}
	for i := range names.Category {
		r.any[i] = r.find(i, 0)
		if len(names.Zone) > 0 && r.directory.Zoned(r.category(i)) {
			if r.zones == nil {
				r.zones = make([][]policy.PoolID, len(names.Category))
			}
			r.zones[i] = make([]policy.PoolID, len(names.Zone))
			for z := range names.Zone {
				r.zones[i][z] = r.find(i, z)
			}
		}
	}
	return r
}

// category is that of the fleet which serves a category of the trace.
func (r *routes) category(i int) string {
	if r.pooled {
		only, _ := r.directory.Only()
		return only
	}
	return r.names.Category[i]
}

// find is the pool of a category's requests in a zone, noPool if there is none.
func (r *routes) find(category, zone int) policy.PoolID {
	if p, served := r.directory.Find(r.category(category), r.zone(zone)); served {
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
	if r.zones != nil && c.Zone != nil && r.zones[k] != nil {
		return r.zones[k][c.Zone[i]]
	}
	return r.any[k]
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
	case r.any[k] != noPool:
		return fmt.Errorf("row %d: %w", row, r.directory.Why(r.category(k), r.zone(z)))
	case c.Category == nil:
		return errors.New("it has no categories, and the fleet has none named \"\"; use --pooled")
	}
	return fmt.Errorf("row %d asks for category %q, which the fleet does not have; add it to fleet.categories or give fleet.default", row, r.names.Category[k])
}
