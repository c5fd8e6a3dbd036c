package trace

import (
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/parquet-go/parquet-go/format"
)

// A column decodes pages and keeps the rows that were not taken yet.
type column interface {
	define(n int, data []byte) error
	decodePage(*page) error
	rows() int
	forget() // the rows that were not taken
}

// A cursor reads one column, row group after row group.
type cursor struct {
	*leaf
	column column
	file   io.ReaderAt
	size   int64
	meta   *format.FileMetaData
	group  int // the next one to open
	pages  pageReader
}

func (f *File) cursor(in Input, leaf *leaf, column column) *cursor {
	return &cursor{leaf: leaf, column: column, file: in.Forward(f.chunks(leaf)...), size: f.size, meta: f.meta}
}

// chunks are where a column's data lie; what the footer claims is not checked.
func (f *File) chunks(leaf *leaf) []Range {
	var all []Range
	for i := range f.meta.RowGroups {
		chunk := &f.meta.RowGroups[i].Columns[leaf.index].MetaData
		all = append(all, Range{chunkStart(chunk), chunk.TotalCompressedSize})
	}
	return all
}

// fill decodes pages until the column holds at least n rows.
func (c *cursor) fill(n int) error {
	for c.column.rows() < n {
		page, err := c.pages.next(c.column.define)
		if err == nil {
			err = c.column.decodePage(page)
		} else if err == io.EOF {
			err = c.open()
		}
		if err != nil {
			return fmt.Errorf("row group %d, column %s: %w", max(c.group-1, 0), c.path, err)
		}
	}
	return nil
}

// open moves on to the next row group.
func (c *cursor) open() error {
	if c.group >= len(c.meta.RowGroups) {
		return corrupt("it has fewer rows than its footer says")
	}
	g := &c.meta.RowGroups[c.group]
	c.group++
	if g.NumRows == 0 {
		return nil
	}
	chunk := &g.Columns[c.index]
	switch {
	case chunk.FilePath != "":
		return fmt.Errorf("its data are in another file (%.100q), which is not supported", chunk.FilePath)
	case chunk.CryptoMetadata.Value != nil:
		return fmt.Errorf("it is encrypted, which is not supported")
	case chunk.MetaData.NumValues != g.NumRows:
		return corrupt("%d values in %d rows", chunk.MetaData.NumValues, g.NumRows)
	case chunk.MetaData.Type != c.element.Type.V:
		return corrupt("its type is %s, in the schema %s", chunk.MetaData.Type, c.element.Type.V)
	}
	if err := c.column.define(0, nil); err != nil {
		return err
	}
	return c.pages.open(c.file, c.size, &chunk.MetaData, c.leaf)
}

// scan decodes a string column only to learn its words, each row group until
// all words of its dictionary are known.
func (c *cursor) scan(complete func() bool) error {
	for c.group < len(c.meta.RowGroups) {
		rows := c.meta.RowGroups[c.group].NumRows
		if rows == 0 {
			c.group++
			continue
		}
		indexed := onlyIndexes(&c.meta.RowGroups[c.group].Columns[c.index].MetaData)
		c.pages.left = 0
		if err := c.fill(1); err != nil {
			return err
		}
		for seen := int64(c.column.rows()); seen < rows && !(indexed && complete()); seen += int64(c.column.rows()) {
			c.column.forget()
			if err := c.fill(1); err != nil {
				return err
			}
		}
		c.column.forget()
	}
	return nil
}

// onlyIndexes tells whether all pages of a chunk are dictionary-coded, as far
// as its writer says.
func onlyIndexes(chunk *format.ColumnMetaData) bool {
	for _, s := range chunk.EncodingStats {
		data := s.PageType == format.DataPage || s.PageType == format.DataPageV2
		if data && !indexed(s.Encoding) {
			return false
		}
	}
	return len(chunk.EncodingStats) > 0
}

