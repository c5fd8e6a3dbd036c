package policy

import (
	"time"

	"shadowpool/forecast"
)

// quarter is 15 minutes, the grain of profiles and timetables.
const quarter = int64(15 * time.Minute)

// localClock turns instants into local time. It remembers the offset of the
// span that it last looked up: zones change a few times a year.
type localClock struct {
	location *time.Location
	from, to Time
	offset   int64 // ns east of UTC
}

func newLocalClock(l *time.Location) localClock { return localClock{location: l, from: 1, to: 0} }

// local is the reading of a local clock at t, as if it were UTC.
func (c *localClock) local(t Time) Time {
	if t < c.from || t >= c.to {
		at := time.Unix(0, t).In(c.location)
		_, seconds := at.Zone()
		start, end := at.ZoneBounds()
		c.from, c.to, c.offset = -MaxInstant, MaxInstant, int64(seconds)*int64(time.Second)
		if !start.IsZero() && start.Unix() > -MaxInstant/1e9 {
			c.from = start.UnixNano()
		}
		if !end.IsZero() && end.Unix() < MaxInstant/1e9 {
			c.to = end.UnixNano()
		}
	}
	return t + c.offset
}

// sunday is a local midnight between Saturday and Sunday: 1969-12-28.
const sunday = -4 * 24 * int64(time.Hour)

// at is the forecast's clock at t.
func (c *localClock) at(t Time) forecast.Clock {
	since := c.local(t) - sunday
	return forecast.Clock{Quarter: (since - mod(since, quarter)) / quarter}
}

// nextMidnight is the first instant after t at which a local day begins.
func (c *localClock) nextMidnight(t Time) Time {
	at := time.Unix(0, t).In(c.location)
	return time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, c.location).UnixNano()
}
