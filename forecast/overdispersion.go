package forecast

import "shadowpool/forecast/portable"

// An overDispersion is what forecasts of one horizon lack in variance: of
// variances m + batch*m + dispersion*m^2 on a grid, each is weighed by how
// likely it made past counts, and the weighted means count. The grid is finer
// than Spread's and reaches down to where a day of many thousands is forecast
// to a per cent.
type overDispersion struct {
	scores            []float64 // discounted log-likelihoods, by batch and dispersion
	dispersion, batch float64
}

// dispersionHalfLife is how long a forecast's outcome counts, seconds.
const dispersionHalfLife = 14 * day

var (
	dispersions = []float64{0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 9}
	batches     = []float64{0, 1, 4, 16}
)

// priorDispersion is where an unknown forecast begins: the prior loses one
// unit of log-likelihood for each place on the grid away from 0.3, without
// batches.
const priorDispersion = 8

func newOverDispersion() overDispersion {
	o := overDispersion{scores: make([]float64, 0, len(batches)*len(dispersions))}
	for b := range batches {
		for d := range dispersions {
			away := max(d-priorDispersion, priorDispersion-d)
			o.scores = append(o.scores, -float64(away+b))
		}
	}
	o.weigh()
	return o
}

func (o *overDispersion) learn(forecast NegBinomial, count, keep, weight float64) {
	i := 0
	for _, b := range batches {
		for _, d := range dispersions {
			score := widened(forecast, d, b).logKernel(count)
			o.scores[i] = float64(o.scores[i]*keep) + float64(weight*score)
			i++
		}
	}
	o.weigh()
}

func (o *overDispersion) weigh() {
	most := o.scores[0]
	for _, s := range o.scores {
		most = max(most, s)
	}
	sum, dispersion, batch := 0.0, 0.0, 0.0
	i := 0
	for _, b := range batches {
		for _, d := range dispersions {
			if lag := o.scores[i] - most; lag > -20 {
				w := portable.Exp(lag)
				sum += w
				dispersion += float64(w * d)
				batch += float64(w * b)
			}
			i++
		}
	}
	o.dispersion, o.batch = dispersion/sum, batch/sum
}

func (o *overDispersion) around(forecast NegBinomial) NegBinomial {
	return widened(forecast, o.dispersion, o.batch)
}

func widened(f NegBinomial, dispersion, batch float64) NegBinomial {
	if f.Mean <= 0 {
		return f
	}
	f.Dispersion += dispersion + batch/max(f.Mean, 0.01)
	return f
}
