package trace

import "sort"

// A Class is one string column of a trace: how many values occur, and which
// take most of the requests.
type Class struct {
	Column   string  `json:"column"`
	Distinct int     `json:"distinct"`
	Unknown  int64   `json:"unknown"` // requests without a value
	Top      []Share `json:"top"`
	// TopTenth is the share of requests that the most frequent tenth of the
	// values (at least one) takes.
	TopTenth float64 `json:"top_tenth_share"`
}

// A Share is one value's part of a trace.
type Share struct {
	Name     string  `json:"name"`
	Requests int64   `json:"requests"`
	Share    float64 `json:"share"`
}

// topShares is how many values a Class lists.
const topShares = 5

// A tally counts the values of one column.
type tally struct {
	column string
	names  []string
	counts []int64
	note   func(*Columns)
}

func newTallies(s Strings) []tally {
	return []tally{
		newTally("task_type", s.TaskType, func(c *Columns) []uint16 { return c.TaskType }),
		newTally("tenant", s.Tenant, func(c *Columns) []uint32 { return c.Tenant }),
		newTally("category", s.Category, func(c *Columns) []uint32 { return c.Category }),
		newTally("dataset", s.Dataset, func(c *Columns) []uint32 { return c.Dataset }),
		newTally("zone", s.Zone, func(c *Columns) []uint16 { return c.Zone }),
		newTally("image", s.Image, func(c *Columns) []uint32 { return c.Image }),
	}
}

func newTally[T uint16 | uint32](column string, names []string, of func(*Columns) []T) tally {
	counts := make([]int64, len(names)+1)
	return tally{column: column, names: names, counts: counts, note: func(c *Columns) {
		values := of(c)
		if values == nil {
			counts[0] += int64(c.Len())
		}
		for _, v := range values {
			counts[v]++
		}
	}}
}

// class sums up; false if no request has a value.
func (t *tally) class() (Class, bool) {
	c := Class{Column: t.column, Unknown: t.counts[0]}
	total := t.counts[0]
	for i, n := range t.counts {
		total += n * int64(min(i, 1))
		if i > 0 && n > 0 {
			c.Distinct++
			c.Top = append(c.Top, Share{Name: t.names[i], Requests: n})
		}
	}
	sort.SliceStable(c.Top, func(i, j int) bool {
		if c.Top[i].Requests != c.Top[j].Requests {
			return c.Top[i].Requests > c.Top[j].Requests
		}
		return c.Top[i].Name < c.Top[j].Name
	})
	for i := range c.Top {
		c.Top[i].Share = ratio(float64(c.Top[i].Requests), float64(total))
		if i < (len(c.Top)+9)/10 {
			c.TopTenth += c.Top[i].Share
		}
	}
	c.Top = c.Top[:min(topShares, len(c.Top))]
	return c, c.Distinct > 0
}
