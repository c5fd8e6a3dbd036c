package policy

import (
	"time"

	"shadowpool/forecast"
)

// LeadTimes learns what launches really take. A Sizer that embeds it is a
// LaunchSizer, and keeps it with its state:
//
//	type Mine struct {
//		LeadTimes
//		...
//	}
//
// Built by newLeadTimes, it begins with the configured lead times.
type LeadTimes struct {
	Launches *forecast.LeadTimes
	// Origin is the first order; instants count from it, so that what is
	// learned does not depend on the calendar.
	Origin Time
}

func newLeadTimes(f Fleet) LeadTimes {
	var expected []float64
	for _, k := range f.Categories {
		expected = append(expected, k.LeadTime.Seconds())
	}
	return LeadTimes{forecast.NewLeadTimes(expected), Never}
}

// Ordered implements LaunchSizer.
func (l *LeadTimes) Ordered(t Time, p PoolID) {
	if l.Origin == Never {
		l.Origin = t
	}
	l.Launches.Order(int(p), seconds(t-l.Origin))
}

// Warmed implements LaunchSizer.
func (l *LeadTimes) Warmed(t Time, p PoolID, ordered Time) {
	l.Launches.Warm(int(p), seconds(ordered-l.Origin), seconds(t-ordered))
}

// Failed implements LaunchSizer.
func (l *LeadTimes) Failed(t Time, p PoolID, ordered Time) {
	l.Launches.Fail(int(p), seconds(ordered-l.Origin), seconds(t-ordered))
}

// Lead is the distribution of the lead time of a launch that p orders at t. It
// is valid until the next call.
func (l *LeadTimes) Lead(t Time, p PoolID) forecast.Lead {
	return l.Launches.At(seconds(max(t-l.Origin, 0)), int(p))
}

// seconds rounds as time.Duration does, so that a lead time that is as
// configured is exactly so.
func seconds(t int64) float64 { return time.Duration(t).Seconds() }
