package forecast

// An NHPPModel is what forecasts by NHPP of one step, span and zone share.
type NHPPModel struct {
	pace
	grid
	zone Zone
	fit  intensityFit
}

const (
	nhppSlot = 900 // seconds
	nhppDays = 21  // of history
)

// NewNHPPModel prepares forecasts from counts every step; span is how far
// ahead they are scored. Both in seconds. Days and weeks are those of zone.
func NewNHPPModel(step, span float64, zone Zone) *NHPPModel {
	m := &NHPPModel{
		pace: newPace(step, span), zone: zone,
		grid: grid{slot: nhppSlot, every: 6 * 3600, latest: 3 * secondsPerDay, share: 0.1, least: 200},
	}
	m.window = nhppDays * m.perDay()
	return m
}

// New is a forecaster that has seen nothing.
func (m *NHPPModel) New() *NHPP { return &NHPP{model: m} }

// NHPP forecasts by a non-homogeneous Poisson process whose intensity is
// fitted on a fine grid by penalised likelihood and extrapolated by its period
// (Qian, Wen, Sun, Gu, Niu, Tang: RobustScaler: QoS-Aware Autoscaling for
// Complex Workloads, ICDE 2022); intensityFit tells the fit. The grid is of 15
// minutes over up to 21 days, in local time: the hour that summer time skips
// counts as empty, the one that it repeats twice. The paper finds the period by
// a detector of its own; here it is a day, or, once there are two weeks and
// the counts correlate better with those of a week before, a week. The paper
// plans on the fitted intensity alone; here it is blended with the recent rate
// between fits (tracking), as the level may change from day to day. Until there
// is a day of history the recent rate is all.
type NHPP struct {
	model *NHPPModel
	tracking
	Series series
	Ahead  ahead // the coming period
}

// Observe implements Forecaster.
func (f *NHPP) Observe(t, n float64) {
	m := f.model
	f.observe(&m.pace, f, t, n)
	begun := m.zone.Local(t - m.step)
	f.Series.add(&m.grid, begun, begun+m.step, n)
	if f.Series.due(&m.grid, t) && len(f.Series.Counts) > m.perDay() {
		f.refit()
		f.Series.fit(t)
	}
	f.remember(&m.pace, f)
}

// Forecast implements Forecaster.
func (f *NHPP) Forecast(from, to float64) NegBinomial {
	return f.distribution(&f.model.pace, f, from, to)
}

func (f *NHPP) expected(from, to float64) float64 {
	local := f.model.zone.Local(from)
	return f.Ahead.expected(&f.model.grid, local, local+to-from)
}

func (f *NHPP) refit() {
	m := f.model
	counts := f.Series.closed(m.window)
	period := period(counts, m.perDay())
	m.fit.run(counts, period)
	f.Ahead.From = f.Series.First + int64(len(f.Series.Counts)-1)
	f.Ahead.Slots = m.fit.ahead(f.Ahead.Slots[:0], period)
}

// period is a day or a week, in slots.
func period(counts []float32, day int) int {
	week := 7 * day
	if len(counts) < 2*week || correlation(counts, week) <= correlation(counts, day) {
		return day
	}
	return week
}

// correlation is the autocorrelation of the counts at a lag, of the means of
// three slots.
func correlation(counts []float32, lag int) float64 {
	mean := 0.0
	for _, c := range counts {
		mean += float64(c)
	}
	mean /= float64(len(counts))
	at := func(i int) float64 {
		return float64(counts[i-1]+counts[i]+counts[i+1])/3 - mean
	}
	var both, before, after float64
	for i := lag + 1; i < len(counts)-1; i++ {
		a, b := at(i-lag), at(i)
		both += float64(a * b)
		before += float64(a * a)
		after += float64(b * b)
	}
	if both <= 0 || before*after <= 0 {
		return 0
	}
	return both * both / before / after // its sign and square
}
