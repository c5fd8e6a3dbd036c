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
// Several settings run side by side, some without trend or season, and the one
// whose recent errors over the lead time were least forecasts: for errors of
// one unknown variance it is the likeliest. (Errors over the lead time rather
// than one step ahead, because settings that follow the last count closely are
// best for the next one and worst for those after it.) The season's slots
// follow local time; a slot may be several bins long.
type HoltWinters struct {
	setup Setup
	bins  bins
	slot  float64 // seconds

	first   []float64 // sums of the first season, by slot
	seen    []float64 // and its bins
	left    int64     // bins of the first season to come
	members []smoothing
	best    int

	counts []float64 // of the last bins, as many as the lead time has
	sum    float64   // of them
	ahead  []int64   // slots of the bins of the coming lead time
	whole  int       // bins that were seen
	keep   float64   // of past errors, over a bin
}

// A smoothing is one setting with its state.
type smoothing struct {
	alpha, beta, gamma, phi float64
	level, trend            float64
	season                  []float64 // nil has none
	born                    int       // bins that had been seen when it began
	forecasts               []float64 // of the coming lead time, made at the end of the last bins
	errors                  float64   // discounted squares
}

const (
	// holtWintersErrors is how long an error counts, seconds.
	holtWintersErrors = 2 * day
	// mostGrain is the longest bin of forecasters that count by bins, in
	// seconds, unless the setup's step is longer.
	mostGrain = 300
)

// smoothingHalfLives are those of the level in seconds, and smoothingTrends
// settings of the trend.
var (
	smoothingHalfLives = []float64{300, 1800, 4 * 3600, day}
	smoothingTrends    = []struct{ beta, phi float64 }{{0, 0}, {0.1, 0.9}, {0.02, 1}}
	smoothingSeasons   = []float64{0.1, 0.3} // weight of the newest season
)

// NewHoltWinters makes one with a season of a day or a week by slots of the
// given seconds; season 0 is none.
func NewHoltWinters(s Setup, season, slot float64) *HoltWinters {
	w := &HoltWinters{setup: s, bins: newBins(s.Start, s.grain(mostGrain))}
	width := w.bins.width
	w.slot = width * max(1, float64(wholes(slot, width)))
	slots := max(1, wholes(season+w.slot-1, w.slot))
	w.left = max(1, wholes(season, width))
	w.first, w.seen = make([]float64, slots), make([]float64, slots)
	lead := max(1, wholes(s.Lead, width))
	w.counts, w.ahead = make([]float64, lead), make([]int64, lead)
	w.keep = portable.Decay(width, holtWintersErrors)
	for _, halfLife := range smoothingHalfLives {
		for _, t := range smoothingTrends {
			m := smoothing{alpha: 1 - portable.Decay(width, halfLife), beta: t.beta, phi: t.phi}
			m.forecasts = make([]float64, lead)
			w.members = append(w.members, m)
			for _, gamma := range smoothingSeasons {
				if season > 0 {
					m.gamma = gamma * width / w.slot // a slot of k bins is corrected k times a season
					m.forecasts, m.season = make([]float64, lead), make([]float64, slots)
					w.members = append(w.members, m)
				}
			}
		}
	}
	return w
}

// Observe implements Forecaster.
func (w *HoltWinters) Observe(t, n float64) { w.bins.add(t, n, w.learn) }

func (w *HoltWinters) learn(index int64, y float64) {
	i := w.slotOf(index)
	place := w.whole % len(w.counts)
	if w.whole == 0 {
		w.begin(y)
	}
	w.whole++
	w.sum += y - w.counts[place]
	w.counts[place] = y
	for k := range w.ahead {
		w.ahead[k] = w.slotOf(index + 1 + int64(k))
	}
	for k := range w.members {
		m := &w.members[k]
		if m.born < 0 {
			continue
		}
		if w.whole-m.born > len(w.counts) {
			e := w.sum - m.forecasts[place]
			m.errors = float64(m.errors*w.keep) + float64(e*e)
		}
		m.learn(i, y)
		m.forecasts[place] = m.over(w.ahead)
		if m.errors < w.members[w.best].errors {
			w.best = k
		}
	}
	if w.left > 0 {
		w.first[i] += y
		w.seen[i]++
		if w.left--; w.left == 0 {
			w.join()
		}
	}
}

// begin starts the settings without a season at the first count.
func (w *HoltWinters) begin(y float64) {
	for k := range w.members {
		m := &w.members[k]
		m.level = y
		if m.season != nil {
			m.born = -1
		}
	}
}

// join starts the settings with a season from the counts of the first, as good
// as the best so far.
func (w *HoltWinters) join() {
	if len(w.first) == 1 {
		return
	}
	sum, bins := 0.0, 0.0
	for i, n := range w.seen {
		sum += w.first[i]
		bins += n
	}
	mean := sum / bins
	for k := range w.members {
		m := &w.members[k]
		if m.season == nil {
			continue
		}
		m.born, m.level, m.errors = w.whole, mean, w.members[w.best].errors
		for i, n := range w.seen {
			if n > 0 {
				m.season[i] = w.first[i]/n - mean
			}
		}
	}
}

func (m *smoothing) learn(slot int64, y float64) {
	trend := float64(m.phi * m.trend)
	e := y - m.level - trend
	if m.season != nil {
		e -= m.season[slot]
		m.season[slot] += float64(m.gamma * e)
	}
	m.level += trend + float64(m.alpha*e)
	m.trend = trend + float64(float64(m.alpha*m.beta)*e)
}

// over is the forecast of the coming bins, which lie in these slots.
func (m *smoothing) over(slots []int64) float64 {
	sum, trend, power := 0.0, 0.0, 1.0
	for _, slot := range slots {
		power *= m.phi
		trend += float64(power * m.trend)
		sum += m.at(trend, slot)
	}
	return sum
}

func (m *smoothing) at(trend float64, slot int64) float64 {
	y := m.level + trend
	if m.season != nil {
		y += m.season[slot]
	}
	return max(y, 0)
}

// Forecast implements Forecaster; it is a Poisson distribution.
func (w *HoltWinters) Forecast(from, to float64) NegBinomial {
	m := &w.members[w.best]
	at, trend, power := w.bins.index-1, 0.0, 1.0 // the last bin that was seen
	return NegBinomial{Mean: w.bins.over(from, to, func(index int64) float64 {
		for ; at < index; at++ {
			power *= m.phi
			trend += float64(power * m.trend)
		}
		return m.at(trend, w.slotOf(index))
	})}
}

func (w *HoltWinters) slotOf(index int64) int64 {
	if len(w.first) == 1 {
		return 0
	}
	return slot(wholes(w.setup.local(w.bins.middle(index)), w.slot), len(w.first))
}
