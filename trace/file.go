package trace

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go/format"
)

// Keys of a written file's metadata.
const (
	keyName     = "shadowpool.trace"
	keyRelative = "shadowpool.relative"
	keySorted   = "shadowpool.sorted"
)

// countedFrom is the first instant that bare numbers can mean: numbers that
// would be earlier count from an unknown origin.
var countedFrom = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()

var errChanged = errors.New("the file has changed since it was opened")

// A File is a Parquet file that is streamed: each pass over Chunks reads it
// again, page by page, in memory that does not grow with it.
type File struct {
	path    string // to open it by
	open    func(path string) (Input, error)
	name    string // for messages
	size    int64
	version string
	meta    *format.FileMetaData
	layout  *layout
	sorted  bool // it must be; false where the file itself says that it is not
	shift   int64
	words   words // complete; shared by all passes
	summary Summary
}

// describe reads a Parquet file's footer and finds its columns. It returns
// nil for what is not Parquet.
func describe(in Input, path string, opt *Options) (*File, error) {
	if parquet, err := isParquet(in); !parquet {
		return nil, err
	}
	f := &File{path: path, open: opt.open, name: in.Name(), size: in.Size(), version: in.Version(), sorted: true}
	if err := f.named(func() error { return f.describe(in, opt) }); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) describe(in Input, opt *Options) error {
	var err error
	if f.meta, err = readFooter(in, f.size); err != nil {
		return err
	}
	all, err := leaves(f.meta.Schema)
	if err != nil {
		return err
	}
	own := false
	f.summary = Summary{Name: baseName(f.name)}
	for _, kv := range f.meta.KeyValueMetadata {
		switch kv.Key {
		case keyName:
			own = true
			if kv.Value != "" {
				f.summary.Name = strings.Clone(kv.Value)
			}
		case keyRelative:
			f.summary.Relative = kv.Value == "true"
		case keySorted:
			f.sorted = kv.Value != "false"
		}
	}
	if f.layout, err = newLayout(all, own, opt); err != nil {
		return err
	}
	for i := range f.meta.RowGroups {
		g := &f.meta.RowGroups[i]
		if g.NumRows < 0 || f.summary.Rows+g.NumRows < f.summary.Rows || len(g.Columns) != len(all) {
			return corrupt("row group %d has %d rows of %d columns", i, g.NumRows, len(g.Columns))
		}
		f.summary.Rows += g.NumRows
	}
	if f.summary.Rows != f.meta.NumRows {
		return corrupt("its row groups have %d rows, its footer says %d", f.summary.Rows, f.meta.NumRows)
	}
	// Columns of one value over and over compress to some thousand rows a byte.
	if limit := 1<<20 + 1<<12*f.size; f.summary.Rows > limit {
		return corrupt("%d rows in %d bytes", f.summary.Rows, f.size)
	}
	return f.bounds(in, opt)
}

// bounds reads the first and the last arrival and settles what they count from.
func (f *File) bounds(in Input, opt *Options) error {
	if f.summary.Rows > 0 {
		first := f.arrivals(in)
		if err := first.fill(1); err != nil {
			return err
		}
		f.summary.First = first.column.(*numberColumn).out[0]

		last := f.arrivals(in)
		for i := range f.meta.RowGroups {
			if f.meta.RowGroups[i].NumRows > 0 {
				last.group = i
			}
		}
		for left := f.meta.RowGroups[last.group].NumRows; left > 0; left -= int64(last.column.rows()) {
			last.column.forget()
			if err := last.fill(1); err != nil {
				return err
			}
		}
		out := last.column.(*numberColumn).out
		f.summary.Last = out[len(out)-1]
		if f.layout.counted && f.summary.First < countedFrom {
			f.summary.Relative = true
		}
	}
	if opt.start != nil {
		if !f.summary.Relative {
			return errNotRelative
		}
		f.shift = *opt.start
		f.summary.First += f.shift
		f.summary.Last += f.shift
		f.summary.Relative = false
	}
	return nil
}

var errNotRelative = errors.New("its times are instants already, so it cannot be given a start")

func (f *File) arrivals(in Input) *cursor {
	return f.cursor(in, &f.layout.arrival.leaf, &numberColumn{numbers: f.layout.arrival})
}

