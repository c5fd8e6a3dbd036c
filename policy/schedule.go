package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schedule is base-stock with a level from a weekly timetable in local time
// (prebuild schedules, cron scalers). The timetable is given, or fitted on a
// training span: for each hour of the week the smallest level that would have
// reached the hit rate there.
type Schedule struct {
	weeks []timetable // by pool
	leads []int64     // by pool: the timetable is read that far ahead
	clock localClock
}

// hoursPerWeek are the slots of a timetable, from Sunday 00:00.
const hoursPerWeek = 7 * 24

type timetable [hoursPerWeek]int32

const hour = int64(time.Hour)

// Traits implements Sizer.
func (s *Schedule) Traits() Traits { return Traits{Ticks: true, ByPool: true} }

// Start implements Sizer.
func (s *Schedule) Start(t Time, p PoolID) Level { return Hold(s.at(t, p)) }

// Arrive implements Sizer.
func (s *Schedule) Arrive(t Time, r Request, _ Stock) Level { return Hold(s.at(t, r.Pool)) }

// Tick implements Sizer. Levels change when a lead time from now falls into
// another hour.
func (s *Schedule) Tick(t Time, p PoolID, _ Stock) (Level, Time) {
	ahead := s.clock.local(t + s.leads[p])
	return Hold(s.at(t, p)), t + hour - mod(ahead, hour)
}

func (s *Schedule) at(t Time, p PoolID) int32 {
	return s.weeks[p][slotOf(s.clock.local(t+s.leads[p]))]
}

func slotOf(local Time) int64 {
	return mod(local-sunday, hoursPerWeek*hour) / hour
}

// fitTimetable chooses the levels from the arrivals of a training span of at
// least a day; from less than a week the same for every day.
func fitTimetable(arrivals []Time, span, lead int64, clock *localClock, hitRate float64) timetable {
	var counts [hoursPerWeek][]int64 // by slot: how many others each arrival found in the lead time before it
	oldest := 0
	for i, t := range arrivals {
		for arrivals[oldest] <= t-lead && oldest < i {
			oldest++
		}
		n := min(i-oldest, mostRolling)
		slot := slotOf(clock.local(t))
		if span < hoursPerWeek*hour {
			slot %= 24
		}
		for len(counts[slot]) <= n {
			counts[slot] = append(counts[slot], 0)
		}
		counts[slot][n]++
	}
	var week timetable
	for slot := range week {
		from := slot
		if span < hoursPerWeek*hour {
			from %= 24
		}
		week[slot] = smallestLevel(counts[from], hitRate)
	}
	return week
}

// smallestLevel is the least S for which the share of arrivals that found
// fewer than S others reaches the hit rate; 0 without arrivals.
func smallestLevel(counts []int64, hitRate float64) int32 {
	total, hits := int64(0), int64(0)
	for _, n := range counts {
		total += n
	}
	for level, n := range counts {
		if float64(hits) >= hitRate*float64(total) {
			return int32(level)
		}
		hits += n
	}
	return int32(len(counts))
}

var weekdays = []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// parseTimetable reads "Mon-Fri 08:00-18:00 10; Sat 10:00-14:00 2": in these
// whole hours of local time hold that level, and otherwise the first argument.
func parseTimetable(level int32, text string) (timetable, error) {
	var week timetable
	for i := range week {
		week[i] = level
	}
	for entry := range strings.SplitSeq(text, ";") {
		fields := strings.Fields(entry)
		fail := func(what string) (timetable, error) {
			return timetable{}, fmt.Errorf("timetable entry %q: %s; write DAYS FROM-TO LEVEL such as Mon-Fri 08:00-18:00 10", strings.TrimSpace(entry), what)
		}
		if len(fields) != 3 {
			return fail("three fields are needed")
		}
		first, last, isRange := strings.Cut(fields[0], "-")
		if !isRange {
			last = first
		}
		day, end := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if day < 0 || end < 0 {
			return fail("days are " + strings.Join(weekdays, " "))
		}
		fromText, toText, _ := strings.Cut(fields[1], "-")
		from, ok1 := wholeHour(fromText)
		to, ok2 := wholeHour(toText)
		if !ok1 || !ok2 || from >= to {
			return fail("hours are 00:00 to 24:00, whole, the first before the second")
		}
		n, err := strconv.ParseInt(fields[2], 10, 32)
		if err != nil || n < 0 || n > maxCount {
			return fail("the level is not a whole number")
		}
		for {
			for h := from; h < to; h++ {
				week[day*24+h] = int32(n)
			}
			if day == end {
				break
			}
			day = (day + 1) % 7
		}
	}
	return week, nil
}

func wholeHour(text string) (int, bool) {
	h, ok := strings.CutSuffix(text, ":00")
	n, err := strconv.Atoi(h)
	return n, ok && err == nil && n >= 0 && n <= 24
}

var _ = register(&Family{
	Name:     "schedule",
	Summary:  "levels by hour of the week: a timetable, given or fitted on the training span",
	Knob:     "hit_rate",
	Training: true,
	Params: []Param{
		{Name: "hit_rate", Kind: Share, Default: "0.99", Help: "share of the training span's requests that the fitted levels would have served warm"},
		{Name: "timetable", Kind: Text, Optional: true, Help: "levels instead of fitted ones: DAYS FROM-TO LEVEL; ..."},
		{Name: "level", Kind: Count, Default: "0", Help: "level outside the hours of a given timetable"},
	},
	Build: buildSchedule,
})

func buildSchedule(f Fleet, v Values) (Sizer, error) {
	s := &Schedule{clock: newLocalClock(f.Location)}
	given := v.Has("timetable")
	span := f.TrainingTo - f.TrainingFrom
	if !given && (f.Training == nil || span < 24*hour) {
		return nil, fmt.Errorf("policy schedule is fitted on the span before the measured one, which must be at least a day: give --measure-from (25%%, say), or a timetable, for example schedule:timetable=Mon-Fri 08:00-18:00 10")
	}
	var week timetable
	if given {
		var err error
		if week, err = parseTimetable(int32(v.Count("level")), v.Text("timetable")); err != nil {
			return nil, fmt.Errorf("policy schedule: %w", err)
		}
	}
	for i, k := range f.Categories {
		if !given {
			week = fitTimetable(f.Training[i], span, int64(k.LeadTime), &s.clock, v.Float("hit_rate"))
		}
		s.weeks = append(s.weeks, week)
		s.leads = append(s.leads, int64(k.LeadTime))
	}
	return s, nil
}
