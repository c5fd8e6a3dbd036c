package importers

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"shadowpool/trace"
)

// maxRequests bounds what one import may make, so that a wrong count cannot
// fill the memory. A variable for the tests' sake.
var maxRequests = 200_000_000

// A collector gathers what the formats find.
type collector struct {
	Options
	builder *trace.Builder
	rows    int
	dropped map[string]int64
	stages  []Sample
	lengths *rand.Rand

	relative bool         // the origin of the source's times is unknown
	whole    *trace.Trace // what the csv format read, in place of records
}

func newCollector(o Options) *collector {
	c := &collector{Options: o, builder: trace.NewBuilder(), dropped: map[string]int64{}}
	c.lengths = c.stream("durations")
	return c
}

// stream is the random stream of that name under the import's seed.
func (c *collector) stream(name string) *rand.Rand {
	key := binary.LittleEndian.AppendUint64(nil, c.Seed)
	return rand.New(rand.NewChaCha8(sha256.Sum256(append(key, name...))))
}

// record is a record of which only the times are known so far.
func record(arrival, duration int64) trace.Record {
	return trace.Record{Arrival: arrival, Duration: duration, Announced: trace.NoTime, Wait: trace.NoTime}
}

func (c *collector) add(r trace.Record) error {
	if c.rows++; c.rows > maxRequests {
		return fmt.Errorf("more than %d requests: import a part of it", maxRequests)
	}
	return c.builder.Add(r)
}

// addUnknown adds a record without a duration: the law of the options gives
// it one, or it is dropped for the reason given.
func (c *collector) addUnknown(r trace.Record, reason string) error {
	if c.Duration == nil {
		c.drop(reason + ": no duration (give a law of durations)")
		return nil
	}
	r.Duration = c.Duration.Draw(c.lengths)
	return c.add(r)
}

func (c *collector) drop(reason string) { c.dropMany(reason, 1) }

// dropMany counts what is left out. Reasons can quote the input: their number
// is bounded.
func (c *collector) dropMany(reason string, n int64) {
	if _, known := c.dropped[reason]; !known && len(c.dropped) >= 50 {
		reason = "other reasons"
	}
	c.dropped[reason] += n
}

// stage notes how long a stage took; impossible ones are counted.
func (c *collector) stage(name string, from, to time.Time) {
	if !c.Stages || from.IsZero() || to.IsZero() {
		return
	}
	if to.Before(from) {
		c.drop("stage " + name + ": ends before it begins")
		return
	}
	c.addStage(name, to.Sub(from))
}

func (c *collector) addStage(name string, latency time.Duration) {
	c.stages = append(c.stages, Sample{name, latency})
}

func (c *collector) result() (*Result, error) {
	t, err := c.whole, error(nil)
	if t == nil {
		if t, err = c.builder.Build(c.Name, true); err != nil {
			return nil, err
		}
		if err := c.place(t); err != nil {
			return nil, err
		}
	}
	r := &Result{Trace: t, Stages: c.stages}
	for reason, n := range c.dropped {
		r.Dropped = append(r.Dropped, Dropped{reason, n})
	}
	sort.Slice(r.Dropped, func(i, j int) bool { return r.Dropped[i].Reason < r.Dropped[j].Reason })
	return r, nil
}

// place moves a trace of unknown origin to where it is said to begin, or to
// the epoch.
func (c *collector) place(t *trace.Trace) error {
	if c.Start != "" && !c.relative {
		return fmt.Errorf("%s: the source says when it begins: no start is needed", c.Name)
	}
	if !c.relative {
		return nil
	}
	begin := int64(0)
	if c.Start != "" {
		at, err := clock(c.Start, c.Location)
		if err != nil {
			return fmt.Errorf("start: %w", err)
		}
		if begin, err = stamp(at); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	if t.Len() > 0 {
		if err := t.Shift(begin - t.Arrival[0]); err != nil {
			return err
		}
	}
	t.Relative = c.Start == ""
	return nil
}

// Times are accepted between the years 1700 and 2250 and spans up to 200
// years: anything else is a slip, and would overflow nanoseconds.
const (
	farthest = 280 * 365.25 * 86400
	longest  = 200 * 365.25 * 86400
)

// instant converts seconds since the epoch to nanoseconds.
func instant(seconds float64) (int64, error) {
	if !(math.Abs(seconds) <= farthest) {
		return 0, fmt.Errorf("second %v is no time between 1700 and 2250", seconds)
	}
	return nanoseconds(seconds), nil
}

// span converts seconds to nanoseconds.
func span(seconds float64) (int64, error) {
	if !(seconds >= 0 && seconds <= longest) {
		return 0, fmt.Errorf("%v s is no span from 0 to 200 years", seconds)
	}
	return nanoseconds(seconds), nil
}

// nanoseconds rounds the fraction apart, so that no digit is lost.
func nanoseconds(seconds float64) int64 {
	whole := math.Floor(seconds)
	return int64(whole)*1e9 + int64(math.Round((seconds-whole)*1e9))
}

// stamp converts a time to nanoseconds.
func stamp(t time.Time) (int64, error) {
	if t.Year() < 1700 || t.Year() > 2250 {
		return 0, fmt.Errorf("%s is no time between 1700 and 2250", t.Format(time.RFC3339))
	}
	return t.UnixNano(), nil
}
