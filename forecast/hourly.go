package forecast

// An HourlyModel is what forecasts by Hourly of one step, span and zone share.
type HourlyModel struct {
	pace
	grid
	zone Zone
}

const (
	hourlySlot  = 3600 // seconds
	hourlyDays  = 14   // of history
	hourlyAhead = 48   // slots
)

// NewHourlyModel prepares forecasts from counts every step; span is how far
// ahead they are scored. Both in seconds. Hours are those of zone.
func NewHourlyModel(step, span float64, zone Zone) *HourlyModel {
	m := &HourlyModel{
		pace: newPace(step, span), zone: zone,
		grid: grid{slot: hourlySlot, window: hourlyDays * 24, every: 6 * 3600, latest: 6 * 3600},
	}
	m.alone = true
	return m
}

// New is a forecaster that has seen nothing.
func (m *HourlyModel) New() *Hourly { return &Hourly{model: m} }

// Hourly forecasts as predictive scaling of Amazon EC2 Auto Scaling does
// (EC2 Auto Scaling User Guide, Predictive scaling): by the hour, 48 hours ahead,
// anew every six hours, from up to 14 days of history and no fewer than 24
// hours. Amazon does not publish its model; here an hour is expected to be as
// the same hour of the last seven days in the mean and, once there is a week, as
// the same hours of the week in the mean, both counting half. It sees nothing
// of what came since it was made.
type Hourly struct {
	model *HourlyModel
	tracking
	Series series
	Ahead  ahead
}

// Observe implements Forecaster.
func (f *Hourly) Observe(t, n float64) {
	m := f.model
	f.observe(&m.pace, f, t, n)
	begun := m.zone.Local(t - m.step)
	f.Series.add(&m.grid, begun, begun+m.step, n)
	if f.Series.due(&m.grid, t) && len(f.Series.Counts) > 24 {
		f.fit()
		f.Series.fit(t)
	}
	if len(f.Ahead.Slots) > 0 { // else there is nothing to judge
		f.remember(&m.pace, f)
	}
}

// Forecast implements Forecaster.
func (f *Hourly) Forecast(from, to float64) NegBinomial {
	return f.distribution(&f.model.pace, f, from, to)
}

// Expected is the number of arrivals from and to seconds after the last
// observation, by the hourly forecast alone; 0 as long as there is none.
func (f *Hourly) Expected(from, to float64) float64 { return f.expected(f.At+from, f.At+to) }

func (f *Hourly) expected(from, to float64) float64 {
	local := f.model.zone.Local(from)
	return f.Ahead.expected(&f.model.grid, local, local+to-from)
}

func (f *Hourly) fit() {
	counts := f.Series.closed(hourlyDays * 24)
	f.Ahead.From = f.Series.First + int64(len(f.Series.Counts)-1)
	f.Ahead.Slots = f.Ahead.Slots[:0]
	for h := range hourlyAhead {
		expected := usual(counts, h, 24, 7)
		if len(counts) >= 7*24 {
			expected = (expected + usual(counts, h, 7*24, hourlyDays/7)) / 2
		}
		f.Ahead.Slots = append(f.Ahead.Slots, float32(expected))
	}
}

// usual is the mean of up to most counts that lie whole periods before the h-th
// hour after them.
func usual(counts []float32, h, period, most int) float64 {
	sum, n := 0.0, 0.0
	for i := len(counts) + h - period*(h/period+1); i >= 0 && n < float64(most); i -= period {
		sum += float64(counts[i])
		n++
	}
	return sum / max(n, 1)
}
