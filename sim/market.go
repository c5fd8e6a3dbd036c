package sim

import (
	"errors"
	"fmt"
	"math"
	"sort"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"shadowpool/policy"
)

// A Market is the cloud's side of a category's spot capacity.
type Market struct {
	// Interruptions is how often an instance is taken back, an hour, by the
	// local hour of the day.
	Interruptions [24]float64
	// Notice is how long before that the pool is told.
	Notice time.Duration
	// Refused is the share of the time at which there is no capacity, by the
	// local hour of the day; such times come in episodes of about an hour.
	Refused [24]float64
	// Prices of an instance; nil is the constant price of the terms.
	Prices *Prices
}

func (m *Market) validate() error {
	if m == nil {
		return errors.New("it has spot terms, but nothing is said of the market")
	}
	for h := range 24 {
		if !(m.Interruptions[h] >= 0 && m.Interruptions[h] <= 3600 && m.Refused[h] >= 0 && m.Refused[h] <= 1) {
			return fmt.Errorf("at %d:00 its spot has %v interruptions an hour and refuses a share of %v", h, m.Interruptions[h], m.Refused[h])
		}
	}
	if m.Notice < 0 {
		return fmt.Errorf("the notice of an interruption is %v before it", m.Notice)
	}
	return nil
}

// Prices is a price that changes in steps, $/h. Before the first instant the
// first price holds, and the last for ever.
type Prices struct {
	Times []policy.Time // ascending
	Price []float64
	paid  []float64 // of one instance from Times[0] until Times[i], $
}

// NewPrices makes a series; the error says what cannot be.
func NewPrices(times []policy.Time, price []float64) (*Prices, error) {
	if len(times) == 0 || len(times) != len(price) {
		return nil, errors.New("no prices")
	}
	p := &Prices{Times: times, Price: price, paid: make([]float64, len(times))}
	for i := range times {
		if !(price[i] >= 0 && price[i] <= 1e6) {
			return nil, fmt.Errorf("row %d: the price %v is not a number of dollars per hour from 0 to 1000000", i+1, price[i])
		}
		if i == 0 {
			continue
		}
		if times[i] <= times[i-1] {
			return nil, fmt.Errorf("row %d: times must ascend", i+1)
		}
		p.paid[i] = p.paid[i-1] + float64(price[i-1]*hours(times[i]-times[i-1]))
	}
	return p, nil
}

// constantPrice is a price that never changes.
func constantPrice(price float64) *Prices {
	return &Prices{Times: []policy.Time{0}, Price: []float64{price}, paid: []float64{0}}
}

func hours(ns int64) float64 { return float64(ns) / float64(time.Hour) }

// until is what one instance pays from the first instant until t, $; negative
// before it.
func (p *Prices) until(t policy.Time) float64 {
	i := max(sort.Search(len(p.Times), func(i int) bool { return p.Times[i] > t })-1, 0)
	return p.paid[i] + p.Price[i]*hours(t-p.Times[i])
}

// Mean is the price over a span, $/h.
func (p *Prices) Mean(from, to policy.Time) float64 {
	return (p.until(to) - p.until(from)) / hours(to-from)
}

// market is a Market with its draws.
type market struct {
	*Market
	location *time.Location
	constant bool   // the hazard is the same at every hour
	ever     bool   // there is a hazard at all
	lives    stream // of the j-th launch on spot
	next     uint64 // launch on spot
	scarcity *tide  // nil: launches are never refused
}

// scarcityStretch makes a tide change every six minutes, and forget in an hour.
const scarcityStretch = 6

func newMarket(of *Market, name string, location *time.Location, seed uint64) *market {
	m := &market{Market: of, location: location, constant: true, lives: newStream(seed, "interrupt", name)}
	if location == nil {
		m.location = time.UTC
	}
	for i, rate := range of.Interruptions {
		m.ever = m.ever || rate > 0
		m.constant = m.constant && rate == of.Interruptions[0]
		if of.Refused[i] > 0 && m.scarcity == nil {
			m.scarcity = newTide(newStream(seed, "scarcity", name))
		}
	}
	return m
}

// refuses says whether there is no capacity at t: a function of the instant,
// so that every policy meets the same episodes. The tide is below the quantile
// of the share that is refused for just that share of the time.
func (m *market) refuses(t policy.Time) bool {
	return m.scarcity != nil && distuv.UnitNormal.CDF(m.scarcity.at(t/scarcityStretch)) < m.Refused[m.hour(t)]
}

func (m *market) hour(t policy.Time) int { return time.Unix(0, t).In(m.location).Hour() }

// notice is when the next instance, ordered at t, gets its notice: when the
// integral of the hazard reaches an exponential draw.
func (m *market) notice(t policy.Time) policy.Time {
	if !m.ever {
		return policy.Never
	}
	left := -math.Log(m.lives.uniform(m.next))
	m.next++
	for t < policy.MaxInstant {
		rate, until := m.Interruptions[0], policy.MaxInstant
		if !m.constant {
			local := time.Unix(0, t).In(m.location)
			rate = m.Interruptions[local.Hour()]
			until = t + int64(time.Hour) - int64(local.Minute())*int64(time.Minute) - int64(local.Second())*1e9 - int64(local.Nanosecond())
		}
		if rate*hours(until-t) >= left {
			return t + int64(left/rate*float64(time.Hour))
		}
		left -= rate * hours(until-t)
		t = until
	}
	return policy.Never
}
