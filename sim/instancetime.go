package sim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// An InstanceTime is a sum of instance-seconds that is exact to the
// nanosecond, so that parts add up to their whole. Nanos lie between 0 and
// 1e9, exclusive.
type InstanceTime struct{ Seconds, Nanos int64 }

// instanceTime brings nanoseconds that ran over back into their bounds.
func instanceTime(seconds, nanos int64) InstanceTime {
	seconds += nanos / 1e9
	if nanos %= 1e9; nanos < 0 {
		seconds, nanos = seconds-1, nanos+1e9
	}
	return InstanceTime{seconds, nanos}
}

// Plus is the sum of two.
func (t InstanceTime) Plus(o InstanceTime) InstanceTime {
	return instanceTime(t.Seconds+o.Seconds, t.Nanos+o.Nanos)
}

// Minus is the difference of two.
func (t InstanceTime) Minus(o InstanceTime) InstanceTime {
	return instanceTime(t.Seconds-o.Seconds, t.Nanos-o.Nanos)
}

// Times is a share of it, to the nanosecond; all of it is exact.
func (t InstanceTime) Times(share float64) InstanceTime {
	if share == 1 {
		return t
	}
	seconds := math.Floor(share * float64(t.Seconds))
	rest := share*float64(t.Seconds) - seconds
	return instanceTime(int64(seconds), int64(math.Round(1e9*rest+share*float64(t.Nanos))))
}

// Float is the nearest number of seconds.
func (t InstanceTime) Float() float64 { return float64(t.Seconds) + float64(t.Nanos)/1e9 }

// MarshalJSON writes a decimal number of seconds, exactly. Sums are never
// negative.
func (t InstanceTime) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%09d", t.Seconds, t.Nanos), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *InstanceTime) UnmarshalJSON(text []byte) (err error) {
	seconds, nanos, ok := strings.Cut(string(text), ".")
	if t.Seconds, err = strconv.ParseInt(seconds, 10, 64); err == nil {
		t.Nanos, err = strconv.ParseInt(nanos, 10, 64)
	}
	if !ok || len(nanos) != 9 || err != nil {
		return fmt.Errorf("%s is no number of seconds with nine decimals", text)
	}
	return nil
}
