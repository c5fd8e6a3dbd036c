package sim

import (
	"cmp"
	"slices"
	"time"
)

// A ShortTally is a Shortfall that another can be added to.
type ShortTally struct {
	Hours    [7 * 24]HourCount `json:"hours_of_week"`
	Tenants  []NumberedTenant  `json:"tenants"` // all that asked, by number
	Episodes int64             `json:"episodes"`
	Longest  []PoolEpisode     `json:"longest_episodes"`
}

// A NumberedTenant has the number of the tenant in the trace.
type NumberedTenant struct {
	Number uint32 `json:"number"`
	TenantCount
}

// A PoolEpisode has the number of the pool.
type PoolEpisode struct {
	Pool uint32 `json:"pool"`
	Episode
}

// tally ends what is going on; names are the trace's tenants.
func (s *shortfalls) tally(f *Fleet, names []string) *ShortTally {
	for i := range s.pools {
		if r := &s.pools[i]; r.short > 0 {
			s.close(r)
		}
	}
	t := &ShortTally{Hours: s.hours, Episodes: s.episodes, Tenants: []NumberedTenant{}, Longest: []PoolEpisode{}}
	for i, n := range s.tenants {
		if n.Requests > 0 && i < len(names) {
			t.Tenants = append(t.Tenants, NumberedTenant{uint32(i), TenantCount{names[i], n.Requests, n.Short}})
		}
	}
	for _, r := range s.longest {
		t.Longest = append(t.Longest, PoolEpisode{uint32(r.pool), Episode{
			Category: f.Categories[r.pool].Name, Start: time.Unix(0, r.first).UTC(),
			LengthS: float64(r.last-r.first) / 1e9, Requests: r.requests, Short: r.short,
		}})
	}
	return t
}

// plus is the sum of two, of different pools.
func (t *ShortTally) plus(o *ShortTally) *ShortTally {
	sum := &ShortTally{Hours: t.Hours, Episodes: t.Episodes + o.Episodes}
	for i, n := range o.Hours {
		sum.Hours[i].Requests += n.Requests
		sum.Hours[i].Short += n.Short
	}
	sum.Tenants = slices.Concat(t.Tenants, o.Tenants)
	slices.SortStableFunc(sum.Tenants, func(a, b NumberedTenant) int { return cmp.Compare(a.Number, b.Number) })
	last := 0
	for i := 1; i < len(sum.Tenants); i++ {
		if n := &sum.Tenants[i]; n.Number == sum.Tenants[last].Number {
			sum.Tenants[last].Requests += n.Requests
			sum.Tenants[last].Short += n.Short
		} else {
			last++
			sum.Tenants[last] = *n
		}
	}
	sum.Tenants = sum.Tenants[:min(last+1, len(sum.Tenants))]
	sum.Longest = slices.Concat(t.Longest, o.Longest)
	slices.SortFunc(sum.Longest, func(a, b PoolEpisode) int {
		return cmp.Or(cmp.Compare(b.Short, a.Short), a.Start.Compare(b.Start), cmp.Compare(a.Pool, b.Pool))
	})
	sum.Longest = sum.Longest[:min(len(sum.Longest), mostEpisodes)]
	return sum
}

func (t *ShortTally) result() *Shortfall {
	s := &Shortfall{Hours: t.Hours, Episodes: t.Episodes, Longest: []Episode{}, Tenants: []TenantCount{}}
	for _, n := range t.Hours {
		s.Short += n.Short
	}
	in := int64(0)
	for _, e := range t.Longest {
		in += e.Short
		s.Longest = append(s.Longest, e.Episode)
	}
	s.LongestShare = float64(in) / float64(max(s.Short, 1))
	for _, n := range t.Tenants {
		if n.Short > 0 {
			s.Tenants = append(s.Tenants, n.TenantCount)
		}
	}
	slices.SortStableFunc(s.Tenants, func(a, b TenantCount) int { return cmp.Compare(b.Short, a.Short) })
	s.Tenants = s.Tenants[:min(len(s.Tenants), mostTenants)]
	return s
}
