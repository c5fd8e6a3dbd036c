package forecast

// Intermittent forecasts demand that is mostly zero, by periods: the size of
// a demand and how often one comes are smoothed apart. The three methods are
// Croston's (1972), with the interval between demands, updated when one comes;
// the approximation of Syntetos and Boylan (2005), which takes off its bias,
// times 1 - alpha/2; and that of Teunter, Syntetos and Babai (2011), with the
// probability of a demand, updated in every period, so that it forgets.
type Intermittent struct {
	method      IntermittentMethod
	bins        bins
	alpha, beta float64
	size        float64 // of a demand
	interval    float64 // periods from one to the next: Croston, SBA
	probability float64 // TSB
	since       float64 // periods since the last demand, this one included
	started     bool
}

// An IntermittentMethod is one of the three.
type IntermittentMethod uint8

// The methods.
const (
	Croston IntermittentMethod = iota
	SBA
	TSB
)

// NewIntermittent makes one with the smoothing constants of sizes (alpha) and
// of probabilities (beta; Croston and SBA smooth intervals by alpha too). Its
// periods are the grain of the lead time.
func NewIntermittent(s Setup, method IntermittentMethod, alpha, beta float64) *Intermittent {
	return &Intermittent{method: method, bins: newBins(s.Start, s.grain(mostGrain)), alpha: alpha, beta: beta}
}

// Observe implements Forecaster.
func (f *Intermittent) Observe(t, n float64) { f.bins.add(t, n, f.learn) }

func (f *Intermittent) learn(_ int64, demand float64) {
	f.since++
	if demand == 0 {
		if f.started {
			f.probability -= float64(f.beta * f.probability)
		}
		return
	}
	if !f.started {
		f.started = true
		f.size, f.interval, f.probability = demand, f.since, 1/f.since
	} else {
		f.size += float64(f.alpha * (demand - f.size))
		f.interval += float64(f.alpha * (f.since - f.interval))
		f.probability += float64(f.beta * (1 - f.probability))
	}
	f.since = 0
}

// perPeriod is the demand that is expected in a period.
func (f *Intermittent) perPeriod() float64 {
	switch {
	case !f.started:
		return 0
	case f.method == TSB:
		return float64(f.probability * f.size)
	case f.method == SBA:
		return float64((1 - f.alpha/2) * (f.size / f.interval))
	}
	return f.size / f.interval
}

// Forecast implements Forecaster; it is a Poisson distribution.
func (f *Intermittent) Forecast(from, to float64) NegBinomial {
	return NegBinomial{Mean: float64(f.perPeriod()/f.bins.width) * (to - from)}
}
