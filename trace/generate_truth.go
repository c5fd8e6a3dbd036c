package trace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"
)

// Truth is what a workload's seed has decided apart from the single requests:
// when bursts begin and how large they are, and when timers are due. Given it,
// requests form a Poisson process of known intensity, plus one request in each
// timer's window of jitter. An omniscient forecaster may know it; a policy
// that has to run must not.
type Truth struct {
	workload Workload
	seed     uint64
	start    int64
	end      int64
	tasks    []taskTruth
	strings  Strings
	owner    []int // task of each category index; -1 for the unknown one
}

type taskTruth struct {
	Task
	shares   zipf
	first    uint32     // index of its first category
	grid     []float64  // expected requests from start to the i-th step
	pulses   []pulse    // by start
	own      [][]uint32 // pulses of its k-th category, by start
	longest  int64      // the longest pulse
	datasets uint32     // index of its first dataset
}

// A pulse is a burst, or one firing of a timer: some requests of one category
// spread evenly over [from, to).
type pulse struct {
	from, to int64
	expected float64
	timer    int // number of the timer, -1 for a burst
	category uint32
	label    uint64 // decides tenant and dataset
}

// step is the grain of the base rate: constant within a step. It divides the
// offsets of all time zones in use.
const step = int64(5 * time.Minute)

// Truth draws the workload's truth for a seed.
func (w Workload) Truth(seed uint64) (*Truth, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	tr := &Truth{workload: w, seed: seed, start: w.Start.UnixNano()}
	tr.end = tr.start + int64(w.Span)
	tr.strings = Strings{Category: []string{""}, TaskType: []string{""}}
	tr.owner = []int{-1}
	if w.Tenants > 0 {
		tr.strings.Tenant = append([]string{""}, numbered("u", w.Tenants)...)
	}
	for i, t := range w.Tasks {
		tt := taskTruth{Task: t, shares: newZipf(t.Categories, t.Skew)}
		tt.first = uint32(len(tr.strings.Category))
		tr.strings.Category = append(tr.strings.Category, numbered(t.Name+"-", t.Categories)...)
		for range t.Categories {
			tr.owner = append(tr.owner, i)
		}
		tr.strings.TaskType = append(tr.strings.TaskType, t.Name)
		if t.Datasets > 0 {
			if tr.strings.Dataset == nil {
				tr.strings.Dataset = []string{""}
			}
			tt.datasets = uint32(len(tr.strings.Dataset))
			tr.strings.Dataset = append(tr.strings.Dataset, numbered(t.Name+"-data-", t.Datasets)...)
		}
		tt.grid = t.grid(w.Start, tr.end)
		tt.pulses = tt.drawPulses(seed, w.Start, tr.end)
		tt.own = make([][]uint32, t.Categories)
		for j, p := range tt.pulses {
			tt.own[p.category-tt.first] = append(tt.own[p.category-tt.first], uint32(j))
			tt.longest = max(tt.longest, p.to-p.from)
		}
		tr.tasks = append(tr.tasks, tt)
	}
	return tr, nil
}

func numbered(prefix string, n int) []string {
	digits := len(fmt.Sprint(n))
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%0*d", prefix, digits, i+1)
	}
	return names
}

// grid adds up the base rate from start to end.
func (t Task) grid(start time.Time, end int64) []float64 {
	at := start.UnixNano()
	cum := []float64{0}
	day, week := mean(t.Day), mean(t.Week)
	for sum := 0.0; at < end; at += step {
		width := min(step, end-at)
		middle := at + width/2
		rate := t.PerDay / float64(24*time.Hour)
		local := time.Unix(0, middle).In(start.Location())
		if t.Day != nil {
			hour := float64(local.Hour()) + (float64(local.Minute())+float64(local.Second())/60)/60 - 0.5
			low := math.Floor(hour)
			a, b := t.Day[(int(low)+24)%24], t.Day[(int(low)+25)%24]
			rate *= (a + (b-a)*(hour-low)) / day
		}
		if t.Week != nil {
			rate *= t.Week[(int(local.Weekday())+6)%7] / week
		}
		if t.Growth != 0 {
			rate *= math.Pow(1+t.Growth, float64(middle-start.UnixNano())/float64(7*24*time.Hour))
		}
		sum += rate * float64(width)
		cum = append(cum, sum)
	}
	return cum
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(1, len(x)))
}

func (t *taskTruth) drawPulses(seed uint64, first time.Time, end int64) []pulse {
	start := first.UnixNano()
	var pulses []pulse
	for i, b := range t.Bursts {
		r := stream(seed, fmt.Sprintf("%s/burst/%d", t.Name, i))
		shape := t.grid
		if t.PerDay == 0 { // no base to take the shape from
			unit := t.Task
			unit.PerDay = 1
			shape = unit.grid(first, end)
		}
		weeks := float64(end-start) / float64(7*24*time.Hour)
		scale := b.PerWeek * weeks / shape[len(shape)-1]
		poisson(r, shape, scale, start, end, func(at int64) {
			pulses = append(pulses, pulse{
				from: at, to: at + int64(b.Spread), expected: b.Size * (0.5 + r.Float64()), timer: -1,
				category: t.first + uint32(t.shares.draw(r)), label: r.Uint64(),
			})
		})
	}
	number := 0
	for i, m := range t.Timers {
		r := stream(seed, fmt.Sprintf("%s/timer/%d", t.Name, i))
		for range m.Count {
			every := m.Every[r.IntN(len(m.Every))]
			phase := time.Duration(r.Int64N(max(1, int64(every/time.Minute)))) * time.Minute
			label, category := r.Uint64(), t.first+uint32(number%t.Categories)
			for at := start + int64(phase); at < end; at += int64(every) {
				pulses = append(pulses, pulse{at, at + int64(m.Jitter), 1, number, category, label})
			}
			number++
		}
	}
	slices.SortStableFunc(pulses, func(a, b pulse) int {
		if a.from != b.from {
			return int(min(1, max(-1, a.from-b.from)))
		}
		return a.timer - b.timer
	})
	return pulses
}

