package experiments

import (
	"math"
	"strconv"
	"time"

	"shadowpool/policy"
)

// A scale lays the values of a knob on a line on which equal steps matter
// about equally: whole numbers and spans by their logarithm, shares by their
// log-odds.
type scale struct {
	start []float64 // positions of the first evaluations, ascending
	step  float64   // to go beyond them by
	least float64   // of all positions
	most  float64
	// write gives the parameter's value at a position; close positions may
	// give the same.
	write func(x float64) string
	// read is the position of what write gave.
	read func(text string) float64
}

// scaleOf is the scale of a kind of parameter; false where there is none.
func scaleOf(kind policy.Kind) (scale, bool) {
	switch kind {
	case policy.Count:
		return logarithmic(1, 1e6, []float64{0, 1, 4, 16}, math.Log(4),
			func(v float64) string { return strconv.FormatInt(int64(math.Round(v)), 10) },
			number), true
	case policy.Number:
		return logarithmic(0.1, 1e6, []float64{1, 4, 16, 64}, math.Log(8), threeDigits, number), true
	case policy.Span:
		return logarithmic(1, 30*86400, []float64{15, 120, 960, 7680}, math.Log(8),
			func(v float64) string {
				return time.Duration(number(threeDigits(v)) * float64(time.Second)).String()
			},
			func(text string) float64 {
				d, _ := time.ParseDuration(text) // written above
				return d.Seconds()
			}), true
	case policy.Share:
		return scale{
			start: []float64{logit(0.5), logit(0.8), logit(0.95), logit(0.99)}, step: math.Log(5),
			least: logit(0.001), most: logit(0.99999),
			write: func(x float64) string {
				if p := 1 / (1 + math.Exp(-x)); p < 0.5 {
					return strconv.FormatFloat(p, 'g', 2, 64)
				}
				q := number(strconv.FormatFloat(1/(1+math.Exp(x)), 'g', 2, 64))
				return strconv.FormatFloat(math.Round((1-q)*1e8)/1e8, 'g', -1, 64)
			},
			read: func(text string) float64 { return logit(number(text)) },
		}, true
	default:
		return scale{}, false
	}
}

// logarithmic is the scale log(1 + v / unit) of values from 0 to most.
func logarithmic(unit, most float64, start []float64, step float64, write func(float64) string, read func(string) float64) scale {
	position := func(v float64) float64 { return math.Log1p(v / unit) }
	s := scale{
		step: step, most: position(most),
		write: func(x float64) string { return write(min(unit*math.Expm1(x), most)) },
		read:  func(text string) float64 { return position(read(text)) },
	}
	for _, v := range start {
		s.start = append(s.start, position(v))
	}
	return s
}

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

func threeDigits(v float64) string {
	return strconv.FormatFloat(number(strconv.FormatFloat(v, 'g', 3, 64)), 'f', -1, 64)
}

func number(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64) // written by a scale
	return v
}
