package importers

import (
	"fmt"
	"strings"
	"time"
)

// Layouts of the times that the formats write; fractions of a second are
// accepted after each.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05-07",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
}

// clock reads a time; one without an offset is local to zone.
func clock(s string, zone *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time (want 2026-06-01T09:30:00, with an offset or without)", s)
}
