package experiments

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"shadowpool/trace"
)

// Counts are arrivals by interval: what forecasters are judged on. Times are
// seconds since the epoch.
type Counts struct {
	Name     string
	Relative bool // the origin of time is not known
	Start    float64
	Step     float64     // usual length of an interval
	Ends     []float64   // of the intervals, ascending
	N        []uint32    // arrivals in each
	By       string      // the attribute that has the parts
	Parts    []PartCount // what N is made of; none if it was not asked for

	sums []float64 // before each interval, made once
}

// A PartCount is the share of a count that one value of an attribute has.
type PartCount struct {
	Name string
	N    []uint32
}

// mostIntervals bounds the memory that counts take.
const mostIntervals = 20_000_000

// CountTrace counts a trace's arrivals by intervals of a length that begin at
// whole multiples of it since the epoch. By names an attribute (task_type,
// tenant or category) by whose values arrivals are counted apart too: the most
// common ones, and all others together as the last part. Empty is none.
func CountTrace(src trace.Source, step time.Duration, by string) (*Counts, error) {
	sum := src.Summary()
	if sum.Rows == 0 {
		return nil, fmt.Errorf("trace %s has no requests", sum.Name)
	}
	first := sum.First / int64(step)
	if sum.First%int64(step) < 0 {
		first--
	}
	intervals := (sum.Last-first*int64(step))/int64(step) + 1
	if intervals > mostIntervals {
		return nil, fmt.Errorf("trace %s: intervals of %v would be %d, more than %d; take longer ones", sum.Name, step, intervals, mostIntervals)
	}
	c := &Counts{Name: sum.Name, By: by, Relative: sum.Relative, Step: step.Seconds(), N: make([]uint32, intervals)}
	c.Start = float64(first) * c.Step
	for i := range c.N {
		c.Ends = append(c.Ends, float64(first+int64(i)+1)*c.Step)
	}
	parts, err := partsOf(src, by)
	if err != nil {
		return nil, err
	}
	c.Parts = parts.named(len(c.N))
	for chunk, err := range src.Chunks() {
		if err != nil {
			return nil, err
		}
		for i, at := range chunk.Arrival {
			n := (at - first*int64(step)) / int64(step)
			c.N[n]++
			if by != "" {
				c.Parts[parts.of[parts.value(chunk, i)]].N[n]++
			}
		}
	}
	return c, nil
}

// CountSeries takes counts as they are.
func CountSeries(s *trace.Series) *Counts {
	c := &Counts{Name: s.Name, Relative: s.Relative, Step: s.Step, Start: s.Time[0]}
	for i, n := range s.Count {
		end := s.Time[i] + s.Step
		if i+1 < len(s.Time) {
			end = s.Time[i+1]
		}
		c.Ends = append(c.Ends, end)
		c.N = append(c.N, uint32(n))
	}
	return c
}

// Total is the number of arrivals.
func (c *Counts) Total() float64 { return c.upTo(c.Ends[len(c.Ends)-1]) }

// upTo is the number of arrivals in the intervals that end by t.
func (c *Counts) upTo(t float64) float64 {
	if c.sums == nil {
		c.sums = sumsOf(c.N)
	}
	return c.sums[sort.SearchFloat64s(c.Ends, t+1e-6)]
}

// came is the number of arrivals in the span after t.
func (c *Counts) came(t, span float64) float64 { return c.upTo(t+span) - c.upTo(t) }

// sumsOf are the sums before each interval, and of all.
func sumsOf(n []uint32) []float64 {
	sums := make([]float64, len(n)+1)
	for i, v := range n {
		sums[i+1] = sums[i] + float64(v)
	}
	return sums
}

// part is the counts of one part alone.
func (c *Counts) part(i int) *Counts {
	p := &Counts{Name: c.Parts[i].Name, Start: c.Start, Step: c.Step, Ends: c.Ends, N: c.Parts[i].N}
	p.sums = sumsOf(p.N)
	return p
}

// An attribute says which part each value of a column belongs to.
type attribute struct {
	by    string
	of    []int // part by value's index
	names []string
}

// mostParts are counted apart; what is rarer is one part more.
const mostParts = 20

// partsOf finds the most common values of an attribute.
func partsOf(src trace.Source, by string) (*attribute, error) {
	words := src.Summary().Strings
	a := &attribute{by: by}
	var names []string
	switch by {
	case "":
		return a, nil
	case "task_type":
		names = words.TaskType
	case "tenant":
		names = words.Tenant
	case "category":
		names = words.Category
	default:
		return nil, fmt.Errorf("%q is none of task_type, tenant, category", by)
	}
	if len(names) < 2 {
		return nil, fmt.Errorf("trace %s does not say the %s of requests", src.Summary().Name, by)
	}
	counts := make([]int64, len(names))
	for chunk, err := range src.Chunks() {
		if err != nil {
			return nil, err
		}
		for i := range chunk.Arrival {
			counts[a.value(chunk, i)]++
		}
	}
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return int(counts[y] - counts[x]) })
	a.of = make([]int, len(names))
	for place, value := range order {
		switch {
		case counts[value] == 0:
			return a, nil
		case place < mostParts:
			a.names = append(a.names, names[value])
		case place == mostParts:
			a.names = append(a.names, "all others")
		}
		a.of[value] = min(place, mostParts)
	}
	return a, nil
}

func (a *attribute) value(c *trace.Chunk, row int) int {
	switch {
	case a.by == "task_type" && c.TaskType != nil:
		return int(c.TaskType[row])
	case a.by == "tenant" && c.Tenant != nil:
		return int(c.Tenant[row])
	case a.by == "category" && c.Category != nil:
		return int(c.Category[row])
	}
	return 0
}

func (a *attribute) named(intervals int) []PartCount {
	var parts []PartCount
	for _, name := range a.names {
		parts = append(parts, PartCount{name, make([]uint32, intervals)})
	}
	return parts
}
