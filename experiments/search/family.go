package search

import "math"

// A Family is a kind of settings with its variables.
type Family struct {
	Name      string
	Variables []Variable
	// Knob is the variable with which service and cost rise or fall
	// throughout; negative is none.
	Knob int
}

// A Variable is one coordinate of a unit cube.
type Variable struct {
	// Levels is the number of values that are in no order, each an equal part
	// of the line; 0 is an ordered variable.
	Levels int
	// Snap is the position of the value that stands for one; nil: every
	// position is a value.
	Snap func(float64) float64
}

// A Point is a setting to evaluate.
type Point struct {
	Family int
	At     []float64 // by variable, each from 0 to 1
	// Fidelity is the share of a full evaluation, above 0 and at most 1.
	Fidelity float64
}

// An Outcome is what an evaluation found.
type Outcome struct {
	Cost float64 // above 0; a long evaluation's and a short one's must compare
	// Service is on a scale of the caller's, on which more is better and equal
	// steps matter about equally.
	Service float64
	// Spent is the effort, in full evaluations.
	Spent float64
}

// A Trial is an evaluated point.
type Trial struct {
	Point
	Outcome
}

// snapped moves a point to the values that exist.
func (f *Family) snapped(at []float64) []float64 {
	moved := make([]float64, len(at))
	for i, v := range f.Variables {
		u := min(max(at[i], 0), 1)
		switch {
		case v.Levels > 0:
			u = (float64(v.level(u)) + 0.5) / float64(v.Levels)
		case v.Snap != nil:
			u = v.Snap(u)
		}
		moved[i] = u
	}
	return moved
}

// level is the value of a variable without order.
func (v *Variable) level(u float64) int {
	return min(int(math.Floor(u*float64(v.Levels))), v.Levels-1)
}
