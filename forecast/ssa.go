package forecast

import (
	"slices"

	"gonum.org/v1/gonum/mat"
)

// An SSAModel is what forecasts by SSA of one step and span share.
type SSAModel struct {
	pace
	grid
	covariance *mat.SymDense
	eigen      mat.EigenSym
	vectors    mat.Dense
	values     []float64
	centred    []float64
	state      []float64
}

const (
	ssaSlot = 1800 // seconds
	ssaDays = 14   // of history
	// ssaLag is the window of the trajectory matrix: a day.
	ssaLag = secondsPerDay / ssaSlot
	// Components are kept until they hold ssaShare of the variance, but at
	// most ssaMost of them.
	ssaShare, ssaMost = 0.98, 12
)

// NewSSAModel prepares forecasts from counts every step; span is how far ahead
// they are scored. Both in seconds.
func NewSSAModel(step, span float64) *SSAModel {
	return &SSAModel{
		pace:       newPace(step, span),
		grid:       grid{slot: ssaSlot, window: ssaDays * ssaLag, every: 3 * 3600, latest: 2 * secondsPerDay, share: 0.1, least: 100},
		covariance: mat.NewSymDense(ssaLag, nil),
	}
}

// New is a forecaster that has seen nothing.
func (m *SSAModel) New() *SSA { return &SSA{model: m} }

// SSA forecasts by singular spectrum analysis, as the pools of Microsoft Fabric
// are sized by (Ravikumar, Yeo, Zhu et al.: Intelligent Pooling: Proactive Resource
// Provisioning in Large-scale Cloud Service, PVLDB 17(7), 2024; the method:
// Golyandina, Nekrutkin, Zhigljavsky: Analysis of Time Series Structure, 2001).
// The leading eigenvectors of the lag-covariance of the counts span the signal;
// the last day of counts is projected on them, and the linear recurrence that
// they imply,
//
//	x[n] = sum over k of a[k] x[n-L+k],  a = sum of p P / (1 - sum of p^2)
//
// with p the last entry of each vector and P its others, goes on from there for
// a day. The counts are of half hours over up to 14 days and the lag is a day,
// which the paper leaves open; components are fitted anew every day or two, the
// recurrence with every half hour. The paper's SSA+ adds a small network that is
// trained with an asymmetric loss, so that the forecast leans high; here what
// came of late is blended in (tracking), the scatter is learned, and leaning is
// left to those who use the distribution: the programme of policy ssa-saa
// weighs its two sides. Until there are two days of history the recent rate is
// all.
type SSA struct {
	model *SSAModel
	tracking
	Series series
	Middle float64     // the mean of the counts that were fitted; tracking has another Mean
	Kept   [][]float32 // the leading eigenvectors
	Ahead  ahead
}

// Observe implements Forecaster.
func (f *SSA) Observe(t, n float64) {
	m := f.model
	f.observe(&m.pace, f, t, n)
	last := f.Series.First + int64(len(f.Series.Counts))
	f.Series.add(&m.grid, t-m.step, t, n)
	if f.Series.due(&m.grid, t) && len(f.Series.Counts) > 2*ssaLag {
		f.fit()
		f.Series.fit(t)
		last = 0
	}
	if len(f.Kept) > 0 && len(f.Series.Counts) > ssaLag && f.Series.First+int64(len(f.Series.Counts)) != last {
		f.recur()
	}
	f.remember(&m.pace, f)
}

// Forecast implements Forecaster.
func (f *SSA) Forecast(from, to float64) NegBinomial {
	return f.distribution(&f.model.pace, f, from, to)
}

func (f *SSA) expected(from, to float64) float64 {
	return f.Ahead.expected(&f.model.grid, from, to)
}

// fit finds the leading eigenvectors of the lag-covariance. They are rounded to
// float32, far coarser than what their last bits may differ by from machine to
// machine.
func (f *SSA) fit() {
	m := f.model
	counts := f.Series.closed(m.window)
	f.Middle = 0
	for _, c := range counts {
		f.Middle += float64(c)
	}
	f.Middle /= float64(len(counts))
	x := m.centred[:0]
	for _, c := range counts {
		x = append(x, float64(c)-f.Middle)
	}
	m.centred = x
	// The first row is summed; each later entry follows from the one up and
	// left of it by moving the window on by one.
	columns := len(x) - ssaLag + 1
	for j := range ssaLag {
		sum := 0.0
		for k := range columns {
			sum += float64(x[k] * x[k+j])
		}
		m.covariance.SetSym(0, j, sum)
	}
	for i := 1; i < ssaLag; i++ {
		for j := i; j < ssaLag; j++ {
			m.covariance.SetSym(i, j, m.covariance.At(i-1, j-1)-
				float64(x[i-1]*x[j-1])+float64(x[i-1+columns]*x[j-1+columns]))
		}
	}
	f.Kept = f.Kept[:0]
	if !m.eigen.Factorize(m.covariance, true) {
		return
	}
	m.values = m.eigen.Values(slices.Grow(m.values[:0], ssaLag)[:ssaLag]) // ascending
	m.eigen.VectorsTo(&m.vectors)
	all, sum := 0.0, 0.0
	for _, v := range m.values {
		all += v
	}
	for k := ssaLag - 1; k >= 0 && sum < ssaShare*all && len(f.Kept) < ssaMost; k-- {
		sum += m.values[k]
		f.Kept = slices.Grow(f.Kept, 1)[:len(f.Kept)+1]
		kept := &f.Kept[len(f.Kept)-1]
		*kept = slices.Grow((*kept)[:0], ssaLag)
		for i := range ssaLag {
			*kept = append(*kept, float32(m.vectors.At(i, k)))
		}
	}
	m.vectors.Reset()
}

// recur projects the last day of counts on the components and lays out the day
// to come. What the recurrence makes of it is kept between nothing and the most
// that was counted.
func (f *SSA) recur() {
	m := f.model
	counts := f.Series.closed(ssaLag)
	most := float32(0)
	for _, c := range f.Series.Counts {
		most = max(most, c)
	}
	state := slices.Grow(m.state[:0], 3*ssaLag)[:ssaLag]
	clear(state)
	var weights [ssaLag - 1]float64 // a
	verticality := 0.0
	for _, vector := range f.Kept {
		along := 0.0
		for i, v := range vector {
			along += float64(float64(v) * (float64(counts[i]) - f.Middle))
		}
		for i, v := range vector {
			state[i] += float64(along * float64(v))
		}
		tip := float64(vector[ssaLag-1])
		verticality += float64(tip * tip)
		for i := range weights {
			weights[i] += float64(tip * float64(vector[i]))
		}
	}
	rest := max(1-verticality, 0.01)
	f.Ahead.From = f.Series.First + int64(len(f.Series.Counts)-1)
	f.Ahead.Slots = f.Ahead.Slots[:0]
	for range ssaLag {
		next := 0.0
		recent := state[len(state)-len(weights):]
		for k, a := range weights {
			next += float64(a * recent[k])
		}
		next /= rest
		next = min(max(next+f.Middle, 0), float64(most)) - f.Middle
		state = append(state, next)
		f.Ahead.Slots = append(f.Ahead.Slots, float32(next+f.Middle))
	}
	m.state = state
}
