package config

import (
	"fmt"
	"slices"
	"strings"

	"shadowpool/policy"
)

// A Directory finds the pool that serves a request. Both hosts ask it, so that
// a request goes to the same pool in a simulation and live.
type Directory struct {
	categories []string // by their first pool
	entries    map[string]*entry
}

// An entry is where a category is served.
type entry struct {
	shared   stand
	tenants  []string // for whom something is reserved, in the order of their pools
	reserved map[string]*stand
}

// A stand is where requests of a category are served that are for all, or a tenant's.
type stand struct {
	known bool
	any   policy.PoolID   // of requests that name no zone
	zones []string        // none where they do not matter
	pools []policy.PoolID // of the zones
}

// NewDirectory makes a directory of pools, one for each place, in their order.
func NewDirectory(places []Place) *Directory {
	d := &Directory{entries: make(map[string]*entry, len(places))}
	for i, p := range places {
		e := d.entries[p.Category]
		if e == nil {
			e = &entry{reserved: make(map[string]*stand)}
			d.entries[p.Category] = e
			d.categories = append(d.categories, p.Category)
		}
		s := &e.shared
		if p.Tenant != "" {
			if s = e.reserved[p.Tenant]; s == nil {
				s = &stand{}
				e.reserved[p.Tenant] = s
				e.tenants = append(e.tenants, p.Tenant)
			}
		}
		if !s.known || p.Price < places[s.any].Price {
			s.known, s.any = true, policy.PoolID(i)
		}
		if p.Zone != "" {
			s.zones, s.pools = append(s.zones, p.Zone), append(s.pools, policy.PoolID(i))
		}
	}
	return d
}

// Only is the category of a fleet that has a single one.
func (d *Directory) Only() (category string, single bool) {
	if len(d.categories) != 1 {
		return "", false
	}
	return d.categories[0], true
}

// Zoned says whether zones matter to a category.
func (d *Directory) Zoned(category string) bool {
	e := d.entries[category]
	return e != nil && len(e.shared.zones) > 0
}

// Tenants are those for whom something of a category is reserved.
func (d *Directory) Tenants(category string) []string {
	if e := d.entries[category]; e != nil {
		return e.tenants
	}
	return nil
}

// Find is the pool of a tenant's requests for a category in a zone, if there is
// one: what is reserved for the tenant there, else what is for all. Those that
// name no zone may be served in any, and go where an instance has the least price.
func (d *Directory) Find(category, zone, tenant string) (policy.PoolID, bool) {
	e := d.entries[category]
	if e == nil {
		return 0, false
	}
	if own := e.reserved[tenant]; own != nil {
		if p, served := own.find(zone); served {
			return p, true
		}
	}
	return e.shared.find(zone)
}

func (s *stand) find(zone string) (policy.PoolID, bool) {
	if zone == "" || len(s.zones) == 0 {
		return s.any, s.known
	}
	if i := slices.Index(s.zones, zone); i >= 0 {
		return s.pools[i], true
	}
	return 0, false
}

// Why says why Find finds no pool.
func (d *Directory) Why(category, zone string) *NotServed {
	e := d.entries[category]
	if e == nil {
		return &NotServed{"category", fmt.Sprintf("there is no category %s%s; known are %s", quote(category), nearest(category, d.categories), some(d.categories))}
	}
	return &NotServed{"zone", fmt.Sprintf("category %s is not in zone %s%s; it is in %s", quote(category), quote(zone), nearest(zone, e.shared.zones), some(e.shared.zones))}
}

// NotServed says what about a request no pool of the fleet serves.
type NotServed struct {
	Field   string // category or zone
	Problem string
}

func (e *NotServed) Error() string { return e.Problem }

// some are the first names of a list.
func some(names []string) string {
	const most = 20
	if n := len(names) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n)
	}
	return strings.Join(names, ", ")
}
