package profile

// A Target is what a shadow can be prepared for.
type Target struct {
	Image    ID
	TaskType ID
	Dataset  ID // 0: none
	Tenant   ID // 0: anyone; else the one that alone may read the dataset
}

// An Expected target is one that a share of the coming requests will ask for.
type Expected struct {
	Target Target
	// Share is of the requests. One that reads several datasets asks for as
	// many targets, so that shares may add up to more than 1.
	Share float64
}

func (h *History) observeTargets(o *Observation, weight float64) {
	k := Key{o.Image, o.TaskType}
	none := true
	for i := range o.Datasets {
		u := &o.Datasets[i]
		if !o.reads(i) {
			continue
		}
		k[2], k[3] = u.Dataset, 0
		if u.Private {
			k[3] = o.Tenant
		}
		none = false
		h.Targets.Add(k, weight)
	}
	if none {
		h.Targets.Add(k, weight)
	}
}

// A Kind is a task type of a tenant.
type Kind struct{ TaskType, Tenant ID }

// An ExpectedKind is one that a share of the coming requests will be of.
type ExpectedKind struct {
	Kind  Kind
	Share float64
}

// Next is whose requests are expected next: the most likely task types and
// tenants, at most so many, the most likely first.
func (h *History) Next(most int) []ExpectedKind {
	rows := h.Pairs.Kinds.Top(nil, most)
	next := make([]ExpectedKind, 0, len(rows))
	for _, row := range rows {
		r := &h.Pairs.Kinds.Rows[row]
		next = append(next, ExpectedKind{Kind{r.Key[0], r.Key[1]}, h.share(r)})
	}
	return next
}

// share is that of the requests which were certainly seen in a row. As nothing
// is known at first, one request more than there was counts as of an unknown
// kind (Perks, Journal of the Institute of Actuaries 1947).
func (h *History) share(r *Row) float64 {
	return r.Certain() / (h.All.Requests + h.Decay.Weight)
}

// Mix is what the coming requests are expected to ask for: the most likely
// targets, at most so many, the most likely first.
func (h *History) Mix(most int) []Expected {
	rows := h.Targets.Top(nil, most)
	mix := make([]Expected, 0, len(rows))
	for _, row := range rows {
		r := &h.Targets.Rows[row]
		mix = append(mix, Expected{
			Target: Target{Image: r.Key[0], TaskType: r.Key[1], Dataset: r.Key[2], Tenant: r.Key[3]},
			Share:  h.share(r),
		})
	}
	return mix
}
