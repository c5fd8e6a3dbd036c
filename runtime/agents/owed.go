package agents

import (
	"time"

	"shadowpool/runtime/learn"
)

// owed are requests of which one half is known: that they are over, or what
// they have used. The other is waited for, a while.
type owed struct {
	claims map[string]*halves
	queue  []string // in which they came
}

type halves struct {
	finished *learn.Finished
	used     *used
	since    time.Time // one half has been known
}

// used is what an agent has reported of a request.
type used struct {
	datasets []learn.Use
	stages   []learn.Stage
	cpu      float64
}

// patience is how long the other half is waited for, mostOwed for how many.
const (
	patience = time.Minute
	mostOwed = 100_000
)

// expect says that an agent will report what a claim's task used.
func (o *owed) expect(claim string) {
	if o.claims == nil {
		o.claims = make(map[string]*halves)
	}
	if o.claims[claim] == nil && len(o.claims) < mostOwed {
		o.claims[claim] = &halves{}
		o.queue = append(o.queue, claim)
	}
}

// finish returns what is complete now.
func (o *owed) finish(claim string, f learn.Finished, now time.Time) []learn.Finished {
	h := o.claims[claim]
	if h == nil {
		return []learn.Finished{f} // no agent has served it
	}
	h.finished, h.since = &f, now
	return o.complete(claim, h)
}

// use returns what is complete now.
func (o *owed) use(claim string, u used, now time.Time) []learn.Finished {
	h := o.claims[claim]
	if h == nil {
		return nil
	}
	h.used, h.since = &u, now
	return o.complete(claim, h)
}

func (o *owed) complete(claim string, h *halves) []learn.Finished {
	if h.finished == nil || h.used == nil {
		return nil
	}
	delete(o.claims, claim)
	h.finished.Datasets, h.finished.Stages = h.used.datasets, h.used.stages
	return []learn.Finished{*h.finished}
}

// overdue are the requests whose usage has not come.
func (o *owed) overdue(now time.Time) (all []learn.Finished) {
	kept := o.queue[:0]
	for _, claim := range o.queue {
		h := o.claims[claim]
		switch {
		case h == nil:
		case h.since.IsZero() || now.Sub(h.since) < patience:
			kept = append(kept, claim)
		default:
			delete(o.claims, claim)
			if h.finished != nil {
				all = append(all, *h.finished)
			}
		}
	}
	o.queue = kept
	return all
}
