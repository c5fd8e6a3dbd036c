package trace

import (
	"fmt"
	"time"
	_ "time/tzdata" // the zones of the daily shapes must not depend on the machine
)

// A Workload describes demand whose truth is known: for every task type a
// Poisson process with a daily and weekly shape and growth, bursts, timers,
// and the laws of categories, tenants, datasets and durations. The fields are
// means; a seed draws one outcome from them.
type Workload struct {
	Name  string
	About string // one line for help texts

	// Start is the first instant. Its location is the time zone of the daily
	// and weekly shapes.
	Start time.Time
	Span  time.Duration

	// Tenants share the requests by Zipf's law with exponent 0.8; none if 0.
	Tenants int
	Tasks   []Task
}

// A Task is one task type of a workload.
type Task struct {
	Name string

	// PerDay is the mean number of requests a day over a whole week, before
	// growth and without bursts and timers.
	PerDay float64
	// Day holds 24 relative rates by local hour; between the middles of two
	// hours the rate runs straight. Nil is flat.
	Day []float64
	// Week holds 7 relative rates, Monday first. Nil is flat.
	Week []float64
	// Growth is the relative growth a week: 0.1 adds a tenth every week.
	Growth float64

	// Categories are named after the task and have shares by Zipf's law: the
	// k-th has a share proportional to k to the power -Skew.
	Categories int
	Skew       float64
	// Datasets, if any, are shared by all tenants; each tenant has a few.
	Datasets int

	Duration Distribution
	Bursts   []Burst
	Timers   []Timer
	Notice   *Notice
}

// A Burst is a kind of group of requests of one category and one dataset,
// close together: a course that starts, a matrix of jobs, a flash crowd.
type Burst struct {
	// PerWeek is the mean number of groups a week. They begin as a Poisson
	// process with the task's own daily and weekly shape.
	PerWeek float64
	// Size is the mean number of requests of a group; each group draws its
	// own mean evenly between half and one and a half of it.
	Size float64
	// Spread is how long a group lasts, at a constant rate.
	Spread time.Duration
}

// A Timer is a kind of periodic request, as cron sends them.
type Timer struct {
	// Count is the number of timers. The n-th always asks for category n
	// (modulo the task's categories), for one tenant and one dataset.
	Count int
	// Every lists the periods; each timer draws one, and a phase in minutes
	// after Start.
	Every []time.Duration
	// Jitter is the width of the even spread after each due instant.
	Jitter time.Duration
}

// Notice makes a share of requests known ahead of their arrival.
type Notice struct {
	Share float64
	Ahead Distribution
}

// Limits of a workload, far beyond any use, so that a slip of the pen is an
// error and not a machine out of memory.
const (
	maxGenerated = 200_000_000
	maxNames     = 1_000_000
	maxSpan      = 10 * 366 * 24 * time.Hour
)

// Generate draws the workload's requests. The same seed gives the same trace,
// to the byte (another processor architecture may differ in a rare last digit,
// where its exponentials do); every random choice has a stream of its own, so
// that changing one part of a workload leaves the others' draws as they were.
func (w Workload) Generate(seed uint64) (*Trace, error) {
	drawn, err := w.Draw(seed)
	return drawn.Trace, err
}

// A Drawn is a generated trace that still knows what it was drawn from.
type Drawn struct {
	*Trace
	Truth *Truth
}

// Draw draws the requests as Generate does, and keeps the truth.
func (w Workload) Draw(seed uint64) (Drawn, error) {
	truth, err := w.Truth(seed)
	if err != nil {
		return Drawn{}, err
	}
	return Drawn{truth.Trace(), truth}, nil
}

