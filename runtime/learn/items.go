package learn

import (
	"cmp"
	"slices"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/policy/profile"
)

// mostKinds is how many of the expected kinds of requests a plan looks at.
const mostKinds = 16

// mostPlanned bounds what a plan is chosen from: the most likely.
const mostPlanned = 64

// unknownBytes is what a dataset of unknown size is taken for, but for no more
// than a quarter of the disk: it is tried, and then its size is known.
const unknownBytes = 1 << 30

// A Shadow is one that a plan is for.
type Shadow struct {
	Category string
	Tenant   string // whom it is reserved for; empty: nobody
	Done     []plan.Step
}

// Plan is what a shadow should do from now on, and what that was chosen from.
func (l *Learner) Plan(s Shadow) (plan.Plan, []plan.Item, error) {
	items := l.Items(s.Category, s.Tenant)
	left := l.opt.Budget
	for _, d := range s.Done {
		if d.Kind == plan.Prefetch {
			left.Bytes -= d.Bytes
		}
	}
	left.Bytes = max(left.Bytes, 0)
	p, err := plan.Regenerate(items, left, s.Tenant, s.Done)
	return p, items, err
}

// Items are what the expected requests of a category need, or those of a tenant
// alone. What is private to a tenant is among that tenant's only.
func (l *Learner) Items(category, tenant string) []plan.Item {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, ok := l.categories[category]
	if !ok {
		return nil
	}
	c := &chooser{Learner: l, history: l.histories[i].History, tenant: tenant, at: make(map[item]int)}
	var own profile.ID
	if tenant != "" {
		if own = l.names.find(ofTenant, tenant); own == 0 {
			return nil // its requests may need anything, and nothing that others need
		}
	}
	c.choose(own)
	return c.items
}

type item struct {
	kind plan.Kind
	name string
}

// A chooser collects what requests need.
type chooser struct {
	*Learner
	history *profile.History
	tenant  string
	at      map[item]int
	items   []plan.Item
}

// choose goes through the kinds of requests that are expected next, each with
// its share of them.
func (c *chooser) choose(own profile.ID) {
	kinds := c.history.Next(c.opt.Pairs)
	if own != 0 {
		kinds = slices.DeleteFunc(kinds, func(k profile.ExpectedKind) bool { return k.Kind.Tenant != own })
	}
	kinds = kinds[:min(len(kinds), mostKinds)]
	sum := 0.0
	for _, k := range kinds {
		sum += k.Share
	}
	// Of a tenant that is the whole; of all, the rest is of no known kind.
	rest := 1 - sum
	if own != 0 && sum > 0 {
		rest = 0
	} else {
		sum = 1
	}
	for _, k := range kinds {
		c.add(k.Kind, k.Share/sum)
	}
	if rest > 1e-9 {
		c.add(profile.Kind{Tenant: own}, rest)
	}
	slices.SortFunc(c.items, func(a, b plan.Item) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	c.items = c.items[:min(len(c.items), mostPlanned)]
	for i := range c.items {
		c.items[i].Share = min(c.items[i].Share, 1) // sums are rounded
	}
}

// add adds what requests of a kind need, of which there is a share.
func (c *chooser) add(k profile.Kind, share float64) {
	needs := c.history.Needs(k.TaskType, k.Tenant)
	for _, n := range needs.Images {
		if name, ok := c.names.name(ofImage, n.ID); ok {
			c.need(plan.Image, name, n.ID, float64(share*n.Share))
		}
	}
	if name, ok := c.names.name(ofTaskType, k.TaskType); ok && name != "" {
		for _, kind := range []plan.Kind{plan.Dependencies, plan.Cache, plan.Task} {
			c.need(kind, name, k.TaskType, share)
		}
	}
	for _, d := range needs.Datasets {
		name, ok := c.names.name(ofDataset, d.ID)
		if !ok {
			continue
		}
		owner := ""
		if d.Owner != 0 {
			if owner, ok = c.names.name(ofTenant, d.Owner); !ok || owner != c.tenant || owner == "" {
				continue
			}
		}
		it := c.need(plan.Prefetch, name, d.ID, float64(share*d.Share))
		if it == nil {
			continue
		}
		it.Tenant = owner
		if it.Bytes = d.Bytes; it.Bytes <= 0 {
			it.Bytes = min(unknownBytes, c.opt.Budget.Bytes/4)
		}
		// How much is read is taken from the kind that reads it most.
		if len(it.Parts) == 0 {
			it.Parts = parts(d.Parts)
		}
	}
}

// parts are those of a plan, whose shares are in sum 1.
func parts(all []profile.Part) []plan.Part {
	var out []plan.Part
	sum := 0.0
	for _, p := range all {
		if p.Read > 0 && p.Share > 0 {
			sum += p.Share
		}
	}
	for _, p := range all {
		if p.Read > 0 && p.Share > 0 {
			out = append(out, plan.Part{Read: min(p.Read, 1), Share: min(p.Share/sum, 1)})
		}
	}
	return out
}

// need adds a share of requests that need something; nil if nothing of it can be
// done ahead here.
func (c *chooser) need(kind plan.Kind, name string, id profile.ID, share float64) *plan.Item {
	private, takes, ok := c.opt.Has(kind, name)
	if !ok || private && c.tenant == "" || !(share > 0) {
		return nil
	}
	if at, known := c.at[item{kind, name}]; known {
		c.items[at].Share += share
		return &c.items[at]
	}
	if stage := c.names.find(ofStage, kind.String()); stage != 0 {
		if t, known := c.history.Latency(stage, id); known && t.Seconds > 0 {
			takes = time.Duration(t.Seconds * 1e9)
		}
	}
	c.at[item{kind, name}] = len(c.items)
	c.items = append(c.items, plan.Item{Kind: kind, Name: name, Share: share, Saves: takes, Takes: takes})
	return &c.items[len(c.items)-1]
}
