package bucket

import (
	"slices"

	"shadowpool/trace"
)

// forward reads ranges of an object block after block. When half of a block
// has been read, the next one is asked for.
type forward struct {
	object *object
	ranges []trace.Range
	now    *block
	ahead  *block // nil when none was asked for
}

// A block is a part of an object that was asked for.
type block struct {
	trace.Range
	in   int // its range
	data []byte
	done chan error
}

func holds(r trace.Range, offset int64) bool {
	return r.Offset <= offset && offset < r.Offset+r.Length
}

// ReadAt implements io.ReaderAt, for one goroutine.
func (f *forward) ReadAt(p []byte, offset int64) (int, error) {
	read := 0
	for read < len(p) {
		at := offset + int64(read)
		found, err := f.find(at)
		if err != nil {
			return read, err
		}
		if !found { // outside the ranges
			n, err := f.object.ReadAt(p[read:], at)
			return read + n, err
		}
		n := copy(p[read:], f.now.data[at-f.now.Offset:])
		read += n
		if f.ahead == nil && at+int64(n)-f.now.Offset > f.now.Length/2 {
			f.ahead = f.after(f.now)
		}
	}
	return read, nil
}

// find makes the block that holds a byte the present one.
func (f *forward) find(offset int64) (bool, error) {
	if f.now != nil && holds(f.now.Range, offset) {
		return true, nil
	}
	next := f.ahead
	if next == nil || !holds(next.Range, offset) {
		i := slices.IndexFunc(f.ranges, func(r trace.Range) bool { return holds(r, offset) })
		if i < 0 {
			return false, nil
		}
		next = f.ask(i, (offset-f.ranges[i].Offset)/blockBytes*blockBytes)
	}
	f.now, f.ahead = nil, nil
	if err := <-next.done; err != nil {
		return false, err
	}
	f.now = next
	return true, nil
}

// after asks for the block after one; nil after the last.
func (f *forward) after(b *block) *block {
	end := b.Offset + b.Length - f.ranges[b.in].Offset
	if end < f.ranges[b.in].Length {
		return f.ask(b.in, end)
	}
	if b.in+1 < len(f.ranges) {
		return f.ask(b.in+1, 0)
	}
	return nil
}

// ask begins to fetch the block that begins at an offset in a range.
func (f *forward) ask(in int, from int64) *block {
	r := f.ranges[in]
	n := min(blockBytes, r.Length-from)
	b := &block{trace.Range{Offset: r.Offset + from, Length: n}, in, make([]byte, n), make(chan error, 1)}
	f.object.fetches.Go(func() { b.done <- f.object.fetch(b.data, b.Offset) })
	return b
}
