package importers

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxInput bounds the uncompressed bytes of one input, so that a small
// compressed file cannot fill the memory.
const maxInput = 16 << 30

// maxLine bounds one line of text.
const maxLine = 16 << 20

// open uncompresses in where it is gzip, and bounds it.
func (in Input) open() (*bufio.Reader, error) {
	plain := bufio.NewReaderSize(in.Reader, 1<<16)
	if magic, _ := plain.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(plain)
		if err != nil {
			return nil, fmt.Errorf("%s: gzip: %w", in.Name, err)
		}
		return bufio.NewReaderSize(&bounded{z, maxInput}, 1<<16), nil
	}
	return bufio.NewReaderSize(&bounded{plain, maxInput}, 1<<16), nil
}

type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("more than %d bytes: split the input", int64(maxInput))
	}
	return n, err
}

// lines calls visit with every line; errors name file and line.
func (in Input) lines(visit func(string) error) error {
	r, err := in.open()
	if err != nil {
		return err
	}
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 1<<16), maxLine)
	number := 0
	for s.Scan() {
		number++
		if err := visit(s.Text()); err != nil {
			return fmt.Errorf("%s:%d: %w", in.Name, number, err)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", in.Name, number+1, err)
	}
	return nil
}

// A row is one line of a table with a header.
type row struct {
	columns map[string]int
	fields  []string
}

// get is the field of a column; empty where the table has no such column.
func (r row) get(column string) string {
	if i, ok := r.columns[column]; ok && i < len(r.fields) {
		return r.fields[i]
	}
	return ""
}

func (r row) has(column string) bool {
	_, ok := r.columns[column]
	return ok
}

// number is the field of a column as a finite number.
func (r row) number(column string) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSpace(r.get(column)), 64)
	if err != nil || x-x != 0 {
		return 0, fmt.Errorf("%s is %q, want a number", column, r.get(column))
	}
	return x, nil
}

// table calls visit with every row of a CSV file whose first line names the
// columns, among them the wanted ones.
func (in Input) table(wanted []string, visit func(row) error) error {
	r, err := in.open()
	if err != nil {
		return err
	}
	c := csv.NewReader(r)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: empty, want a header with %s", in.Name, strings.Join(wanted, ", "))
		}
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	columns, err := in.header(header, wanted)
	if err != nil {
		return err
	}
	for {
		fields, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
		if err := visit(row{columns, fields}); err != nil {
			line, _ := c.FieldPos(0)
			return fmt.Errorf("%s:%d: %w", in.Name, line, err)
		}
	}
}

func (in Input) header(names, wanted []string) (map[string]int, error) {
	columns := map[string]int{}
	for i, name := range names {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if _, twice := columns[name]; twice {
			return nil, fmt.Errorf("%s:1: column %q occurs twice", in.Name, name)
		}
		columns[name] = i
	}
	for _, name := range wanted {
		if _, ok := columns[name]; !ok {
			shown := slices.Clone(names[:min(len(names), 20)])
			return nil, fmt.Errorf("%s:1: no column %q among %q", in.Name, name, shown)
		}
	}
	return columns, nil
}
