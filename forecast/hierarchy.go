package forecast

import "shadowpool/forecast/portable"

// Hierarchy forecasts the parts of a demand (categories, tenants, task types)
// as the total's forecast times their shares: many small parts have nothing to
// learn a rate of their own from, but all of them tell the total's. Shares are
// Dirichlet distributed, with forgetting at several half-lives, which are
// weighed by how likely each made the recent arrivals' parts. An observation
// costs as much as there are parts with arrivals in it; the others decay in
// closed form.
type Hierarchy struct {
	total   Forecaster
	memory  []*Shares
	scores  []float64
	weights []float64
}

// A PartCount is the arrivals of one part.
type PartCount struct {
	Part int
	N    float64
}

// shareHalfLives are the memories of shares, seconds.
var shareHalfLives = []float64{3600, day, 2 * week}

// sharesForget is how many arrivals ago an arrival's part counts half in the
// choice of memories.
const sharesForget = 200

// NewHierarchy makes one for a number of parts over a forecaster of the total.
func NewHierarchy(s Setup, total Forecaster, parts int) *Hierarchy {
	h := &Hierarchy{total: total, scores: make([]float64, len(shareHalfLives))}
	for _, halfLife := range shareHalfLives {
		h.memory = append(h.memory, NewShares(s, parts, halfLife))
	}
	h.weights = softmax(h.scores, nil)
	return h
}

// Observe takes the arrivals of parts since the last observation; parts that
// are not listed had none.
func (h *Hierarchy) Observe(t float64, parts []PartCount) {
	n := 0.0
	for _, p := range parts {
		n += p.N
		keep := portable.Decay(p.N, sharesForget)
		for i, m := range h.memory {
			h.scores[i] = float64(h.scores[i]*keep) + float64(p.N*portable.Log(m.Share(p.Part)))
		}
	}
	h.weights = softmax(h.scores, h.weights)
	for _, m := range h.memory {
		m.Observe(t, parts)
	}
	h.total.Observe(t, n)
}

// Total is the forecast of all parts together.
func (h *Hierarchy) Total(from, to float64) NegBinomial { return h.total.Forecast(from, to) }

// Part is the forecast of one part, given the total's.
//
// A negative binomial count thinned by a share s keeps its dispersion; an
// uncertain share adds its own: 1 + d' = (1 + d) E[s^2] / E[s]^2.
func (h *Hierarchy) Part(total NegBinomial, part int) NegBinomial {
	share, square := 0.0, 0.0
	for i, m := range h.memory {
		mean, second := m.Moments(part)
		share += float64(h.weights[i] * mean)
		square += float64(h.weights[i] * second)
	}
	if total.Mean <= 0 || share <= 0 {
		return NegBinomial{}
	}
	widen := square / float64(share*share)
	return NegBinomial{float64(total.Mean * share), float64((1+total.Dispersion)*widen) - 1}
}

// Shares are the Dirichlet distributed shares of parts in a total, which
// forget: counts decay with a half-life. The prior is one arrival, spread over
// all parts (Perks 1947).
type Shares struct {
	counts   []float64 // as of the scale
	sum      float64
	scale    float64 // what an arrival now weighs
	halfLife float64
	last     float64
}

// mostScale is where counts are scaled down again.
const mostScale = 1e100

// NewShares makes shares with a half-life in seconds.
func NewShares(s Setup, parts int, halfLife float64) *Shares {
	return &Shares{counts: make([]float64, parts), scale: 1, halfLife: halfLife, last: s.Start}
}

// Observe takes the arrivals of parts at t. Instead of all counts shrinking,
// the weight of new ones grows.
func (s *Shares) Observe(t float64, parts []PartCount) {
	s.scale /= portable.Decay(min(t-s.last, 300*s.halfLife), s.halfLife)
	s.last = t
	if s.scale > mostScale {
		for i := range s.counts {
			s.counts[i] /= s.scale
		}
		s.sum /= s.scale
		s.scale = 1
	}
	for _, p := range parts {
		s.counts[p.Part] += float64(p.N * s.scale)
		s.sum += float64(p.N * s.scale)
	}
}

// Share is the expected share of a part.
func (s *Shares) Share(part int) float64 {
	prior := s.scale / float64(len(s.counts))
	return (s.counts[part] + prior) / (s.sum + s.scale)
}

// Moments are the expectations of a share and of its square.
func (s *Shares) Moments(part int) (mean, square float64) {
	mean = s.Share(part)
	all := s.sum/s.scale + 1 // the Dirichlet's concentration
	return mean, float64(mean * (float64(mean*all) + 1) / (all + 1))
}
