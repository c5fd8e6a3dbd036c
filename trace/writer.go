package trace

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// rowGroupRows is the number of rows of every row group but the last one of a
// written file: few enough to buffer, many enough to compress well.
const rowGroupRows = 4 * ChunkRows

// WriteParquet writes a trace as Parquet; the schema is in the package's
// documentation. Columns that the source does not
// have are left out. It needs memory for one row group, not for the trace.
func WriteParquet(w io.Writer, src Source) error {
	summary := src.Summary()
	var out *tableWriter
	var rows int64
	previous := NoTime
	for chunk, err := range src.Chunks() {
		if err != nil {
			return err
		}
		if chunk.Len() == 0 {
			continue
		}
		if row, err := chunk.check(previous, true); err != nil {
			return fmt.Errorf("row %d: %w", chunk.First+int64(row), err)
		}
		previous = chunk.Arrival[chunk.Len()-1]
		if out == nil {
			out = newTableWriter(w, &chunk.Columns, &summary)
			out.dictionaries(&summary.Strings)
		}
		if err := out.write(&chunk.Columns); err != nil {
			return err
		}
		if rows += int64(chunk.Len()); rows%rowGroupRows == 0 {
			if err := out.flush(); err != nil {
				return err
			}
		}
	}
	if out == nil {
		out = newTableWriter(w, &Columns{}, &summary)
	}
	return out.close(true)
}

// A Writer writes records as Parquet while they come, for instance from a
// live server. It buffers one row group of 262,144 records, which it sorts by
// arrival; what was written is readable after Close. Records may come out of
// order: if that shows across row groups, the file says so and is sorted when
// it is read. Not for concurrent use.
type Writer struct {
	out     *tableWriter
	builder *Builder
	last    int64 // arrival of the row groups written
	rows    int64
	sorted  bool
	err     error
}

// NewWriter returns a Writer of a file with every column of the schema.
func NewWriter(w io.Writer) *Writer {
	words, names, times := []uint32{}, []uint16{}, []int64{}
	all := &Columns{
		Category: words, Tenant: words, Image: words, Dataset: words,
		TaskType: names, Zone: names, Announced: times, Wait: times,
	}
	return &Writer{out: newTableWriter(w, all, &Summary{}), builder: NewBuilder(), last: math.MinInt64, sorted: true}
}

// Write appends one record. An impossible record is an error, and is not
// written; the Writer can still be used. Any other error is final.
func (w *Writer) Write(r Record) error {
	if w.err != nil {
		return w.err
	}
	if err := w.builder.Add(r); err != nil {
		return err
	}
	if w.rows++; w.builder.Len() == rowGroupRows {
		w.err = w.flush()
	}
	return w.err
}

// Rows is the number of records written.
func (w *Writer) Rows() int64 { return w.rows }

func (w *Writer) flush() error {
	if w.builder.Len() == 0 {
		return nil
	}
	t, err := w.builder.Build("", true)
	if err != nil {
		return err
	}
	w.sorted = w.sorted && t.Arrival[0] >= w.last
	w.last = t.Arrival[t.Len()-1]
	w.out.dictionaries(&t.Strings)
	if err := w.out.write(&t.Columns); err != nil {
		return err
	}
	return w.out.flush()
}

// Close writes what is buffered and the footer. It does not close the
// underlying writer.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.flush(); w.err != nil {
		return w.err
	}
	err := w.out.close(w.sorted)
	w.err = errClosed
	return err
}

var errClosed = errors.New("trace: the writer is closed")
