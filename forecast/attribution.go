package forecast

// Attribution learns the weights >= 0 by which features make up a mean by
// giving every count to the features in the proportion in which they forecast
// it (a multiplicative update of the EM kind for a Poisson mean; Lee and Seung
// 2001): w_j = sum of y w_j f_j / m over the sum of f_j, both discounted. It
// moves slowly and no single count can upset it, where Regression is quick and
// can be upset by a crowd. Fields are exported for snapshots only.
type Attribution struct {
	Weights []float64 // by feature
	Gain    []float64 // discounted sum of y w f / m
	Exposed []float64 // and of f
}

// attributionPrior is how strongly weights are drawn towards others, in
// arrivals.
const attributionPrior = 20

// NewAttribution begins with given weights.
func NewAttribution(weights []float64) Attribution {
	k := len(weights)
	return Attribution{append([]float64(nil), weights...), make([]float64, k), make([]float64, k)}
}

// Learn takes a count y and the features that were known of it. keep is the
// share of the past that counts on, weight the count's own; weights are drawn
// towards prior.
func (a *Attribution) Learn(features []float64, y, keep, weight float64, prior []float64) {
	mean := weighted(features, a.Weights)
	if mean <= 0 {
		return
	}
	per := float64(y*weight) / mean
	for j, f := range features {
		a.Gain[j] = float64(a.Gain[j]*keep) + float64(per*float64(a.Weights[j]*f))
		a.Exposed[j] = float64(a.Exposed[j]*keep) + float64(weight*f)
		a.Weights[j] = (a.Gain[j] + float64(attributionPrior*prior[j])) / (a.Exposed[j] + attributionPrior)
	}
}

// weighted is the weighted sum of features.
func weighted(features, weights []float64) float64 {
	sum := 0.0
	for j, f := range features {
		sum += float64(f * weights[j])
	}
	return sum
}
