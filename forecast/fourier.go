package forecast

import (
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"
)

// A FourierModel is what forecasts by Fourier of one step and span share.
type FourierModel struct {
	pace
	grid
	plans      []*fourier.FFT // by whole days less one
	detrended  []float64
	periodic   []float64
	frequency  []complex128
	kept       []int // harmonics
	polynomial trend
}

const (
	fourierSlot = 600 // seconds
	fourierDays = 14  // of history
	// fourierHarmonics is how many of the strongest are kept.
	fourierHarmonics = 10
	// fourierAhead is how many slots a fit is laid out for.
	fourierAhead = 2 * secondsPerDay / fourierSlot
)

// NewFourierModel prepares forecasts from counts every step; span is how far
// ahead they are scored. Both in seconds.
func NewFourierModel(step, span float64) *FourierModel {
	m := &FourierModel{
		pace:  newPace(step, span),
		grid:  grid{slot: fourierSlot, every: 3600, latest: secondsPerDay, share: 0.02, least: 50},
		plans: make([]*fourier.FFT, fourierDays),
	}
	m.window = fourierDays * m.perDay()
	return m
}

// New is a forecaster that has seen nothing.
func (m *FourierModel) New() *Fourier { return &Fourier{model: m} }

// Fourier forecasts a polynomial trend and the strongest Fourier components of
// the series of counts, extrapolated (Basu Roy, Patel, Tiwari: IceBreaker: Warming
// Serverless Functions Better with Heterogeneity, ASPLOS 2022): a quadratic
// trend by least squares, and of what is left the ten harmonics of largest
// amplitude. The paper fits a sliding window at every interval; here the
// window is up to 14 whole days of 10-minute counts, so that the day is one of
// its harmonics, it is fitted anew every few hours, and in between it
// is blended with the recent rate (tracking): the fit alone, which the paper
// extrapolates, wastes more than four times as much on the trace genai, whose
// level changes from day to day. Until there is a day of history the recent
// rate is all. With less than a week the trend is constant: a parabola
// through two days runs away.
type Fourier struct {
	model *FourierModel
	tracking
	Series series
	Ahead  ahead
}

// Observe implements Forecaster.
func (f *Fourier) Observe(t, n float64) {
	m := f.model
	f.observe(&m.pace, f, t, n)
	f.Series.add(&m.grid, t-m.step, t, n)
	if f.Series.due(&m.grid, t) && len(f.Series.Counts) > m.perDay() {
		f.fit()
		f.Series.fit(t)
	}
	f.remember(&m.pace, f)
}

// Forecast implements Forecaster.
func (f *Fourier) Forecast(from, to float64) NegBinomial {
	return f.distribution(&f.model.pace, f, from, to)
}

func (f *Fourier) expected(from, to float64) float64 {
	return f.Ahead.expected(&f.model.grid, from, to)
}

// fit lays out the rate of the coming two days. Kept components have whole
// periods in the window, so that their extrapolation is their value a window
// before. Slots are rounded to float32, far coarser than what the last bits of
// an FFT may differ by from machine to machine.
func (f *Fourier) fit() {
	m := f.model
	days := min((len(f.Series.Counts)-1)/m.perDay(), fourierDays)
	counts := f.Series.closed(days * m.perDay())
	n := len(counts)
	degree := 0
	if days >= 7 {
		degree = 2
	}
	m.polynomial.fit(counts, degree)
	m.detrended = m.detrended[:0]
	for i, c := range counts {
		m.detrended = append(m.detrended, float64(c)-m.polynomial.at(i))
	}
	m.strongest(days)
	f.Ahead.From = f.Series.First + int64(len(f.Series.Counts)-1)
	f.Ahead.Slots = f.Ahead.Slots[:0]
	for i := range fourierAhead {
		v := m.polynomial.at(n+i) + m.periodic[i%n]
		f.Ahead.Slots = append(f.Ahead.Slots, float32(max(v, 0)))
	}
}

// strongest leaves in periodic the sum of the strongest harmonics of
// detrended.
func (m *FourierModel) strongest(days int) {
	n := len(m.detrended)
	if m.plans[days-1] == nil {
		m.plans[days-1] = fourier.NewFFT(n)
	}
	plan := m.plans[days-1]
	m.frequency = plan.Coefficients(slices.Grow(m.frequency[:0], n/2+1)[:n/2+1], m.detrended)
	power := func(h int) float64 {
		c := m.frequency[h]
		return float64(real(c)*real(c)) + float64(imag(c)*imag(c))
	}
	kept := m.kept[:0] // by falling power
	for h := 1; h < len(m.frequency); h++ {
		if len(kept) == fourierHarmonics {
			if power(h) <= power(kept[len(kept)-1]) {
				continue
			}
			kept = kept[:len(kept)-1]
		}
		kept = append(kept, h)
		for i := len(kept) - 1; i > 0 && power(kept[i]) > power(kept[i-1]); i-- {
			kept[i], kept[i-1] = kept[i-1], kept[i]
		}
	}
	m.kept = kept
	slices.Sort(kept)
	next := 0
	for h := range m.frequency {
		if next < len(kept) && kept[next] == h {
			next++
		} else {
			m.frequency[h] = 0
		}
	}
	m.periodic = plan.Sequence(slices.Grow(m.periodic[:0], n)[:n], m.frequency)
	for i := range m.periodic {
		m.periodic[i] /= float64(n)
	}
}
