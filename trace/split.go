package trace

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Between returns the requests that arrive in [from, to), ns since the epoch,
// as a trace that shares t's memory.
func (t *Trace) Between(from, to int64) *Trace {
	a := sort.Search(t.Len(), func(i int) bool { return t.Arrival[i] >= from })
	b := max(a, sort.Search(t.Len(), func(i int) bool { return t.Arrival[i] >= to }))
	return &Trace{Name: t.Name, Relative: t.Relative, Columns: t.Slice(a, b), Strings: t.Strings}
}

// Point finds the instant in a trace that text names, ns since the epoch: a
// share of its time span (75%), a span from its first arrival (96h, 14d), or
// an instant (2026-06-15T00:00:00, local to zone if it has no offset).
func (s Summary) Point(text string, zone *time.Location) (int64, error) {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		x, err := strconv.ParseFloat(share, 64)
		if err != nil || !(x >= 0 && x <= 100) {
			return 0, fmt.Errorf("%q is no share from 0%% to 100%%", text)
		}
		return s.First + int64(x/100*float64(s.Last-s.First)), nil
	}
	if after, ok := parseSpan(text); ok {
		if after < 0 || s.First+after < s.First {
			return 0, fmt.Errorf("%q after the first arrival is no instant of the trace", text)
		}
		return s.First + after, nil
	}
	if at, _, err := parseInstant(text, zone); err == nil {
		if s.Relative {
			return 0, fmt.Errorf("the trace is relative, so %q is nowhere in it; use a share (75%%) or a span (96h)", text)
		}
		return at, nil
	}
	return 0, fmt.Errorf("%q is no share (75%%), no span (96h, 14d) and no instant (2026-06-15T00:00:00)", text)
}

// parseSpan reads a Go duration, or days as in 14d.
func parseSpan(text string) (int64, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		x, err := strconv.ParseFloat(days, 64)
		return int64(x * float64(fullDay)), err == nil && x >= 0 && x <= 100_000
	}
	d, err := time.ParseDuration(text)
	return int64(d), err == nil
}
