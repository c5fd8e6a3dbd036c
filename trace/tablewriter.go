package trace

import (
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// A tableWriter writes columns of rows into a Parquet file.
type tableWriter struct {
	file    *parquet.Writer
	columns []columnWriter // in the file's order
	values  []parquet.Value
}

// columnWriter is one column of a written file: fill sets values[i] to the
// one of row i.
type columnWriter struct {
	name    string
	node    parquet.Node
	present bool
	fill    func(values []parquet.Value, c *Columns, s *Strings, index int)
}

// columnWriters are the columns of a file, alphabetically, which is the order
// that the library gives them.
func columnWriters(c *Columns) []columnWriter {
	all := []columnWriter{
		{"announced", optionalInstant, c.Announced != nil, func(v []parquet.Value, c *Columns, _ *Strings, i int) { fillOptional(v, c.Announced, i) }},
		{"arrival", instant, true, func(v []parquet.Value, c *Columns, _ *Strings, i int) { fillNumbers(v, c.Arrival, i) }},
		{"category", word, c.Category != nil, func(v []parquet.Value, c *Columns, s *Strings, i int) { fillWords(v, c.Category, s.Category, i) }},
		{"dataset", word, c.Dataset != nil, func(v []parquet.Value, c *Columns, s *Strings, i int) { fillWords(v, c.Dataset, s.Dataset, i) }},
		{"duration_ns", span, true, func(v []parquet.Value, c *Columns, _ *Strings, i int) { fillNumbers(v, c.Duration, i) }},
		{"image", word, c.Image != nil, func(v []parquet.Value, c *Columns, s *Strings, i int) { fillWords(v, c.Image, s.Image, i) }},
		{"task_type", word, c.TaskType != nil, func(v []parquet.Value, c *Columns, s *Strings, i int) { fillWords(v, c.TaskType, s.TaskType, i) }},
		{"tenant", word, c.Tenant != nil, func(v []parquet.Value, c *Columns, s *Strings, i int) { fillWords(v, c.Tenant, s.Tenant, i) }},
		{"wait_ns", optionalSpan, c.Wait != nil, func(v []parquet.Value, c *Columns, _ *Strings, i int) { fillOptional(v, c.Wait, i) }},
		{"zone", word, c.Zone != nil, func(v []parquet.Value, c *Columns, s *Strings, i int) { fillWords(v, c.Zone, s.Zone, i) }},
	}
	present := all[:0]
	for _, w := range all {
		if w.present {
			present = append(present, w)
		}
	}
	return present
}

var (
	instant         = parquet.Encoded(parquet.Timestamp(parquet.Nanosecond), &parquet.DeltaBinaryPacked)
	span            = parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked)
	optionalInstant = parquet.Optional(instant)
	optionalSpan    = parquet.Optional(span)
	word            = parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
)

func newTableWriter(w io.Writer, c *Columns, s *Summary) *tableWriter {
	t := &tableWriter{columns: columnWriters(c), values: make([]parquet.Value, ChunkRows)}
	group := make(parquet.Group)
	for _, column := range t.columns {
		group[column.name] = column.node
	}
	t.file = parquet.NewWriter(w,
		parquet.NewSchema("trace", group),
		parquet.CreatedBy("shadowpool", "1", "0"),
		parquet.Compression(&parquet.Zstd),
		parquet.PageBufferSize(1<<20),
		parquet.KeyValueMetadata(keyName, s.Name),
		parquet.KeyValueMetadata(keyRelative, strconv.FormatBool(s.Relative)),
	)
	return t
}

// write appends rows to the current row group.
func (t *tableWriter) write(c *Columns, s *Strings) error {
	for i, out := range t.file.ColumnWriters() {
		const batch = 1 << 13
		for from := 0; from < c.Len(); from += batch {
			rows := c.Slice(from, min(from+batch, c.Len()))
			values := t.values[:rows.Len()]
			t.columns[i].fill(values, &rows, s, i)
			if _, err := out.WriteRowValues(values); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tableWriter) flush() error { return t.file.Flush() }

func (t *tableWriter) close(sorted bool) error {
	t.file.SetKeyValueMetadata(keySorted, strconv.FormatBool(sorted))
	return t.file.Close()
}

func fillNumbers(values []parquet.Value, numbers []int64, index int) {
	for i, v := range numbers {
		values[i] = parquet.Int64Value(v).Level(0, 0, index)
	}
}

func fillOptional(values []parquet.Value, numbers []int64, index int) {
	if numbers == nil {
		fillNull(values, index)
		return
	}
	for i, v := range numbers {
		values[i] = parquet.Int64Value(v).Level(0, 1, index)
		if v == NoTime {
			values[i] = parquet.NullValue().Level(0, 0, index)
		}
	}
}

func fillWords[T uint16 | uint32](values []parquet.Value, ids []T, words []string, index int) {
	if ids == nil {
		fillNull(values, index)
		return
	}
	for i, id := range ids {
		values[i] = parquet.NullValue().Level(0, 0, index)
		if id != 0 {
			values[i] = parquet.ValueOf(words[id]).Level(0, 1, index)
		}
	}
}

func fillNull(values []parquet.Value, index int) {
	for i := range values {
		values[i] = parquet.NullValue().Level(0, 0, index)
	}
}
