package profile

import (
	"cmp"
	"slices"

	"shadowpool/forecast/portable"
)

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

// Targets are those that are asked for most. What is asked for changes within
// hours here and within weeks there, so that there are memories of several
// half-lives, which are weighed by how likely each made the recent targets.
type Targets struct {
	Memories [len(memories)]Memory // the longest first
}

// A Memory counts targets, and forgets.
type Memory struct {
	Decay    Decay
	Requests float64
	Sketch   Sketch
	Score    float64 // logarithm of how likely it made the targets, older ones less
}

// memories are by what the half-life is divided: 7 days, a day, an hour.
var memories = [...]int64{1, 7, 168}

const (
	// scoresForget is how many targets ago a target counts half in the choice of
	// memories.
	scoresForget = 200
	// leastTarget is the share of one that was not seen.
	leastTarget = 1e-6
)

var keepScore = portable.Decay(1, scoresForget)

func newTargets(halfLife int64) Targets {
	var t Targets
	for i, m := range memories {
		t.Memories[i] = Memory{Decay: Decay{HalfLife: halfLife / m}, Sketch: Sketch{Most: mostTargets}}
	}
	return t
}

func (t *Targets) observe(o *Observation) {
	for i := range t.Memories {
		m := &t.Memories[i]
		if by := m.Decay.advance(o.At); by != 1 {
			m.Requests *= by
			m.Sketch.scale(by)
		}
	}
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
		t.add(k)
	}
	if none {
		t.add(k)
	}
	for i := range t.Memories {
		m := &t.Memories[i]
		m.Requests += m.Decay.Weight
	}
}

// add judges the memories by a target, and counts it.
func (t *Targets) add(k Key) {
	shares := t.shares(k)
	for i := range t.Memories {
		m := &t.Memories[i]
		m.Score = float64(m.Score*keepScore) + portable.Log(max(shares[i], leastTarget))
		m.Sketch.Add(k, m.Decay.Weight)
	}
}

// shares are what each memory expects of a target: as it was certainly seen,
// joined by what the longer one expects, which counts as a few requests. The
// longest is joined by one request of an unknown target, as nothing is known at
// first (Perks, Journal of the Institute of Actuaries 1947).
func (t *Targets) shares(k Key) (shares [len(memories)]float64) {
	above, weight := 0.0, 1.0
	for i := range t.Memories {
		m := &t.Memories[i]
		seen := 0.0
		if row := m.Sketch.Find(k); row >= 0 {
			seen = m.Sketch.Rows[row].Certain()
		}
		counts := float64(weight * m.Decay.Weight)
		above = (seen + float64(counts*above)) / (m.Requests + counts)
		shares[i], weight = above, prior
	}
	return shares
}

// weights are how much each memory counts, in sum 1.
func (t *Targets) weights() (weights [len(memories)]float64) {
	most := t.Memories[0].Score
	for _, m := range t.Memories {
		most = max(most, m.Score)
	}
	sum := 0.0
	for i, m := range t.Memories {
		weights[i] = portable.Exp(m.Score - most)
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}

// Mix is what the coming requests are expected to ask for: the most likely
// targets, at most so many, the most likely first.
func (h *History) Mix(most int) []Expected {
	t := &h.Targets
	var keys []Key
	for i := range t.Memories {
		s := &t.Memories[i].Sketch
		for _, row := range s.Top(nil, most) {
			keys = append(keys, s.Rows[row].Key)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return slices.Compare(a[:], b[:]) })
	keys = slices.Compact(keys)
	weights := t.weights()
	mix := make([]Expected, 0, len(keys))
	for _, k := range keys {
		e := Expected{Target: Target{Image: k[0], TaskType: k[1], Dataset: k[2], Tenant: k[3]}}
		for i, share := range t.shares(k) {
			e.Share += float64(weights[i] * share)
		}
		mix = append(mix, e)
	}
	slices.SortStableFunc(mix, func(a, b Expected) int { return cmp.Compare(b.Share, a.Share) })
	return mix[:min(most, len(mix))]
}
