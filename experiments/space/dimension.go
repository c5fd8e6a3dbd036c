package space

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"shadowpool/policy"
)

// A Dimension is a parameter with the values that it may take: those of a
// list, or a range from From to To, both inclusive. Of a range in Log equal
// steps are equal ratios, or for shares equal steps of their log-odds.
type Dimension struct {
	Name     string
	Kind     policy.Kind
	Values   []string // a list; nil for a range
	From, To float64  // spans in seconds
	Log      bool
	Points   int // of a grid over the range; 0 is DefaultPoints
}

// DefaultPoints is the number of grid points of a range that names none.
const DefaultPoints = 10

// MostPoints bounds the grid points of one dimension.
const MostPoints = 10_000

// At is the value at u, from 0 to 1, as a policy or a configuration reads it:
// spans and numbers to three digits and shares to three digits of what is
// missing to 0 or 1, but the ends as they are.
func (d Dimension) At(u float64) string {
	u = min(max(u, 0), 1)
	if d.Values != nil {
		return d.Values[min(int(u*float64(len(d.Values))), len(d.Values)-1)]
	}
	switch u {
	case 0:
		return d.write(d.From)
	case 1:
		return d.write(d.To)
	}
	from, to := d.line(d.From), d.line(d.To)
	v := min(max(d.unline(from+float64(u*(to-from))), d.From), d.To)
	return d.write(min(max(d.round(v), d.From), d.To))
}

// Position is where on the line a value lies, such that At gives the value
// back. The error says why it lies nowhere.
func (d Dimension) Position(text string) (float64, error) {
	if d.Values != nil {
		i := slices.Index(d.Values, text)
		if i < 0 {
			return 0, fmt.Errorf("%s=%s is none of its values", d.Name, text)
		}
		return (float64(i) + 0.5) / float64(len(d.Values)), nil
	}
	v, err := number(text, d.Kind)
	if err != nil {
		return 0, fmt.Errorf("%s=%s: %w", d.Name, text, err)
	}
	if v < d.From || v > d.To {
		return 0, fmt.Errorf("%s=%s is not between %s and %s", d.Name, text, d.write(d.From), d.write(d.To))
	}
	if d.From == d.To {
		return 0, nil
	}
	from, to := d.line(d.From), d.line(d.To)
	return (d.line(v) - from) / (to - from), nil
}

// Grid is the list, or evenly spaced values of the range, its ends among them;
// each once.
func (d Dimension) Grid() []string {
	if d.Values != nil {
		return slices.Clone(d.Values)
	}
	n := d.Points
	if n == 0 {
		n = DefaultPoints
	}
	var all []string
	for i := range n {
		if text := d.At(float64(i) / float64(max(n-1, 1))); len(all) == 0 || text != all[len(all)-1] {
			all = append(all, text)
		}
	}
	return all
}

// line is where a value lies on the scale of equal steps, unline its inverse.
func (d Dimension) line(v float64) float64 {
	switch {
	case !d.Log:
		return v
	case d.Kind == policy.Share:
		return math.Log(v / (1 - v))
	default:
		return math.Log(v)
	}
}

func (d Dimension) unline(x float64) float64 {
	switch {
	case !d.Log:
		return x
	case d.Kind == policy.Share:
		return 1 / (1 + math.Exp(-x))
	default:
		return math.Exp(x)
	}
}

// round leaves as many digits as matter.
func (d Dimension) round(v float64) float64 {
	switch {
	case d.Kind == policy.Count:
		return math.Round(v)
	case d.Kind == policy.Share && v > 0.5:
		// Such as 0.99937; the difference has digits that the share has not.
		return math.Round((1-digits(1-v))*1e9) / 1e9
	default:
		return digits(v)
	}
}

// digits is v to three of them.
func digits(v float64) float64 {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64) // written here
	return v
}

func (d Dimension) write(v float64) string {
	if d.Kind == policy.Span {
		return time.Duration(math.Round(v * float64(time.Second))).String()
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
