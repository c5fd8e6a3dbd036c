package policy

import "shadowpool/forecast"

// announced is the demand of open hints within a lead time: a sum of
// independent requests, each with its own probability (Poisson-binomial).
//
// The sum over few is exact: those that are certain shift the distribution of
// the unannounced demand, the others are convolved with it, one by one. That of
// many is matched in mean and variance: it is a certain number and as many
// Poisson requests as the variance, which the unannounced demand takes in.
// Fields are exported for snapshots only.
type announced struct {
	Certain        int
	Odds           []float64 // of each, if few
	Many           bool
	Mean, Variance float64 // of those that are not certain
}

// mostConvolved is how many requests are convolved one by one.
const mostConvolved = 64

// reset begins anew, in the same memory.
func (d *announced) reset() { *d = announced{Odds: d.Odds[:0]} }

// add adds count requests of the same probability.
func (d *announced) add(odds float64, count int) {
	if odds <= 0 {
		return
	}
	if odds >= surest {
		d.Certain += count
		return
	}
	d.Mean += float64(odds * float64(count))
	d.Variance += float64(float64(odds*(1-odds)) * float64(count))
	if d.Many = d.Many || len(d.Odds)+count > mostConvolved; d.Many {
		return
	}
	for range count {
		d.Odds = append(d.Odds, odds)
	}
}

// all is how many come in the mean.
func (d *announced) all() float64 { return float64(d.Certain) + d.Mean }

// widen adds the Poisson requests of many to the unannounced demand.
func (d *announced) widen(u forecast.NegBinomial) forecast.NegBinomial {
	if !d.Many {
		return u
	}
	d.Certain += int(d.Mean - d.Variance + 0.5)
	mean := u.Mean + d.Variance
	return forecast.NegBinomial{Mean: mean, Dispersion: float64(u.Dispersion * float64(u.Mean/mean*(u.Mean/mean)))}
}

// convolve adds the others to P(0), P(1), ... of the unannounced demand, and
// returns it, longer by them.
func (d *announced) convolve(p []float64) []float64 {
	if !d.Many {
		for _, odds := range d.Odds {
			p = append(p, 0)
			for k := len(p) - 1; k > 0; k-- {
				p[k] = float64(p[k]*(1-odds)) + float64(p[k-1]*odds)
			}
			p[0] = float64(p[0] * (1 - odds))
		}
	}
	certain := min(d.Certain, maxCount-len(p))
	if certain <= 0 {
		return p
	}
	n := len(p)
	for range certain {
		p = append(p, 0)
	}
	copy(p[certain:], p[:n])
	clear(p[:certain])
	return p
}
