package sim

import (
	"cmp"
	"slices"
	"time"

	"shadowpool/policy"
)

// A Shortfall says where the requests fall that did not hit, partial hits as
// well as misses; "short" counts them.
type Shortfall struct {
	Short int64 `json:"short"`
	// Hours are those of the week in local time, from Sunday 00:00.
	Hours [7 * 24]HourCount `json:"hours_of_week"`
	// Tenants are those with the most, first, at most mostTenants of them;
	// none where the trace names none.
	Tenants []TenantCount `json:"tenants"`
	// Episodes is how many there were, Longest those with the most short
	// requests, first, and LongestShare the share of all that fell in these.
	Episodes     int64     `json:"episodes"`
	Longest      []Episode `json:"longest_episodes"`
	LongestShare float64   `json:"longest_episodes_share"`
}

// An HourCount is what arrived in one hour of the week.
type HourCount struct {
	Requests int64 `json:"requests"`
	Short    int64 `json:"short"`
}

// A TenantCount is what one tenant asked for.
type TenantCount struct {
	Tenant   string `json:"tenant"`
	Requests int64  `json:"requests"`
	Short    int64  `json:"short"`
}

// An Episode is a run of short requests of one category, from the first to the
// last of them, in which fewer than endOfEpisode in a row hit.
type Episode struct {
	Category string    `json:"category"`
	Start    time.Time `json:"start"` // UTC
	LengthS  float64   `json:"length_s"`
	Requests int64     `json:"requests"`
	Short    int64     `json:"short"`
}

const (
	endOfEpisode = 10
	mostEpisodes = 10
	mostTenants  = 20
)

// shortfalls gathers a Shortfall.
type shortfalls struct {
	hours    [7 * 24]HourCount
	episodes int64
	location *time.Location
	pools    []run
	tenants  []HourCount // by the trace's number
	longest  []run       // most short requests first
}

// run is an episode that is going on or over.
type run struct {
	pool            policy.PoolID
	first, last     policy.Time // short requests
	requests, short int64       // up to the last
	hits            int64       // since the last
}

func newShortfalls(f *Fleet) *shortfalls {
	s := &shortfalls{location: f.Location, pools: make([]run, len(f.Categories))}
	if s.location == nil {
		s.location = time.UTC
	}
	for i := range s.pools {
		s.pools[i].pool = policy.PoolID(i)
	}
	return s
}

// count takes an arrival.
func (s *shortfalls) count(t policy.Time, pool policy.PoolID, tenant uint32, hit bool) {
	short := int64(1)
	if hit {
		short = 0
	}
	at := time.Unix(0, t).In(s.location)
	s.hours[24*int(at.Weekday())+at.Hour()].add(short)
	for int(tenant) >= len(s.tenants) {
		s.tenants = append(s.tenants, HourCount{})
	}
	s.tenants[tenant].add(short)
	r := &s.pools[pool]
	switch {
	case hit && r.short == 0:
	case hit:
		if r.hits++; r.hits == endOfEpisode {
			s.close(r)
		}
	default:
		if r.short == 0 {
			r.first = t
		}
		r.requests += r.hits + 1
		r.last, r.hits = t, 0
		r.short++
	}
}

func (h *HourCount) add(short int64) {
	h.Requests++
	h.Short += short
}

// close ends a run and keeps it if it is one of the longest.
func (s *shortfalls) close(r *run) {
	s.episodes++
	i, _ := slices.BinarySearchFunc(s.longest, *r, func(a, b run) int {
		return cmp.Or(cmp.Compare(b.short, a.short), cmp.Compare(a.first, b.first), cmp.Compare(a.pool, b.pool))
	})
	if i < mostEpisodes {
		s.longest = slices.Insert(s.longest, i, *r)
		s.longest = s.longest[:min(len(s.longest), mostEpisodes)]
	}
	*r = run{pool: r.pool}
}
