package profile

import (
	"cmp"
	"slices"
)

// leastShare is the share of requests from which on a need is named.
const leastShare = 0.001

// Needs are what a request is expected to need.
type Needs struct {
	Requests     float64 // of the same task type and tenant that are known
	Duration     float64 // s; 0 if none is known
	Images       []Need
	Dependencies []Need
	Datasets     []DatasetNeed
	Stages       []StageNeed
}

// A Need is what a share of requests needs.
type Need struct {
	ID    ID
	Share float64
}

// A DatasetNeed is a dataset that a share of requests reads.
type DatasetNeed struct {
	Need
	Bytes int64   // of the whole; 0 is unknown
	Owner ID      // the tenant that alone may read it; 0 if it is not private
	Read  float64 // mean share of the dataset that is read; 1 if none is known
	// Parts are the shares of it that requests read, the least first, and how
	// likely each is, in sum 1; their mean is Read.
	Parts []Part
}

// A Part is a share of a dataset, and how likely a request that reads the
// dataset reads that much.
type Part struct{ Read, Share float64 }

// A StageNeed is a stage that a share of requests went through, and how long it
// took. A stage that comes several times in a request counts as often, so that
// its share may be above 1.
type StageNeed struct {
	Need
	Seconds float64
}

// levels are the profiles that tell of a request: of all, of its task type, of
// its task type and tenant. Those that there are not are empty.
func (h *History) levels(taskType, tenant ID) [3]*Profile {
	levels := [3]*Profile{&h.All, {}, {}}
	if p := h.Types.of(Key{taskType}); p != nil && taskType != 0 {
		levels[1] = p
	}
	if p := h.Pairs.of(Key{taskType, tenant}); p != nil && tenant != 0 {
		levels[2] = p
	}
	return levels
}

// Needs are what a request of a task type and a tenant, either of which may be
// 0, is expected to need, the most likely first. Each level's counts are joined
// by the level above, which counts as a few requests (hierarchical Dirichlet:
// MacKay and Peto, Natural Language Engineering 1995). Of the datasets that only
// one tenant may read, those of this tenant are named.
func (h *History) Needs(taskType, tenant ID) Needs {
	levels := h.levels(taskType, tenant)
	n := Needs{
		Requests: h.now(levels[2].Requests),
		Images: h.needs(levels, [3]counts{
			countsOf(levels[0].Images, ofAll.images), countsOf(levels[1].Images, ofType.images), countsOf(levels[2].Images, ofPair.images),
		}),
		Dependencies: h.needs(levels, [3]counts{
			countsOf(levels[0].Dependencies, ofAll.dependencies), countsOf(levels[1].Dependencies, ofType.dependencies), countsOf(levels[2].Dependencies, ofPair.dependencies),
		}),
	}
	if tenant == 0 {
		n.Requests = h.now(levels[1].Requests)
		if taskType == 0 {
			n.Requests = h.now(h.All.Requests)
		}
	}
	for i, p := range levels {
		if p.Ended > 0 {
			n.Duration = h.blend(i, p.Ended, p.Duration, n.Duration)
		}
	}
	shared := [3]counts{
		{names: h.Datasets.shared()}, countsOf(levels[1].Datasets, ofType.datasets), countsOf(levels[2].Datasets, ofPair.datasets),
	}
	for _, need := range h.needs(levels, shared) {
		// One that has become private is none of others any more.
		if d := h.dataset(shared, need); d.Owner == 0 {
			n.Datasets = append(n.Datasets, d)
		}
	}
	own := [3]counts{2: countsOf(levels[2].Own, ofPair.own)}
	for _, need := range h.needs(levels, own) {
		if d := h.dataset(own, need); d.Owner == 0 || d.Owner == tenant {
			d.Owner = tenant
			n.Datasets = append(n.Datasets, d)
		}
	}
	slices.SortStableFunc(n.Datasets, func(a, b DatasetNeed) int { return a.compare(b.Need) })
	stages := [3]counts{
		countsOf(levels[0].Stages, ofAll.stages), countsOf(levels[1].Stages, ofType.stages), countsOf(levels[2].Stages, ofPair.stages),
	}
	for _, need := range h.needs(levels, stages) {
		s := StageNeed{Need: need}
		for i := range stages {
			if c := stages[i].names.find(need.ID); c != nil {
				s.Seconds = h.blend(i, c.Certain(), float64(c.Mean), s.Seconds)
			}
		}
		n.Stages = append(n.Stages, s)
	}
	return n
}