// A table is one pass over the columns of a file; entries are nil where it
// has no such column.
type table struct {
	arrival, duration, announced, wait *numberColumn
	category, tenant, image, dataset   *wordColumn[uint32]
	taskType, zone                     *wordColumn[uint16]

	cursors []*cursor
}

func (f *File) table(in Input, w words, frozen bool) *table {
	t, l := new(table), f.layout
	number := func(n *numbers) *numberColumn {
		if n == nil {
			return nil
		}
		c := &numberColumn{numbers: n}
		t.cursors = append(t.cursors, f.cursor(in, &n.leaf, c))
		return c
	}
	t.arrival = number(l.arrival)
	t.duration = number(l.duration)
	t.announced = number(l.announced)
	t.wait = number(l.wait)
	t.category = wordsOf(t, f, in, l.category, w.category, frozen)
	t.tenant = wordsOf(t, f, in, l.tenant, w.tenant, frozen)
	t.image = wordsOf(t, f, in, l.image, w.image, frozen)
	t.dataset = wordsOf(t, f, in, l.dataset, w.dataset, frozen)
	t.taskType = wordsOf(t, f, in, l.taskType, w.taskType, frozen)
	t.zone = wordsOf(t, f, in, l.zone, w.zone, frozen)
	return t
}

func wordsOf[T uint16 | uint32](t *table, f *File, in Input, l *leaf, d *dictionary[T], frozen bool) *wordColumn[T] {
	if l == nil {
		return nil
	}
	c := &wordColumn[T]{leaf: l, words: d, frozen: frozen}
	t.cursors = append(t.cursors, f.cursor(in, l, c))
	return c
}

// reserve makes room for all rows at once.
func (t *table) reserve(rows int) {
	for _, c := range t.cursors {
		switch c := c.column.(type) {
		case *numberColumn:
			c.out = make([]int64, 0, rows)
		case *wordColumn[uint32]:
			c.out = make([]uint32, 0, rows)
		case *wordColumn[uint16]:
			c.out = make([]uint16, 0, rows)
		}
	}
}

// all returns every row decoded so far.
func (t *table) all() Columns {
	return Columns{
		Arrival: t.arrival.all(), Duration: t.duration.all(), Announced: t.announced.all(), Wait: t.wait.all(),
		Category: t.category.all(), TaskType: t.taskType.all(), Zone: t.zone.all(),
		Tenant: t.tenant.all(), Image: t.image.all(), Dataset: t.dataset.all(),
	}
}

// take returns a copy of the first n rows and removes them.
func (t *table) take(n int) Columns {
	return Columns{
		Arrival: t.arrival.take(n), Duration: t.duration.take(n), Announced: t.announced.take(n), Wait: t.wait.take(n),
		Category: t.category.take(n), TaskType: t.taskType.take(n), Zone: t.zone.take(n),
		Tenant: t.tenant.take(n), Image: t.image.take(n), Dataset: t.dataset.take(n),
	}
}

func (c *numberColumn) all() []int64 {
	if c == nil {
		return nil
	}
	return c.out
}

func (c *numberColumn) take(n int) (rows []int64) {
	if c == nil {
		return nil
	}
	rows, c.out = cutRows(c.out, n)
	return rows
}

func (c *wordColumn[T]) all() []T {
	if c == nil {
		return nil
	}
	return c.out
}

func (c *wordColumn[T]) take(n int) (rows []T) {
	if c == nil {
		return nil
	}
	rows, c.out = cutRows(c.out, n)
	return rows
}

// cutRows returns a copy of the first n rows of out, and the others in place.
func cutRows[T any](out []T, n int) (rows, rest []T) {
	rows = slices.Clone(out[:n])
	return rows, out[:copy(out, out[n:])]
}

// each runs f for every cursor at the same time; of several errors it returns
// that of the first cursor.
func each(cursors []*cursor, f func(*cursor) error) error {
	errs := make([]error, len(cursors))
	var all sync.WaitGroup
	for i, c := range cursors {
		all.Go(func() {
			errs[i] = guard(func() error { return f(c) })
		})
	}
	all.Wait()
	i := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return errs[i]
}
