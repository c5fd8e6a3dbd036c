package confidence

import (
	"fmt"
	"math"
)

// A Sequence gathers observations of what a mean is asked of.
type Sequence struct {
	alpha     float64
	precision float64 // c² of the mixture
	n         int64
	mean      float64
	squares   float64 // sum of squared deviations from the mean
}

// New makes a sequence whose intervals miss the mean at any time with a
// probability of at most alpha, and which are narrowest, for that alpha, after
// so many observations.
func New(alpha float64, narrowest int) (*Sequence, error) {
	if !(alpha > 0 && alpha < 1) {
		return nil, fmt.Errorf("confidence: alpha %v is not between 0 and 1", alpha)
	}
	if narrowest < 1 {
		return nil, fmt.Errorf("confidence: narrowest after %d observations", narrowest)
	}
	l := -2 * math.Log(alpha)
	return &Sequence{alpha: alpha, precision: float64(narrowest) / (l + math.Log(max(l, 1)) + 1)}, nil
}

// Add takes an observation. One that is no finite number is an error, and is not taken.
func (s *Sequence) Add(x float64) error {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Errorf("confidence: %v is no observation", x)
	}
	s.n++
	before := x - s.mean // Welford's recurrence
	s.mean += before / float64(s.n)
	s.squares += before * (x - s.mean)
	return nil
}

// An Interval is of a mean; both ends are infinite for as long as nothing is known.
type Interval struct{ Low, High float64 }

// Interval is what the observations so far say of the mean.
func (s *Sequence) Interval() Interval {
	r := s.radius()
	return Interval{s.mean - r, s.mean + r}
}

// Count is how many observations there were.
func (s *Sequence) Count() int64 { return s.n }

// Mean is theirs, 0 without any.
func (s *Sequence) Mean() float64 { return s.mean }

// radius solves M = 1/alpha for the distance from the mean. In standard deviations
// (over n) it is d, with d² = (1-q) (n+c²) / (q (n+c²) - c²) and q the n-th root of
// alpha² c²/(n+c²).
func (s *Sequence) radius() float64 {
	n := float64(s.n)
	if s.n < 2 {
		return math.Inf(1)
	}
	all := n + s.precision
	log := math.Log(s.alpha*s.alpha*s.precision/all) / n
	under := math.Exp(log)*all - s.precision
	if under <= 0 {
		return math.Inf(1)
	}
	return math.Sqrt(s.squares / n * -math.Expm1(log) * all / under)
}

// State is what a Sequence has gathered, to be kept.
type State struct {
	Count   int64   `json:"count"`
	Mean    float64 `json:"mean"`
	Squares float64 `json:"squares"` // sum of squared deviations
}

// State is s's.
func (s *Sequence) State() State { return State{s.n, s.mean, s.squares} }

// Restore goes on from a state. The error says what about it cannot be.
func (s *Sequence) Restore(from State) error {
	if from.Count < 0 || !(from.Squares >= 0) || math.IsInf(from.Squares, 0) || math.IsNaN(from.Mean) || math.IsInf(from.Mean, 0) {
		return fmt.Errorf("confidence: %+v is no state of a sequence", from)
	}
	s.n, s.mean, s.squares = from.Count, from.Mean, from.Squares
	return nil
}