// blend is the mean of a level with what the levels above it say as a prior.
// Above the first there is nothing.
func (h *History) blend(level int, weight, mean, above float64) float64 {
	if level == 0 || above == 0 {
		return mean
	}
	return above + float64(weight/(weight+float64(prior*h.Decay.Weight))*(mean-above))
}

// counts are the names of a kind at a level.
type counts struct {
	names few
	least float64 // one that is not there was seen this often at most
}

func countsOf(names few, most int) counts {
	c := counts{names: names}
	if len(names) == most {
		c.least = names[most-1].Count
	}
	return c
}

// likely is how often a name was seen: as expected, as far as the sketch leaves
// that open.
func (c *counts) likely(id ID, expected float64) float64 {
	if n := c.names.find(id); n != nil {
		return min(max(expected, n.Certain()), n.Count)
	}
	return min(expected, c.least)
}

// needs are the shares of requests that need each name of a kind, the most
// first.
func (h *History) needs(levels [3]*Profile, kind [3]counts) []Need {
	var all []Need
	for i := range kind {
		for _, c := range kind[i].names {
			known := false
			for j := range i {
				known = known || kind[j].names.find(c.ID) != nil
			}
			if known {
				continue
			}
			n := Need{ID: c.ID}
			for j, p := range levels {
				weight := float64(prior * h.Decay.Weight)
				if j == 0 {
					weight = h.Decay.Weight // one request that needs nothing known
				}
				seen := kind[j].likely(c.ID, float64(p.Requests*n.Share))
				n.Share = (seen + float64(weight*n.Share)) / (p.Requests + weight)
			}
			if n.Share >= leastShare {
				all = append(all, n)
			}
		}
	}
	slices.SortFunc(all, Need.compare)
	return all
}

// compare puts the most likely first.
func (n Need) compare(o Need) int {
	return cmp.Or(cmp.Compare(o.Share, n.Share), cmp.Compare(n.ID, o.ID))
}

// dataset is what is known of a dataset that is needed.
func (h *History) dataset(kind [3]counts, need Need) DatasetNeed {
	d := DatasetNeed{Need: need}
	known := &Dataset{}
	if row := h.Datasets.Names.Find(Key{need.ID}); row >= 0 {
		known = &h.Datasets.Rows[row]
	}
	d.Bytes, d.Owner = known.Bytes, known.Owner
	mean, weight := known.used()
	d.Read = mean
	for i := 1; i < len(kind); i++ {
		if c := kind[i].names.find(need.ID); c != nil && c.Mean > 0 {
			d.Read = h.blend(i, c.Certain(), float64(c.Mean), d.Read)
		}
	}
	if mean == 0 {
		if d.Read == 0 {
			d.Read = 1
		}
		d.Parts = []Part{{Read: d.Read, Share: 1}}
		return d
	}
	// Requests of this kind read more or less than others; the spread is the
	// same, up to the whole.
	for i := usedBins - 1; i >= 0; i-- {
		if b := known.Uses[i]; b.Weight > 0 {
			d.Parts = append(d.Parts, Part{Read: min(b.Mean*d.Read/mean, 1), Share: b.Weight / weight})
		}
	}
	d.Read = 0
	for _, p := range d.Parts {
		d.Read += float64(p.Read * p.Share)
	}
	return d
}