// Check reports the first field that no workload can have.
func (w Workload) Check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("workload %s: %s", w.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case w.Span <= 0 || w.Span > maxSpan:
		return bad("span is %s, want more than 0 and at most ten years", w.Span)
	case w.Start.Year() < 1700 || w.Start.Year() > 2250:
		return bad("start is %s, want a year from 1700 to 2250", w.Start)
	case w.Tenants < 0 || w.Tenants > maxNames:
		return bad("%d tenants, want 0 to %d", w.Tenants, maxNames)
	case len(w.Tasks) == 0 || len(w.Tasks) > 1000:
		return bad("%d task types, want 1 to 1000", len(w.Tasks))
	}
	expected := 0.0
	seen := map[string]bool{}
	for _, t := range w.Tasks {
		if seen[t.Name] {
			return bad("two task types are called %q", t.Name)
		}
		seen[t.Name] = true
		if err := t.check(); err != nil {
			return bad("task type %q: %v", t.Name, err)
		}
		expected += t.expected(w.Span)
	}
	if !(expected <= maxGenerated) {
		return bad("expects %.3g requests, want at most %d: shorten the span or lower the rates", expected, maxGenerated)
	}
	return nil
}

func (t Task) check() error {
	switch {
	case t.Name == "":
		return fmt.Errorf("it has no name")
	case !(t.PerDay >= 0 && t.PerDay <= 1e12):
		return fmt.Errorf("%v requests a day, want 0 or more", t.PerDay)
	case t.Day != nil && !shape(t.Day, 24):
		return fmt.Errorf("the shape of the day needs 24 rates of 0 or more, not all 0")
	case t.Week != nil && !shape(t.Week, 7):
		return fmt.Errorf("the shape of the week needs 7 rates of 0 or more, not all 0")
	case !(t.Growth > -1 && t.Growth <= 100):
		return fmt.Errorf("growth of %v a week, want above -1 and at most 100", t.Growth)
	case t.Categories < 1 || t.Categories > maxNames:
		return fmt.Errorf("%d categories, want 1 to %d", t.Categories, maxNames)
	case !(t.Skew >= 0 && t.Skew <= 10):
		return fmt.Errorf("skew %v, want 0 to 10", t.Skew)
	case t.Datasets < 0 || t.Datasets > maxNames:
		return fmt.Errorf("%d datasets, want 0 to %d", t.Datasets, maxNames)
	case t.Duration == nil:
		return fmt.Errorf("it has no law of durations")
	case t.Notice != nil && (!(t.Notice.Share >= 0 && t.Notice.Share <= 1) || t.Notice.Ahead == nil):
		return fmt.Errorf("notice needs a share of 0 to 1 and a law of how far ahead")
	}
	if err := t.Duration.Check(); err != nil {
		return fmt.Errorf("duration: %w", err)
	}
	if t.Notice != nil {
		if err := t.Notice.Ahead.Check(); err != nil {
			return fmt.Errorf("notice: %w", err)
		}
	}
	for _, b := range t.Bursts {
		if !(b.PerWeek >= 0 && b.PerWeek <= 1e9) || !(b.Size >= 0 && b.Size <= 1e9) || b.Spread <= 0 {
			return fmt.Errorf("a burst needs a rate and a size of 0 or more and a spread above 0")
		}
	}
	for _, m := range t.Timers {
		if m.Count < 0 || m.Count > maxNames || len(m.Every) == 0 || m.Jitter < time.Millisecond {
			return fmt.Errorf("timers need a count of 0 to %d, a period and a jitter of 1 ms or more", maxNames)
		}
		for _, every := range m.Every {
			if every < time.Second || m.Jitter > every {
				return fmt.Errorf("a timer's period is at least one second and not shorter than its jitter, not %s", every)
			}
		}
	}
	return nil
}

func shape(weights []float64, n int) bool {
	sum := 0.0
	for _, x := range weights {
		if !(x >= 0 && x <= 1e9) {
			return false
		}
		sum += x
	}
	return len(weights) == n && sum > 0
}

// expected is an upper estimate of the requests over span.
func (t Task) expected(span time.Duration) float64 {
	days := span.Hours() / 24
	grown := 1.0
	for range int(days/7) + 1 {
		grown = max(1, grown*(1+t.Growth))
		if grown > 1e12 {
			break
		}
	}
	n := t.PerDay * days
	for _, b := range t.Bursts {
		n += b.PerWeek * b.Size * days / 7
	}
	n *= grown
	for _, m := range t.Timers {
		shortest := m.Every[0]
		for _, every := range m.Every {
			shortest = min(shortest, every)
		}
		n += float64(m.Count) * (span.Seconds()/shortest.Seconds() + 1)
	}
	return n
}