// poisson calls emit with the instants, ascending, of a Poisson process whose
// expected count up to a step's end is scale times cum. It stretches a process
// of rate one.
func poisson(r *rand.Rand, cum []float64, scale float64, start, end int64, emit func(int64)) {
	total := cum[len(cum)-1] * scale
	i := 1
	for at := r.ExpFloat64(); at < total; at += r.ExpFloat64() {
		for i < len(cum)-1 && cum[i]*scale <= at {
			i++
		}
		from := start + int64(i-1)*step
		width := min(step, end-from)
		low, high := cum[i-1]*scale, cum[i]*scale
		if high <= low {
			continue
		}
		emit(from + int64(float64(width)*min(1, (at-low)/(high-low))))
	}
}

// Span is the workload's span: first instant and the one after the last, in
// nanoseconds since the epoch.
func (tr *Truth) Span() (from, to int64) { return tr.start, tr.end }

// Categories are the names by index; index 0 is the empty name, never used.
func (tr *Truth) Categories() []string { return tr.strings.Category }

// Rate is the true intensity of all requests at t, requests per second.
func (tr *Truth) Rate(t int64) float64 {
	sum := 0.0
	for i := range tr.tasks {
		task := &tr.tasks[i]
		sum += task.base(tr, t)
		for j := task.since(t, nil); j < len(task.pulses) && task.pulses[j].from <= t; j++ {
			sum += task.pulses[j].rate(t)
		}
	}
	return sum
}

// CategoryRate is the true intensity of one category at t, requests per
// second; 0 for an index that is none.
func (tr *Truth) CategoryRate(category uint32, t int64) float64 {
	task, k := tr.taskOf(category)
	if task == nil {
		return 0
	}
	sum := task.base(tr, t) * task.shares.share(k)
	own := task.own[k]
	for j := task.since(t, own); j < len(own) && task.pulses[own[j]].from <= t; j++ {
		sum += task.pulses[own[j]].rate(t)
	}
	return sum
}

// Expected is the expected number of requests of a category in [from, to).
func (tr *Truth) Expected(category uint32, from, to int64) float64 {
	task, k := tr.taskOf(category)
	if task == nil || to <= from {
		return 0
	}
	sum := (task.upTo(tr, to) - task.upTo(tr, from)) * task.shares.share(k)
	own := task.own[k]
	for j := task.since(from, own); j < len(own) && task.pulses[own[j]].from < to; j++ {
		sum += task.pulses[own[j]].within(from, min(to, tr.end))
	}
	return sum
}

func (tr *Truth) taskOf(category uint32) (*taskTruth, int) {
	if category == 0 || int(category) >= len(tr.owner) {
		return nil, 0
	}
	task := &tr.tasks[tr.owner[category]]
	return task, int(category - task.first)
}

// base is the rate without bursts and timers, requests per second.
func (t *taskTruth) base(tr *Truth, at int64) float64 {
	if at < tr.start || at >= tr.end {
		return 0
	}
	i := (at - tr.start) / step
	width := min(step, tr.end-tr.start-i*step)
	return (t.grid[i+1] - t.grid[i]) / float64(width) * 1e9
}

// upTo is the expected count without bursts and timers from start to at.
func (t *taskTruth) upTo(tr *Truth, at int64) float64 {
	at = min(max(at, tr.start), tr.end) - tr.start
	i := at / step
	if int(i) >= len(t.grid)-1 {
		return t.grid[len(t.grid)-1]
	}
	width := min(step, tr.end-tr.start-i*step)
	return t.grid[i] + (t.grid[i+1]-t.grid[i])*float64(at-i*step)/float64(width)
}

// since is the first of the pulses (all of them, or those listed) that may
// still last at t.
func (t *taskTruth) since(at int64, own []uint32) int {
	if own == nil {
		return sort.Search(len(t.pulses), func(j int) bool { return t.pulses[j].from > at-t.longest })
	}
	return sort.Search(len(own), func(j int) bool { return t.pulses[own[j]].from > at-t.longest })
}

func (p pulse) rate(t int64) float64 {
	if t < p.from || t >= p.to {
		return 0
	}
	return p.expected / float64(p.to-p.from) * 1e9
}

func (p pulse) within(from, to int64) float64 {
	overlap := min(to, p.to) - max(from, p.from)
	if overlap <= 0 {
		return 0
	}
	return p.expected * float64(overlap) / float64(p.to-p.from)
}
