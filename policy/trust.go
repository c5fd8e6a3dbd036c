package policy

import "slices"

// trust is how often hints have come true of late, over what they claimed: the
// mean of a Beta distribution (a prior of some hints, most of which came true),
// as a share of claims, by source and for all of them. A source that is not
// known yet is as good as all others.
type trust struct {
	All     record
	Sources []source // by id
}

// record is what was claimed, in requests, and what came of it.
type record struct {
	Claimed, Came float64
}

type source struct {
	ID uint32
	record
}

const (
	// priorClaims hints are taken to have been given before the first, of which
	// the share priorCame came; a source's prior are sourceClaims of all sources.
	priorClaims, priorCame = 5, 0.8
	sourceClaims           = 10
	// recentClaims is how many a record remembers.
	recentClaims = 200
	// mostSources bounds the sources that are told apart; others count as unknown.
	mostSources = 1024
)

func (r *record) settle(claimed, came float64) {
	keep := max(1-claimed/recentClaims, 0)
	r.Claimed = float64(r.Claimed*keep) + claimed
	r.Came = float64(r.Came*keep) + came
}

// share is what comes of a claim, given that of so many claims before.
func (r *record) share(prior, claims float64) float64 {
	return (r.Came + float64(prior*claims)) / (r.Claimed + claims)
}

func (t *trust) find(id uint32) (int, bool) {
	return slices.BinarySearchFunc(t.Sources, id, func(s source, id uint32) int {
		switch {
		case s.ID < id:
			return -1
		case s.ID > id:
			return 1
		}
		return 0
	})
}

// settle notes what came of a claim.
func (t *trust) settle(id uint32, claimed, came float64) {
	t.All.settle(claimed, came)
	if id == 0 {
		return
	}
	i, ok := t.find(id)
	if !ok {
		if len(t.Sources) == mostSources {
			return
		}
		t.Sources = slices.Insert(t.Sources, i, source{ID: id})
	}
	t.Sources[i].settle(claimed, came)
}

// of is what the probabilities of a source are to be multiplied by.
func (t *trust) of(id uint32) float64 {
	all := t.All.share(priorCame, priorClaims)
	if id == 0 {
		return all
	}
	if i, ok := t.find(id); ok {
		return t.Sources[i].share(all, sourceClaims)
	}
	return all
}
