package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Cached is a time that is nothing for a share of launches, as what they would
// make is there already: an image in the node's cache, say.
type Cached struct {
	LeadTime
	Share float64
}

// Quantile implements LeadTime.
func (c Cached) Quantile(u float64) int64 {
	if u <= c.Share {
		return 0
	}
	return c.LeadTime.Quantile((u - c.Share) / (1 - c.Share))
}

// Mean implements LeadTime.
func (c Cached) Mean() time.Duration {
	return time.Duration((1 - c.Share) * float64(c.LeadTime.Mean()))
}

func (c Cached) String() string { return fmt.Sprintf("%s (%v cached)", c.LeadTime, c.Share) }

// Sum is the time of independent parts that follow each other.
type Sum struct {
	parts []LeadTime
	drawn []int64 // sums, ascending
}

// sumDraws is how many sums stand for their distribution.
const sumDraws = 1 << 16

// NewSum makes the distribution of the sum, by drawing from its parts, always
// in the same way.
func NewSum(parts []LeadTime) *Sum {
	s := &Sum{parts: parts, drawn: make([]int64, sumDraws)}
	for i, part := range parts {
		draws := newStream(0, "sum", fmt.Sprint(i))
		for j := range s.drawn {
			s.drawn[j] += part.Quantile(draws.uniform(uint64(j)))
		}
	}
	slices.Sort(s.drawn)
	return s
}

// Quantile implements LeadTime.
func (s *Sum) Quantile(u float64) int64 { return s.drawn[int(u*sumDraws)] }

// Mean implements LeadTime.
func (s *Sum) Mean() time.Duration {
	sum := time.Duration(0)
	for _, part := range s.parts {
		sum += part.Mean()
	}
	return sum
}

func (s *Sum) String() string {
	var parts []string
	for _, part := range s.parts {
		parts = append(parts, part.String())
	}
	return strings.Join(parts, " + ")
}
