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
	entries    map[string]entry
}

// An entry is where a category is served.
type entry struct {
	any   policy.PoolID   // of requests that name no zone
	zones []string        // none where they do not matter
	pools []policy.PoolID // of the zones
}

// NewDirectory makes a directory of pools, one for each place, in their order.
func NewDirectory(places []Place) *Directory {
	d := &Directory{entries: make(map[string]entry, len(places))}
	for i, p := range places {
		e, known := d.entries[p.Category]
		if !known {
			d.categories = append(d.categories, p.Category)
		}
		if !known || p.Price < places[e.any].Price {
			e.any = policy.PoolID(i)
		}
		if p.Zone != "" {
			e.zones, e.pools = append(e.zones, p.Zone), append(e.pools, policy.PoolID(i))
		}
		d.entries[p.Category] = e
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
func (d *Directory) Zoned(category string) bool { return len(d.entries[category].zones) > 0 }

// Find is the pool of a category's requests in a zone, if there is one. Those
// that name no zone may be served in any, and go where an instance has the least
// price.
func (d *Directory) Find(category, zone string) (policy.PoolID, bool) {
	e, known := d.entries[category]
	if !known || zone == "" || len(e.zones) == 0 {
		return e.any, known
	}
	if i := slices.Index(e.zones, zone); i >= 0 {
		return e.pools[i], true
	}
	return 0, false
}

// Why says why Find finds no pool.
func (d *Directory) Why(category, zone string) *NotServed {
	e, known := d.entries[category]
	if !known {
		return &NotServed{"category", fmt.Sprintf("there is no category %s%s; known are %s", quote(category), nearest(category, d.categories), some(d.categories))}
	}
	return &NotServed{"zone", fmt.Sprintf("category %s is not in zone %s%s; it is in %s", quote(category), quote(zone), nearest(zone, e.zones), some(e.zones))}
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
