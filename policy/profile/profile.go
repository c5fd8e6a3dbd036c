package profile

// A Profile is what the requests of one kind needed: those of a task type and
// a tenant, of a task type, or all. Weights are as of the history's landmark.
type Profile struct {
	Requests float64
	Ended    float64 // requests of known duration
	Duration float64 // their mean, s
	Images   few     `json:",omitempty"`
	// Dependencies and Datasets count requests; the mean of a dataset is the
	// share of it that was read, 0 as long as that is unknown.
	Dependencies few `json:",omitempty"`
	Datasets     few `json:",omitempty"`
	// Own are the datasets that only the tenant may read; they are in the
	// profiles of pairs alone, so that no other tenant's needs can name them.
	Own    few `json:",omitempty"`
	Stages few `json:",omitempty"` // the mean is how long the stage took, s
}

// limits bound the names of a profile.
type limits struct{ images, dependencies, datasets, own, stages int }

var (
	ofPair = limits{images: 4, dependencies: 16, datasets: 8, own: 8, stages: 8}
	ofType = limits{images: 16, dependencies: 64, datasets: 64, stages: 16}
	// The datasets of all are in Datasets.
	ofAll = limits{images: 64, dependencies: 256, stages: 64}
)

func (p *Profile) observe(o *Observation, weight float64, most limits) {
	p.Requests += weight
	if o.Duration >= 0 {
		p.Ended += weight
		p.Duration += float64(weight / p.Ended * (seconds(o.Duration) - p.Duration))
	}
	if o.Image != 0 {
		p.Images.add(o.Image, weight, most.images)
	}
	for i, id := range o.Dependencies {
		if listed(o.Dependencies, i) {
			p.Dependencies.add(id, weight, most.dependencies)
		}
	}
	for i := range o.Datasets {
		u := &o.Datasets[i]
		if !o.reads(i) {
			continue
		}
		list, counters := &p.Datasets, most.datasets
		if u.Private {
			list, counters = &p.Own, most.own
		}
		if counters == 0 {
			continue
		}
		c := list.add(u.Dataset, weight, counters)
		switch {
		case !u.known():
		case c.Mean == 0:
			c.Mean = float32(u.Share)
		default:
			c.learn(u.Share, weight)
		}
	}
	for i := range o.Stages {
		if s := &o.Stages[i]; o.took(i) {
			p.Stages.add(s.Stage, weight, most.stages).learn(seconds(s.Took), weight)
		}
	}
}

// listed says whether the i-th of ids counts.
func listed(ids []ID, i int) bool {
	if i >= mostListed || ids[i] == 0 {
		return false
	}
	for _, before := range ids[:i] {
		if before == ids[i] {
			return false
		}
	}
	return true
}

// reads says whether the i-th use of a dataset counts.
func (o *Observation) reads(i int) bool {
	u := &o.Datasets[i]
	if i >= mostListed || u.Dataset == 0 || u.Private && o.Tenant == 0 {
		return false
	}
	for j := range i {
		if o.Datasets[j].Dataset == u.Dataset {
			return false
		}
	}
	return true
}

// took says whether the i-th stage time counts. A stage may come several times,
// for several keys.
func (o *Observation) took(i int) bool {
	return i < mostListed && o.Stages[i].Stage != 0 && o.Stages[i].Took >= 0
}

// known says whether it is known how much of the dataset was read.
func (u *Use) known() bool { return u.Share > 0 && u.Share <= 1 }

func (p *Profile) scale(by float64) {
	p.Requests *= by
	p.Ended *= by
	p.Images.scale(by)
	p.Dependencies.scale(by)
	p.Datasets.scale(by)
	p.Own.scale(by)
	p.Stages.scale(by)
}

// reset makes p a profile of another kind of requests, in the same memory.
func (p *Profile) reset() {
	*p = Profile{
		Images: p.Images[:0], Dependencies: p.Dependencies[:0],
		Datasets: p.Datasets[:0], Own: p.Own[:0], Stages: p.Stages[:0],
	}
}

// Profiles are those of the kinds of requests that are seen most.
type Profiles struct {
	Kinds Sketch
	Rows  []Profile // as those of Kinds
}

// observe counts a request of kind k. The profile that has to go is that of the
// kind with the least requests, older ones counting less.
func (p *Profiles) observe(k Key, o *Observation, weight float64, most limits) {
	row, fresh := p.Kinds.Add(k, weight)
	if row == len(p.Rows) {
		p.Rows = append(p.Rows, Profile{})
	} else if fresh {
		p.Rows[row].reset()
	}
	p.Rows[row].observe(o, weight, most)
}

// of is the profile of kind k, nil if there is none.
func (p *Profiles) of(k Key) *Profile {
	if row := p.Kinds.Find(k); row >= 0 {
		return &p.Rows[row]
	}
	return nil
}

func (p *Profiles) scale(by float64) {
	p.Kinds.scale(by)
	for i := range p.Rows {
		p.Rows[i].scale(by)
	}
}
