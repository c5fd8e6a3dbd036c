package forecast

import "shadowpool/forecast/portable"

// HoltWinters is exponential smoothing with a damped additive trend and an
// additive season, in error-correction form, ETS(A,Ad,A) of Hyndman, Koehler,
// Ord and Snyder (2008), section 2.5:
//
//	e = y - (level + phi trend + season)
//	level = level + phi trend + alpha e
//	trend = phi trend + alpha beta e
//	season = season + gamma e
//
// Several settings run side by side, and the one whose recent errors were
// least forecasts: for errors of one unknown variance that is the likeliest.
// The season's slots follow local time; a slot may be several bins long.
type HoltWinters struct {
	setup   Setup
	bins    bins
	slot    float64 // seconds
	first   []float64
	seen    []float64 // bins of each slot in the first season
	started bool
	left    int64 // bins of the first season to come
	members []smoothing
	best    int
	keep    float64 // of past errors, over a bin
}

type smoothing struct {
	alpha, beta, gamma, phi float64
	level, trend            float64
	season                  []float64
	errors                  float64 // discounted squares
}

const (
	// holtWintersErrors is how long an error counts, seconds.
	holtWintersErrors = 2 * day
	// mostGrain is the longest bin of forecasters that count by bins, unless
	// the setup's step is longer.
	mostGrain = quarterSeconds
)

// NewHoltWinters makes one with a season of a day or a week by slots of the
// given seconds; season 0 is none.
func NewHoltWinters(s Setup, season, slot float64) *HoltWinters {
	w := &HoltWinters{setup: s, bins: newBins(s.Start, s.grain(mostGrain))}
	w.slot = w.bins.width * max(1, float64(wholes(slot, w.bins.width)))
	slots := max(1, wholes(season+w.slot-1, w.slot))
	w.left = max(1, wholes(season, w.bins.width))
	w.first, w.seen = make([]float64, slots), make([]float64, slots)
	w.keep = portable.Decay(w.bins.width, holtWintersErrors)
	gammas := []float64{0}
	if season > 0 {
		// A slot of k bins is corrected k times a season.
		gammas = []float64{0.1 * w.bins.width / w.slot, 0.3 * w.bins.width / w.slot}
	}
	trends := []struct{ beta, phi float64 }{{0, 0}, {0.1, 0.9}, {0.02, 1}}
	for _, halfLife := range []float64{300, 1800, 4 * 3600, day} {
		alpha := 1 - portable.Decay(w.bins.width, halfLife)
		for _, t := range trends {
			for _, gamma := range gammas {
				w.members = append(w.members, smoothing{alpha: alpha, beta: t.beta, phi: t.phi, gamma: gamma, season: make([]float64, slots)})
			}
		}
	}
	return w
}

// Observe implements Forecaster.
func (w *HoltWinters) Observe(t, n float64) { w.bins.add(t, n, w.learn) }

func (w *HoltWinters) learn(index int64, y float64) {
	i := w.slotOf(index)
	if !w.started {
		w.first[i] += y
		w.seen[i]++
		if w.left--; w.left == 0 {
			w.begin()
		}
		return
	}
	for k := range w.members {
		m := &w.members[k]
		trend := float64(m.phi * m.trend)
		e := y - m.level - trend - m.season[i]
		m.errors = float64(m.errors*w.keep) + float64(e*e)
		m.level += trend + float64(m.alpha*e)
		m.trend = trend + float64(float64(m.alpha*m.beta)*e)
		m.season[i] += float64(m.gamma * e)
		if m.errors < w.members[w.best].errors {
			w.best = k
		}
	}
}

// begin takes level and season from the first season's counts.
func (w *HoltWinters) begin() {
	w.started = true
	mean := w.mean()
	for k := range w.members {
		m := &w.members[k]
		m.level = mean
		for i, n := range w.seen {
			if n > 0 {
				m.season[i] = w.first[i]/n - mean
			}
		}
	}
}

// mean is that of the first season's bins so far.
func (w *HoltWinters) mean() float64 {
	sum, bins := 0.0, 0.0
	for i, n := range w.seen {
		sum += w.first[i]
		bins += n
	}
	return sum / max(bins, 1)
}

// Forecast implements Forecaster; it is a Poisson distribution.
func (w *HoltWinters) Forecast(from, to float64) NegBinomial {
	if !w.started {
		return NegBinomial{Mean: float64(w.mean()/w.bins.width) * (to - from)}
	}
	m := &w.members[w.best]
	ahead, trend, power := w.bins.index-1, 0.0, 1.0 // of the last bin seen
	mean := w.bins.over(from, to, func(index int64) float64 {
		for ; ahead < index; ahead++ {
			power *= m.phi
			trend += float64(power * m.trend)
		}
		return max(m.level+trend+m.season[w.slotOf(index)], 0)
	})
	return NegBinomial{Mean: mean}
}

func (w *HoltWinters) slotOf(index int64) int64 {
	if len(w.first) == 1 {
		return 0
	}
	return slot(wholes(w.setup.local(w.bins.middle(index)), w.slot), len(w.first))
}
