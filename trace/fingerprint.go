package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"hash"
	"slices"
	"unsafe"
)

// Fingerprint tells traces apart by which results may differ: a SHA-256 of
// their names, dictionaries and columns, but for the waits that the source saw.
func (t *Trace) Fingerprint() [sha256.Size]byte {
	h := sha256.New()
	for _, column := range [][]int64{t.Arrival, t.Duration, t.Announced} {
		hashColumn(h, column)
	}
	for _, column := range [][]uint32{t.Category, t.Tenant, t.Image, t.Dataset} {
		hashColumn(h, column)
	}
	for _, column := range [][]uint16{t.TaskType, t.Zone} {
		hashColumn(h, column)
	}
	_ = json.NewEncoder(h).Encode([]any{t.Name, t.Relative, t.Strings}) // cannot fail: text into a hash
	return [sha256.Size]byte(h.Sum(nil))
}

// hashColumn hashes a column's values as little-endian numbers after their
// count.
func hashColumn[T int64 | uint32 | uint16](h hash.Hash, column []T) {
	_ = binary.Write(h, binary.LittleEndian, int64(len(column))) // cannot fail: a number into a hash
	const rows = 1 << 13
	buffer := make([]byte, 0, rows*int(unsafe.Sizeof(T(0))))
	for part := range slices.Chunk(column, rows) {
		buffer, _ = binary.Append(buffer[:0], binary.LittleEndian, part) // cannot fail: fixed sizes
		_, _ = h.Write(buffer)
	}
}
