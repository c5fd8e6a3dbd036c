package experiments

import (
	"cmp"
	"math"
	"slices"
)

// A Summary is one policy over all cells, held against the study's.
type Summary struct {
	Policy        string `json:"policy"`
	Implementable bool   `json:"implementable"`
	Cells         int    `json:"cells"`   // in which it was run
	Reached       int    `json:"reached"` // in which it reaches the target
	// Mean is the geometric mean of its waste over that of the study's
	// policy, Least and Most the extremes, over the Shared cells in which both
	// reach the target; 0 without any. Churn is the least, the median and the
	// most launches a request.
	Shared int        `json:"shared"`
	Mean   float64    `json:"geometric_mean_to_of"`
	Least  float64    `json:"least_to_of"`
	Most   float64    `json:"most_to_of"`
	Ratios []float64  `json:"-"` // ascending
	Churn  [3]float64 `json:"launches_per_request"`
	// Wins and Losses are cells in which the study's policy wastes less, or
	// more, by the 95 % interval of the difference.
	Wins   int `json:"of_is_less"`
	Losses int `json:"of_is_more"`
}

// Summaries are of all policies: the study's, those that could run by their
// mean, then the others.
func (f *Findings) Summaries() []Summary {
	var names []string
	for _, c := range f.Cells {
		for _, s := range c.Standings {
			if !slices.Contains(names, s.Policy) {
				names = append(names, s.Policy)
			}
		}
	}
	slices.Sort(names)
	var all []Summary
	for _, name := range names {
		all = append(all, f.summary(name))
	}
	rank := func(s Summary) float64 {
		switch {
		case s.Policy == f.Of:
			return -1
		case !s.Implementable:
			return 1e9
		case s.Shared == 0:
			return 1e8
		default:
			return s.Mean
		}
	}
	slices.SortStableFunc(all, func(a, b Summary) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

func (f *Findings) summary(policy string) Summary {
	s := Summary{Policy: policy}
	logs := 0.0
	var churn []float64
	for i := range f.Cells {
		own, of := f.Cells[i].standing(policy), f.Cells[i].standing(f.Of)
		if own == nil {
			continue
		}
		s.Implementable = own.Implementable
		s.Cells++
		if own.Against != nil && own.Against.Less {
			s.Wins++
		}
		if own.Against != nil && own.Against.More {
			s.Losses++
		}
		if !own.Reached {
			continue
		}
		s.Reached++
		churn = append(churn, own.LaunchesPerReq)
		if of == nil || !of.Reached || of.WasteS <= negligible || own.WasteS <= negligible {
			continue
		}
		ratio := own.WasteS / of.WasteS
		logs += math.Log(ratio)
		s.Ratios = append(s.Ratios, ratio)
	}
	slices.Sort(s.Ratios)
	if s.Shared = len(s.Ratios); s.Shared > 0 {
		s.Mean = math.Exp(logs / float64(s.Shared))
		s.Least, s.Most = bounds(s.Ratios)
	}
	if len(churn) > 0 {
		slices.Sort(churn)
		s.Churn = [3]float64{churn[0], median(churn), churn[len(churn)-1]}
	}
	return s
}

// median is the middle of sorted numbers.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// An Outcome is the study's policy against the best other of a cell.
type Outcome struct {
	Cell  *Cell
	Own   *Standing
	Rival *Standing // nil: no other that could run reaches the target
	// Ratio is of their wastes; infinite where the study's policy alone does
	// not reach the target, 0 where it alone does, not a number where
	// neither does.
	Ratio float64
}

// Outcomes are of every cell in which the study's policy was run.
func (f *Findings) Outcomes() []Outcome {
	var all []Outcome
	for i := range f.Cells {
		o := Outcome{Cell: &f.Cells[i], Own: f.Cells[i].standing(f.Of), Rival: f.Cells[i].rival(f.Of)}
		if o.Own == nil {
			continue
		}
		switch {
		case !o.Own.Reached && o.Rival == nil:
			o.Ratio = math.NaN()
		case !o.Own.Reached:
			o.Ratio = math.Inf(1)
		case o.Rival != nil:
			o.Ratio, _ = relate(o.Own.WasteS, o.Rival.WasteS)
		}
		all = append(all, o)
	}
	return all
}

// Losses are the cells in which another wastes less, or alone reaches the
// target, the worst first.
func (f *Findings) Losses() []Outcome {
	var lost []Outcome
	for _, o := range f.Outcomes() {
		if o.Ratio > 1 {
			lost = append(lost, o)
		}
	}
	slices.SortStableFunc(lost, func(a, b Outcome) int { return cmp.Compare(b.Ratio, a.Ratio) })
	return lost
}
