package sim

import (
	"math/bits"
	"time"

	"shadowpool/policy"
)

// A Day is what happened in 24 hours of the measured span: days are counted
// from its beginning, not from local midnights, so that all but the last are
// whole and equally long, whatever the zone does to its clocks.
type Day struct {
	// Requests arrived in the day; Hits are those of them that hit.
	Requests int64 `json:"requests"`
	Hits     int64 `json:"hits"`
	Launches int64 `json:"launches"`
	// Idle accrues as it passes; Waste adds the launching of instances that
	// never served on the day when they ended.
	Idle  InstanceTime `json:"idle_s"`
	Waste InstanceTime `json:"waste_s"`
	// Wait sums the waits of the requests that got an instance in the day, and CostUSD
	// what the day cost; that of how the provider rounds falls on the day of
	// an instance's end.
	Wait    InstanceTime `json:"wait_s"`
	CostUSD float64      `json:"cost_usd"`
}

// DayLength is a day in ns.
const DayLength = policy.Time(24 * time.Hour)

// days takes the counts that the meter has at the beginning of every day; what
// lies between two of them belongs to the day.
type days struct {
	next   policy.Time // when the day that runs now ends
	before Day         // all that came before it
	days   []Day
}

// begin starts the first day.
func (d *days) begin(from policy.Time, now Day) { d.next, d.before = from+DayLength, now }

// turn ends the days that are over at t: nothing has changed since the event
// before.
func (d *days) turn(t policy.Time, m *meter, arrivals int64) {
	for d.next <= t {
		m.moveOrigin(d.next)
		d.close(m.since(arrivals))
		d.next += DayLength
	}
}

// close ends the day that runs now.
func (d *days) close(now Day) {
	d.days = append(d.days, Day{
		Requests: now.Requests - d.before.Requests,
		Hits:     now.Hits - d.before.Hits,
		Launches: now.Launches - d.before.Launches,
		Idle:     now.Idle.Minus(d.before.Idle),
		Waste:    now.Waste.Minus(d.before.Waste),
		Wait:     now.Wait.Minus(d.before.Wait),
		CostUSD:  now.CostUSD - d.before.CostUSD,
	})
	d.before = now
}

// since is what the measured span holds up to the origin of the integrals,
// after a number of arrivals in all. A hit is assigned as it arrives, so hits
// are counted by the day of their arrival.
func (m *meter) since(arrivals int64) Day {
	seconds, nanos := bits.Div64(m.waitSum[0], m.waitSum[1], 1e9)
	day := Day{
		Requests: arrivals, Hits: m.outcomes[policy.Hit], Launches: m.launches,
		Wait: instanceTime(int64(seconds), int64(nanos)), CostUSD: m.cost(),
	}
	for i := range m.usage {
		u := m.usage[i].total()
		day.Idle = day.Idle.Plus(u.idle())
		day.Waste = day.Waste.Plus(u.idle()).Plus(u.Wasted)
	}
	return day
}
