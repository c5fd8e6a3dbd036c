package forecast

// Regression learns the weights >= 0 by which features make up a mean: those
// that fit the counts best by least squares, each count weighted by the inverse
// of its variance (quasi-likelihood; Wedderburn 1974), all discounted, with a
// sweep of coordinate descent after every count. Features are
// nearly exchangeable, which slower methods (Attribution) take months to tell. Fields are exported for snapshots only.
type Regression struct {
	Weights []float64 // by feature
	Normal  []float64 // discounted sum of f f' / variance, by rows
	Fitted  []float64 // and of f y / variance
}

// NewRegression begins with given weights.
func NewRegression(weights []float64) Regression {
	k := len(weights)
	return Regression{append([]float64(nil), weights...), make([]float64, k*k), make([]float64, k)}
}

// equalWeights are k weights of equal size, that sum to 1.
func equalWeights(k int) []float64 {
	w := make([]float64, k)
	for j := range w {
		w[j] = 1 / float64(k)
	}
	return w
}

// Learn takes a count y of the given variance and the features that were known
// of it. keep is the share of the past that counts on, weight the count's own.
// Weights are drawn towards prior, as strongly as by strength arrivals.
func (r *Regression) Learn(features []float64, y, variance, keep, weight float64, prior []float64, strength float64) {
	k := len(features)
	per := weight / variance
	for i, f := range features {
		row := r.Normal[i*k:][:len(features)]
		g := float64(f * per)
		for j, v := range features {
			row[j] = float64(row[j]*keep) + float64(g*v)
		}
		r.Fitted[i] = float64(r.Fitted[i]*keep) + float64(g*y)
	}
	for i, w := range r.Weights {
		row := r.Normal[i*k:][:len(r.Weights)]
		missing := r.Fitted[i] + float64(strength*(prior[i]-w))
		for j, v := range r.Weights {
			missing -= float64(row[j] * v)
		}
		r.Weights[i] = max(w+missing/(row[i]+strength), 0)
	}
}
