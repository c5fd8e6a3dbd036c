package trace

import (
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// A tableWriter writes columns of rows into a Parquet file.
type tableWriter struct {
	file    *parquet.GenericWriter[any]
	columns []columnWriter // in the file's order
	values  []parquet.Value
}

// columnWriter is one column of a written file.
type columnWriter struct {
	name    string
	node    parquet.Node
	present bool
	words   func(*Strings) []string // of a string column
	fill    func(w *columnWriter, c *Columns, values []parquet.Value)

	index int
	table []parquet.Value // of the words, by their number; null for none
}

// columnWriters are the columns of a file, alphabetically, which is the order
// that the library gives them.
func columnWriters(c *Columns) []columnWriter {
	all := []columnWriter{
		{name: "announced", node: optionalInstant, present: c.Announced != nil,
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { w.optional(v, c.Announced) }},
		{name: "arrival", node: instant, present: true,
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { w.required(v, c.Arrival) }},
		{name: "category", node: word, present: c.Category != nil, words: func(s *Strings) []string { return s.Category },
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { fillWords(w, v, c.Category) }},
		{name: "dataset", node: word, present: c.Dataset != nil, words: func(s *Strings) []string { return s.Dataset },
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { fillWords(w, v, c.Dataset) }},
		{name: "duration_ns", node: span, present: true,
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { w.required(v, c.Duration) }},
		{name: "image", node: word, present: c.Image != nil, words: func(s *Strings) []string { return s.Image },
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { fillWords(w, v, c.Image) }},
		{name: "task_type", node: word, present: c.TaskType != nil, words: func(s *Strings) []string { return s.TaskType },
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { fillWords(w, v, c.TaskType) }},
		{name: "tenant", node: word, present: c.Tenant != nil, words: func(s *Strings) []string { return s.Tenant },
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { fillWords(w, v, c.Tenant) }},
		{name: "wait_ns", node: optionalSpan, present: c.Wait != nil,
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { w.optional(v, c.Wait) }},
		{name: "zone", node: word, present: c.Zone != nil, words: func(s *Strings) []string { return s.Zone },
			fill: func(w *columnWriter, c *Columns, v []parquet.Value) { fillWords(w, v, c.Zone) }},
	}
	present := all[:0]
	for _, w := range all {
		if w.present {
			w.index = len(present)
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
	t := &tableWriter{columns: columnWriters(c)}
	group := make(parquet.Group)
	for _, column := range t.columns {
		group[column.name] = column.node
	}
	t.file = parquet.NewGenericWriter[any](w,
		parquet.NewSchema("trace", group),
		parquet.CreatedBy("shadowpool", "1", "0"),
		parquet.Compression(&parquet.Zstd),
		parquet.PageBufferSize(1<<20),
		parquet.KeyValueMetadata(keyName, s.Name),
		parquet.KeyValueMetadata(keyRelative, strconv.FormatBool(s.Relative)),
	)
	return t
}

// dictionaries sets what the indexes of the rows to come mean.
func (t *tableWriter) dictionaries(s *Strings) {
	for i := range t.columns {
		w := &t.columns[i]
		if w.words == nil {
			continue
		}
		w.table = []parquet.Value{w.null()}
		for _, word := range w.words(s)[1:] {
			w.table = append(w.table, parquet.ByteArrayValue([]byte(word)).Level(0, 1, w.index))
		}
	}
}

// write appends rows to the current row group.
func (t *tableWriter) write(c *Columns) error {
	const batch = 1 << 13 // rows; values are 24 bytes, this many stay in cache
	for i, out := range t.file.ColumnWriters() {
		for from := 0; from < c.Len(); from += batch {
			rows := c.Slice(from, min(from+batch, c.Len()))
			values := grow(&t.values, rows.Len())
			t.columns[i].fill(&t.columns[i], &rows, values)
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

func (w *columnWriter) null() parquet.Value {
	return parquet.NullValue().Level(0, 0, w.index)
}

func (w *columnWriter) required(values []parquet.Value, numbers []int64) {
	for i, v := range numbers {
		values[i] = parquet.Int64Value(v).Level(0, 0, w.index)
	}
}

func (w *columnWriter) optional(values []parquet.Value, numbers []int64) {
	for i := range values {
		if numbers == nil || numbers[i] == NoTime {
			values[i] = w.null()
		} else {
			values[i] = parquet.Int64Value(numbers[i]).Level(0, 1, w.index)
		}
	}
}

func fillWords[T uint16 | uint32](w *columnWriter, values []parquet.Value, ids []T) {
	for i := range values {
		if ids == nil {
			values[i] = w.table[0]
		} else {
			values[i] = w.table[ids[i]]
		}
	}
}
