package trace

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// maxLine is the longest record of a CSV, in bytes.
const maxLine = 1 << 20

// loadCSV reads a CSV with a header line, plain or compressed by gzip.
func loadCSV(in Input, opt *Options) (*Trace, error) {
	t, err := readCSV(content(in), baseName(in.Name()), opt)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name(), err)
	}
	return t, nil
}

func readCSV(r io.Reader, name string, opt *Options) (*Trace, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReaderSize(z, 1<<16)
	}
	if bom, _ := in.Peek(3); string(bom) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	return (&csvReader{options: opt, in: in}).read(name)
}

// csvReader turns the records of one CSV into a trace.
type csvReader struct {
	options *Options
	in      io.Reader
	budget  int // bytes that the current record may still take
	csv     *csv.Reader

	arrival, duration, announced, wait csvTime
	category, taskType, zone           int
	tenant, image, dataset             int
}

// csvTime is a column of instants or spans: its index, -1 if there is none,
// and the unit of its numbers, 0 if unknown.
type csvTime struct {
	index   int
	unit    time.Duration
	name    string
	instant bool
	counted bool // a number was read, so nothing tells its origin
}

var errLine = fmt.Errorf("the record is longer than %d bytes (is a quote not closed?)", maxLine)

// Read implements io.Reader, with a limit on each record.
func (c *csvReader) Read(p []byte) (int, error) {
	if c.budget <= 0 {
		return 0, errLine
	}
	n, err := c.in.Read(p[:min(len(p), c.budget)])
	c.budget -= n
	return n, err
}

func (c *csvReader) read(name string) (*Trace, error) {
	c.csv = csv.NewReader(c)
	c.csv.ReuseRecord = true
	c.budget = maxLine
	header, err := c.csv.Read()
	if err == io.EOF {
		return nil, errors.New("the file is empty; a CSV begins with the names of its columns")
	}
	if err != nil {
		return nil, fmt.Errorf("it is neither Parquet nor CSV: %w", err)
	}
	if err := c.columns(header); err != nil {
		return nil, err
	}
	b := NewBuilder()
	for {
		c.budget = maxLine
		row, err := c.csv.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err // names the line
		}
		if err := c.add(b, row); err != nil {
			line, _ := c.csv.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	t, err := b.Build(name, c.options.Sort)
	if err != nil {
		return nil, err
	}
	t.Relative = c.arrival.counted && t.Len() > 0 && t.Arrival[0] < countedFrom
	if c.options.start != nil {
		if !t.Relative {
			return nil, errNotRelative
		}
		return t, t.Shift(*c.options.start)
	}
	return t, nil
}

// columns finds the fields in the header.
func (c *csvReader) columns(header []string) error {
	names := make([]string, len(header))
	for i, name := range header {
		names[i] = strings.TrimSpace(strings.Clone(name))
	}
	find, err := c.options.finder(names)
	if err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	for _, word := range []struct {
		field string
		index *int
	}{
		{"category", &c.category}, {"task_type", &c.taskType}, {"zone", &c.zone},
		{"tenant", &c.tenant}, {"image", &c.image}, {"dataset", &c.dataset},
	} {
		if *word.index, _, err = find(word.field); err != nil {
			return fmt.Errorf("line 1: %w", err)
		}
	}
	for _, times := range []struct {
		field   string
		column  *csvTime
		unit    time.Duration
		instant bool
	}{
		{"arrival", &c.arrival, c.options.TimeUnit, true},
		{"duration", &c.duration, c.options.DurationUnit, false},
		{"announced", &c.announced, c.options.TimeUnit, true},
		{"wait", &c.wait, c.options.DurationUnit, false},
	} {
		i, unit, err := find(times.field)
		if err != nil {
			return fmt.Errorf("line 1: %w", err)
		}
		if unit == 0 {
			unit = times.unit
		}
		*times.column = csvTime{index: i, unit: unit, instant: times.instant}
		if i >= 0 {
			times.column.name = names[i]
		}
	}
	if c.arrival.index < 0 || c.duration.index < 0 {
		return fmt.Errorf("line 1: %w", missing(c.arrival.index < 0, names))
	}
	return nil
}

func (c *csvReader) add(b *Builder, row []string) (err error) {
	var r Record
	for _, t := range []struct {
		column *csvTime
		value  *int64
	}{
		{&c.arrival, &r.Arrival}, {&c.duration, &r.Duration}, {&c.announced, &r.Announced}, {&c.wait, &r.Wait},
	} {
		if *t.value, err = t.column.parse(row, c.options.location); err != nil {
			return err
		}
	}
	word := func(i int) string {
		if i < 0 {
			return ""
		}
		return row[i]
	}
	r.Category, r.TaskType, r.Zone = word(c.category), word(c.taskType), word(c.zone)
	r.Tenant, r.Image, r.Dataset = word(c.tenant), word(c.image), word(c.dataset)
	if err := r.Check(); err != nil {
		return err
	}
	if n := b.Len(); n > 0 && !c.options.Sort && r.Arrival < b.columns.Arrival[n-1] {
		return fmt.Errorf("arrives %d ns before the line ahead of it (sort the file, or read it with --sort)", b.columns.Arrival[n-1]-r.Arrival)
	}
	return b.Add(r)
}

// parse reads the column's field of a row; NoTime where it is empty.
func (c *csvTime) parse(row []string, location *time.Location) (int64, error) {
	if c.index < 0 {
		return NoTime, nil
	}
	text := row[c.index]
	if text == "" {
		return NoTime, nil
	}
	if v, err := strconv.ParseInt(text, 10, 64); err == nil {
		if c.unit == 0 {
			return 0, c.noUnit()
		}
		c.counted = true
		if limit := math.MaxInt64 / int64(c.unit); v > limit || v < -limit {
			return 0, fmt.Errorf("column %s: %s x %v is out of range (292 years)", c.name, text, c.unit)
		}
		return v * int64(c.unit), nil
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(v) {
		if c.unit == 0 {
			return 0, c.noUnit()
		}
		c.counted = true
		ns, err := scaleFloat(v, c.unit)
		if err != nil {
			return 0, fmt.Errorf("column %s: %w", c.name, err)
		}
		return ns, nil
	}
	if !c.instant {
		return 0, fmt.Errorf("column %s: %.40q is not a number", c.name, text)
	}
	ns, _, err := parseInstant(text, location)
	if err != nil {
		return 0, fmt.Errorf("column %s: %w", c.name, err)
	}
	return ns, nil
}

func (c *csvTime) noUnit() error {
	flag := "--duration-unit"
	if c.instant {
		flag = "--time-unit"
	}
	return fmt.Errorf("column %s holds numbers of no known unit (say it by %s ns|us|ms|s, or by a name that ends in _ns, _us, _ms or _s)", c.name, flag)
}
