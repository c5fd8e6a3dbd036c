package experiments

import (
	"fmt"
	"io"
	"strings"
	"time"

	"shadowpool/sim"
)

// mostShown is how many episodes and tenants the text shows.
const mostShown = 5

// WriteShortfall writes where the requests fall that did not hit: by hour of
// the week, in the longest episodes, and by tenant. zone is for the episodes'
// instants.
func WriteShortfall(w io.Writer, r *sim.Result, zone *time.Location) error {
	s := r.Shortfall
	if s == nil || s.Short == 0 {
		return nil
	}
	of := func(n int64) string { return percent(float64(n) / float64(s.Short)) }
	if _, err := fmt.Fprintf(w, "\nwhere the %s fall that did not hit, by local hour, each day's share of them\n\n     0     6     12    18\n",
		plural(int(s.Short), "request", "requests")); err != nil {
		return err
	}
	most := int64(1)
	for _, h := range s.Hours {
		most = max(most, h.Short)
	}
	for day := range 7 {
		day = (day + 1) % 7 // from Monday
		hours := s.Hours[24*day : 24*day+24]
		n := int64(0)
		for _, h := range hours {
			n += h.Short
		}
		if _, err := fmt.Fprintf(w, "%s  %s  %5s %%\n", time.Weekday(day).String()[:3], bars(hours, most), of(n)); err != nil {
			return err
		}
	}
	if err := writeEpisodes(w, s, zone); err != nil {
		return err
	}
	if len(s.Tenants) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	var names []string
	var rows [][]string
	for _, t := range s.Tenants[:min(len(s.Tenants), mostShown)] {
		name := t.Tenant
		if name == "" {
			name = "(none)"
		}
		names = append(names, name)
		rows = append(rows, []string{grouped(t.Requests), grouped(t.Short), percent(float64(t.Short) / float64(t.Requests)), of(t.Short)})
	}
	return writeColumns(w, "tenant", names, []string{"requests", "not hit", "its %", "% of all"}, rows)
}

func writeEpisodes(w io.Writer, s *sim.Shortfall, zone *time.Location) error {
	if _, err := fmt.Fprintf(w, "\n%s; %s %% of the requests that did not hit fall into the longest %d\n\n",
		plural(int(s.Episodes), "episode", "episodes"), percent(s.LongestShare), len(s.Longest)); err != nil {
		return err
	}
	var names []string
	var rows [][]string
	for _, e := range s.Longest[:min(len(s.Longest), mostShown)] {
		names = append(names, strings.TrimSpace(e.Start.In(zone).Format("Mon 2006-01-02 15:04:05 ")+e.Category))
		rows = append(rows, []string{
			seconds(e.LengthS), grouped(e.Requests), grouped(e.Short), percent(float64(e.Short) / float64(s.Short)),
		})
	}
	return writeColumns(w, "begins", names, []string{"lasts", "requests", "not hit", "% of all"}, rows)
}

// bars draws each hour's count against the most of any; the least that is not
// zero can be seen.
func bars(hours []sim.HourCount, most int64) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, h := range hours {
		if h.Short == 0 {
			b.WriteByte(' ')
		} else {
			b.WriteRune(levels[(h.Short*int64(len(levels))-1)/most])
		}
	}
	return b.String()
}
