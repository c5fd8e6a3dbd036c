package trace

import (
	"math"
	"time"
)

// A calendar counts arrivals by local hour and day.
type calendar struct {
	zone        *time.Location
	first, last int64
	offset      int64     // of the zone at the first arrival
	hour        int64     // number of the first local hour
	hours       []float64 // of the whole span, in the first arrival's offset

	block     int64 // the quarter of an hour that the figures below are of
	local     int64 // the zone's offset in it
	day       int64 // number of the first local day
	days      []float64
	byHour    [24]float64
	hourCells [24]float64
}

const (
	quarter  = int64(15 * time.Minute)
	fullHour = int64(time.Hour)
	fullDay  = 24 * fullHour
)

func newCalendar(first, last int64, zone *time.Location) calendar {
	c := calendar{zone: zone, first: first, last: last, block: math.MinInt64}
	c.offset = c.offsetAt(first)
	c.hour = floor(first+c.offset, fullHour)
	c.hours = make([]float64, floor(last+c.offset, fullHour)-c.hour+1)
	c.day = floor(first+c.offset, fullDay)
	// One more day where the zone's offset changes towards the end.
	c.days = make([]float64, floor(last+c.offsetAt(last), fullDay)-c.day+1)
	for i := range c.hours {
		at := (c.hour+int64(i))*fullHour - c.offset
		c.hourCells[hourOf(at+c.offsetAt(at))]++
	}
	return c
}

func (c *calendar) offsetAt(at int64) int64 {
	_, offset := time.Unix(0, at).In(c.zone).Zone()
	return int64(offset) * int64(time.Second)
}

// floor is at in whole units, rounded down.
func floor(at, unit int64) int64 {
	n := at / unit
	if at%unit < 0 {
		n--
	}
	return n
}

func hourOf(local int64) int64 {
	return floor(local, fullHour) - 24*floor(local, fullDay)
}

func (c *calendar) note(at int64) {
	if block := floor(at, quarter); block != c.block {
		c.block, c.local = block, c.offsetAt(at)
	}
	c.hours[floor(at+c.offset, fullHour)-c.hour]++
	c.byHour[hourOf(at+c.local)]++
	c.days[floor(at+c.local, fullDay)-c.day]++
}

func (c *calendar) finish(d *Description) {
	for h := range c.byHour {
		d.ByHour[h] = ratio(c.byHour[h], max(1, c.hourCells[h]))
	}
	for i := 1; i < len(c.days)-1; i++ {
		day := &d.ByDay[((c.day+int64(i)+3)%7+7)%7] // day 0 was a Thursday
		day.FullDays++
		day.Mean += c.days[i]
	}
	for i := range d.ByDay {
		d.ByDay[i].Mean = ratio(d.ByDay[i].Mean, float64(d.ByDay[i].FullDays))
	}
	d.hours = c.hours
	peak, empty, m := 0.0, 0.0, mean(c.hours)
	for _, n := range c.hours {
		peak = max(peak, n)
		if n == 0 {
			empty++
		}
	}
	d.Burstiness.PeakToMean = ratio(peak, m)
	d.Burstiness.EmptyHours = empty / float64(len(c.hours))
	d.Burstiness.ACF24 = autocorrelation(c.hours, 24)
}

// autocorrelation at a lag, 0 where the series is no longer than it.
func autocorrelation(x []float64, lag int) float64 {
	m, sum, all := mean(x), 0.0, 0.0
	for i := range x {
		all += (x[i] - m) * (x[i] - m)
		if i+lag < len(x) {
			sum += (x[i] - m) * (x[i+lag] - m)
		}
	}
	return ratio(sum, all)
}
