package policy

import (
	"math"
	"math/bits"
	"slices"
	"time"
)

// lateness is how long sets of stages take that follow each other. Sums are by
// the set, a bit for each stage, of the times at evenly spread shares, seconds,
// ascending; they are made as they are asked for.
type lateness struct {
	stages []Stage
	sums   map[uint8][]float64 // never iterated
}

// latePoints stand for a distribution.
const latePoints = 128

func newLateness(stages []Stage) *lateness {
	return &lateness{stages, map[uint8][]float64{0: make([]float64, latePoints)}}
}

// all is the set of all stages.
func (l *lateness) all() uint8 { return ^(AllStages << len(l.stages)) }

// takes is how long a set of stages takes in the mean, seconds.
func (l *lateness) takes(set uint8) float64 {
	sum := 0.0
	for i := range l.stages {
		if set&(1<<i) != 0 {
			sum += l.stages[i].Takes.Seconds()
		}
	}
	return sum
}

// of are the times of a set of stages: of the sums of every time of one and
// every time of the others, as many as stand for them.
func (l *lateness) of(set uint8) []float64 {
	if sum, ok := l.sums[set]; ok {
		return sum
	}
	first := bits.TrailingZeros8(set)
	one, others := l.stages[first].times(), l.of(set&^(1<<first))
	all := make([]float64, 0, len(one)*len(others))
	for _, x := range one {
		for _, y := range others {
			all = append(all, x+y)
		}
	}
	slices.Sort(all)
	sum := make([]float64, latePoints)
	for i := range sum {
		sum[i] = all[(2*i+1)*len(all)/(2*latePoints)]
	}
	l.sums[set] = sum
	return sum
}

// times are how long a stage takes at evenly spread shares, seconds.
func (s *Stage) times() []float64 {
	if len(s.Times) == 0 {
		return []float64{s.Takes.Seconds()}
	}
	times := make([]float64, len(s.Times))
	for i, t := range s.Times {
		times[i] = t.Seconds()
	}
	return times
}

// exceed is the chance that a set of stages takes longer than a span. Between
// two of the points the distribution is taken for even.
func (l *lateness) exceed(set uint8, span time.Duration) float64 {
	sum, x := l.of(set), span.Seconds()
	if sum[0] == sum[latePoints-1] {
		if sum[0] > x {
			return 1
		}
		return 0
	}
	i, _ := slices.BinarySearch(sum, math.Nextafter(x, math.Inf(1))) // the first above
	switch i {
	case 0:
		return 1
	case latePoints:
		return 0
	}
	return (float64(latePoints-i) + 0.5 - (x-sum[i-1])/(sum[i]-sum[i-1])) / latePoints
}

// ahead are the equally likely spans from an order to an instance that has also
// done a set of stages, ns, given those to one that is warm: what launches
// slowly is taken to be prepared slowly.
func (l *lateness) ahead(set uint8, lead *[leadPoints]int64) (all [leadPoints]int64) {
	times := l.of(set)
	for i := range all {
		all[i] = lead[i] + nanoseconds(times[(2*i+1)*latePoints/(2*leadPoints)])
	}
	return all
}

// lateness is that of stages; pools of the same ones share it.
func (a *Adaptive) lateness(stages []Stage) *lateness {
	if len(stages) == 0 {
		return nil
	}
	for _, l := range a.late {
		if l != nil && slices.EqualFunc(l.stages, stages, func(x, y Stage) bool {
			return x.Takes == y.Takes && x.Of == y.Of && x.Keeps == y.Keeps && slices.Equal(x.Times, y.Times)
		}) {
			return l
		}
	}
	return newLateness(stages)
}
