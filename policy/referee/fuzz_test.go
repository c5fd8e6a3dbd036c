package referee_test

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

// tape is a source of choices that a fuzzer writes; after its end come random
// ones.
type tape struct {
	bytes []byte
	rest  rand.Source
}

func (t *tape) Uint64() uint64 {
	if len(t.bytes) < 8 {
		return t.rest.Uint64()
	}
	v := binary.LittleEndian.Uint64(t.bytes)
	t.bytes = t.bytes[8:]
	return v
}

func FuzzWorlds(f *testing.F) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 13))
		choices := make([]byte, 800)
		for i := range choices {
			choices[i] = byte(rng.Uint32())
		}
		f.Add(choices)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		sum := crc32.ChecksumIEEE(choices)
		runOn(t, uint64(sum), &tape{choices[:min(len(choices), 4000)], rand.NewPCG(uint64(sum), 1)})
	})
}
