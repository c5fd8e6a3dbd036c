package sqlite

import (
	"encoding/binary"
	"errors"
)

// pack puts each line after its length.
func pack(lines [][]byte) []byte {
	size := 0
	for _, line := range lines {
		size += binary.MaxVarintLen32 + len(line)
	}
	packed := make([]byte, 0, size)
	for _, line := range lines {
		packed = binary.AppendUvarint(packed, uint64(len(line)))
		packed = append(packed, line...)
	}
	return packed
}

// unpack appends to lines those in packed, of which they are parts.
func unpack(lines [][]byte, packed []byte) ([][]byte, error) {
	for len(packed) > 0 {
		size, n := binary.Uvarint(packed)
		if n <= 0 || size > uint64(len(packed)-n) {
			return nil, errors.New("is damaged")
		}
		end := n + int(size)
		lines = append(lines, packed[n:end:end])
		packed = packed[end:]
	}
	return lines, nil
}