// scan reads the string columns once, so that the dictionaries are complete
// before the first chunk. It skips what can hold no new word.
func (f *File) scan(in Input) error {
	f.words = newWords()
	err := f.named(func() error {
		t := f.table(in, f.words, false)
		return each(t.cursors, func(c *cursor) error {
			if words, ok := c.column.(interface{ complete() bool }); ok {
				return c.scan(words.complete)
			}
			return nil
		})
	})
	f.summary.Strings = f.words.strings()
	l, s := f.layout, &f.summary.Strings
	for _, w := range []struct {
		leaf  **leaf
		words []string
	}{
		{&l.category, s.Category}, {&l.taskType, s.TaskType}, {&l.zone, s.Zone},
		{&l.tenant, s.Tenant}, {&l.image, s.Image}, {&l.dataset, s.Dataset},
	} {
		if len(w.words) == 1 {
			*w.leaf = nil // all rows unknown: as good as no column
		}
	}
	return err
}

// Summary implements Source.
func (f *File) Summary() Summary { return f.summary }

// Chunks implements Source. Each pass opens the file anew and closes it.
func (f *File) Chunks() iter.Seq2[*Chunk, error] {
	return func(yield func(*Chunk, error) bool) {
		stopped := false
		err := f.pass(func(in Input) error {
			t := f.table(in, f.words, true)
			previous := NoTime
			for from := int64(0); from < f.summary.Rows; from += ChunkRows {
				n := int(min(ChunkRows, f.summary.Rows-from))
				if err := each(t.cursors, func(c *cursor) error { return c.fill(n) }); err != nil {
					return err
				}
				chunk := &Chunk{First: from, Columns: t.take(n)}
				if err := f.finish(&chunk.Columns, from, previous); err != nil {
					return err
				}
				previous = chunk.Arrival[n-1]
				if !yield(chunk, nil) {
					stopped = true
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(nil, err)
		}
	}
}

// load reads the whole file, all columns at the same time.
func (f *File) load(in Input, sort bool) (*Trace, error) {
	t := &Trace{Name: f.summary.Name, Relative: f.summary.Relative}
	words := newWords()
	err := f.named(func() error {
		table := f.table(in, words, false)
		table.reserve(int(min(f.summary.Rows, 64*f.size)))
		if err := each(table.cursors, func(c *cursor) error { return c.fill(int(f.summary.Rows)) }); err != nil {
			return err
		}
		t.Columns = table.all()
		f.sorted = f.sorted && !sort
		return f.finish(&t.Columns, 0, NoTime)
	})
	if err != nil {
		return nil, err
	}
	t.Strings = words.strings()
	t.dropUnknown()
	if !f.sorted && !slices.IsSorted(t.Arrival) {
		t.sortByArrival()
	}
	return t, nil
}

// finish checks rows and moves them to their origin. from is the number of
// the first one in the file.
func (f *File) finish(c *Columns, from, previous int64) error {
	if previous != NoTime {
		previous -= f.shift
	}
	if row, err := c.check(previous, f.sorted); err != nil {
		return f.at(from+int64(row), err)
	}
	if row, err := c.shift(f.shift); err != nil {
		return f.at(from+int64(row), err)
	}
	return nil
}

// at says where in the file an error is.
func (f *File) at(row int64, err error) error {
	first := int64(0)
	for i := range f.meta.RowGroups {
		n := f.meta.RowGroups[i].NumRows
		if row < first+n {
			return fmt.Errorf("row group %d, row %d (row %d of the file): %w", i, row-first, row, err)
		}
		first += n
	}
	return err
}

// pass opens the file, which must still be the one that was described.
func (f *File) pass(read func(Input) error) error {
	in, err := f.open(f.path)
	if err != nil {
		return err
	}
	defer in.Close()
	return f.named(func() error {
		if in.Size() != f.size || in.Version() != f.version {
			return errChanged
		}
		return read(in)
	})
}

// named names the file in the errors of reading it.
func (f *File) named(read func() error) error {
	if err := guard(read); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return nil
}

// guard turns a panic of the decoding libraries, which some damaged files
// cause, into an error.
func guard(read func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = corrupt("%v", r)
		}
	}()
	return read()
}
