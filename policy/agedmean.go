package policy

import (
	"time"

	"shadowpool/forecast/portable"
)

// agedMean is a mean of times, ns, in which older ones count less.
type agedMean struct {
	Mean, Times float64
	Last        Time // up to when times are forgotten; Never: none came yet
	// Believed is what decisions go by: the mean follows every time, this one where
	// it has moved by enough.
	Believed float64
}

const (
	// A time counts half after timesHalfLife; the share is worked out once in forgetEvery.
	timesHalfLife = 48 * time.Hour
	forgetEvery   = int64(30 * time.Minute)
	// believedBy is the share by which a time must be another to be believed.
	believedBy = 0.05
)

func configured(takes time.Duration) agedMean {
	return agedMean{Mean: float64(takes), Times: priorTimes, Last: Never, Believed: float64(takes)}
}

// age forgets up to t.
func (m *agedMean) age(t Time) {
	switch {
	case m.Last == Never:
		m.Last = t
	case t-m.Last >= forgetEvery:
		m.Times = float64(m.Times * portable.Decay(float64(t-m.Last), float64(timesHalfLife)))
		m.Last = t
	}
}

// add takes a time; of those before it at most so many count.
func (m *agedMean) add(t Time, took, most float64) {
	m.age(t)
	m.Times = min(m.Times, most) + 1
	m.Mean += (took - m.Mean) / m.Times
}

// believe takes over what is expected if that is another by enough, and says so.
func (m *agedMean) believe(expected float64) bool {
	if off := expected - m.Believed; off <= believedBy*m.Believed && -off <= believedBy*m.Believed {
		return false
	}
	m.Believed = expected
	return true
}
