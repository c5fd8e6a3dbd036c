package policy

// autoregression is x[i+1] = a + b x[i] + noise, fitted by least squares on the
// sums over all pairs of neighbours so far.
type autoregression struct {
	Seen         bool // Last is set
	Last         float64
	Pairs        float64
	X, Y, XX, XY float64
}

func (a *autoregression) note(y float64) {
	if x := a.Last; a.Seen {
		a.Pairs++
		a.X += x
		a.Y += y
		a.XX += float64(x * x)
		a.XY += float64(x * y)
	}
	a.Seen, a.Last = true, y
}

// forecast is the next value expected, never below 0: the last without a pair
// to learn from. The process is taken for stationary, |b| <= 1.
func (a *autoregression) forecast() float64 {
	if a.Pairs == 0 {
		return a.Last
	}
	x, y := a.X/a.Pairs, a.Y/a.Pairs
	b := 0.0
	if spread := a.XX/a.Pairs - float64(x*x); spread > 1e-9*a.XX/a.Pairs {
		b = max(-1, min((a.XY/a.Pairs-float64(x*y))/spread, 1))
	}
	return max(y+float64(b*(a.Last-x)), 0)
}
