package trace

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/klauspost/compress/gzip"
)

// A Series is a trace of counts: what is left of requests where only their
// number was kept.
type Series struct {
	Name string
	// Time is where each interval begins, seconds since the epoch, ascending.
	Time  []float64
	Count []float64 // in the interval that begins there: whole numbers
	// Step is the usual length of an interval, and that of the last.
	Step float64
	// Relative is set when the origin of time is not known.
	Relative bool
}

// LoadSeries reads a CSV with the columns time_s (where the interval begins,
// since the options' Start) and count, with or without gzip. Errors name file
// and line.
func LoadSeries(path string, opt Options) (*Series, error) {
	o, err := opt.prepare()
	if err != nil {
		return nil, err
	}
	in, err := o.open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	s, err := readSeries(content(in))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name(), err)
	}
	s.Name, s.Relative = baseName(in.Name()), o.start == nil
	if o.start != nil {
		for i := range s.Time {
			s.Time[i] += float64(*o.start) / 1e9
		}
	}
	return s, nil
}

// Summary is that of a trace with these arrivals.
func (s *Series) Summary() Summary {
	end := s.Time[len(s.Time)-1] + s.Step
	sum := Summary{Name: s.Name, First: int64(s.Time[0] * 1e9), Last: int64(end * 1e9), Relative: s.Relative}
	for _, n := range s.Count {
		sum.Rows += int64(n)
	}
	return sum
}

func readSeries(r io.Reader) (*Series, error) {
	lines, err := openLines(r)
	if err != nil {
		return nil, err
	}
	head, err := lines.Read()
	if err != nil && err != io.EOF {
		return nil, err
	}
	if !slices.Equal(head, []string{"time_s", "count"}) {
		return nil, fmt.Errorf("the first line is %q, want time_s,count", head)
	}
	s := &Series{}
	for {
		fields, err := lines.Read()
		if err == io.EOF {
			return s, s.measure()
		}
		if err != nil {
			return nil, err
		}
		line, _ := lines.FieldPos(0)
		if err := s.add(fields); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// openLines reads a CSV that may be compressed by gzip.
func openLines(r io.Reader) (*csv.Reader, error) {
	buffered := bufio.NewReader(r)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		buffered = bufio.NewReader(z)
	}
	lines := csv.NewReader(buffered)
	lines.ReuseRecord = true
	return lines, nil
}

// mostCount and furthest keep sums of counts and times exact.
const (
	mostCount = 1e9
	furthest  = 4e9 // s, 127 years
)

func (s *Series) add(fields []string) error {
	t, err := strconv.ParseFloat(fields[0], 64)
	if err != nil || !(math.Abs(t) <= furthest) {
		return fmt.Errorf("time_s %q is not a number of seconds", fields[0])
	}
	n, err := strconv.ParseFloat(fields[1], 64)
	if err != nil || !(n >= 0 && n <= mostCount) || n != math.Trunc(n) {
		return fmt.Errorf("count %q is not a whole number from 0 to %g", fields[1], mostCount)
	}
	if last := len(s.Time) - 1; last >= 0 && t <= s.Time[last] {
		return fmt.Errorf("time_s %v does not come after %v", t, s.Time[last])
	}
	s.Time, s.Count = append(s.Time, t), append(s.Count, n)
	return nil
}

// measure finds the usual step: the median.
func (s *Series) measure() error {
	if len(s.Time) < 2 {
		return errors.New("a series takes two points at least")
	}
	steps := make([]float64, len(s.Time)-1)
	for i := range steps {
		steps[i] = s.Time[i+1] - s.Time[i]
	}
	slices.Sort(steps)
	s.Step = steps[len(steps)/2]
	return nil
}
