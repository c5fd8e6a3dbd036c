package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// A Hash tells plans apart: those of the same content have the same, whatever
// they were read from.
type Hash [sha256.Size]byte

// Hash is the SHA-256 of the plan's canonical form: version, tenant and steps
// in their order, every text with its length before it, every number in eight
// bytes.
func (p Plan) Hash() Hash {
	b := []byte("shadowpool plan")
	number := func(n uint64) { b = binary.BigEndian.AppendUint64(b, n) }
	text := func(s string) {
		number(uint64(len(s)))
		b = append(b, s...)
	}
	number(Version)
	text(p.Tenant)
	number(uint64(len(p.Steps)))
	for _, s := range p.Steps {
		number(uint64(s.Kind))
		text(s.Name)
		number(math.Float64bits(s.Fraction + 0)) // -0 is 0
		number(uint64(s.Takes))
		number(uint64(s.Bytes))
	}
	return sha256.Sum256(b)
}
