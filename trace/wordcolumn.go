package trace

import (
	"strconv"

	"github.com/parquet-go/parquet-go/format"
)

// wordColumn decodes the pages of a string column into indexes of a
// dictionary of the whole trace.
type wordColumn[T uint16 | uint32] struct {
	*leaf
	words *dictionary[T]
	// frozen says that the dictionary is complete and shared: new words are
	// an error.
	frozen bool
	out    []T

	chunk   [][]byte // the chunk's own dictionary
	known   []uint32 // and what its words are in the trace's
	unknown int      // of them not met yet
	bytes   []byte
	indexes []int32
	numbers []int64
	values  values
}

// none marks a word of a chunk's dictionary that no row has used yet. Writers
// may list words that no row uses; those must not become categories.
const none = ^uint32(0)

func (c *wordColumn[T]) define(n int, data []byte) error {
	c.chunk, c.known, c.unknown = c.chunk[:0], c.known[:0], n
	c.bytes = append(c.bytes[:0], data...) // the page's buffer is used again
	add := func(word []byte) error {
		c.chunk = append(c.chunk, word)
		c.known = append(c.known, none)
		return nil
	}
	if c.element.Type.V == format.ByteArray {
		return eachPlain(c.bytes, n, add)
	}
	return c.eachInteger(&page{values: n, encoding: format.Plain, data: data}, func(word []byte) error {
		return add(append([]byte(nil), word...))
	})
}

func (c *wordColumn[T]) rows() int { return len(c.out) }

func (c *wordColumn[T]) forget() { c.out = c.out[:0] }

// complete tells whether every word of the chunk's dictionary is known.
func (c *wordColumn[T]) complete() bool { return c.unknown == 0 }

func (c *wordColumn[T]) id(word []byte) (T, error) {
	if !c.frozen {
		return c.words.idOf(word)
	}
	id, ok := c.words.ids[string(word)]
	if !ok {
		return 0, errChanged
	}
	return id, nil
}

// meet numbers a word of the chunk's dictionary on its first use.
func (c *wordColumn[T]) meet(index int32) (uint32, error) {
	id, err := c.id(c.chunk[index])
	if err != nil {
		return 0, err
	}
	c.known[index] = uint32(id)
	c.unknown--
	return uint32(id), nil
}

// decodePage appends the page's rows to out, 0 where null.
func (c *wordColumn[T]) decodePage(p *page) error {
	from := len(c.out)
	if indexed(p.encoding) {
		indexes, err := decodeIndexes(c.indexes, p.data, p.values, len(c.chunk))
		if err != nil {
			return err
		}
		c.indexes = indexes
		c.out = extend(c.out, len(indexes))
		to := c.out[from:]
		for i, index := range indexes {
			id := c.known[index]
			if id == none {
				if id, err = c.meet(index); err != nil {
					return err
				}
			}
			to[i] = T(id)
		}
	} else {
		each := eachBytes
		if c.element.Type.V != format.ByteArray {
			each = c.eachInteger
		}
		err := each(p, func(word []byte) error {
			id, err := c.id(word)
			c.out = append(c.out, id)
			return err
		})
		if err != nil {
			return err
		}
	}
	if p.defined != nil {
		c.out = spreadRows(c.out, from, p.defined, 0)
	}
	return nil
}

// eachInteger calls f with the decimal text of every number of a page.
func (c *wordColumn[T]) eachInteger(p *page, f func([]byte) error) error {
	numbers := grow(&c.numbers, p.values)
	if err := c.values.integers(numbers, p, c.element.Type.V, false); err != nil {
		return err
	}
	var text [20]byte
	for _, v := range numbers {
		if err := f(strconv.AppendInt(text[:0], v, 10)); err != nil {
			return err
		}
	}
	return nil
}
