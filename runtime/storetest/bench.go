package storetest

import (
	"fmt"
	"testing"

	"shadowpool/runtime"
)

// Benchmark measures durable appends of lines of 300 bytes, by the size of
// their batches, with a snapshot every 100,000 lines; and how long it takes to
// load so many.
func Benchmark(b *testing.B, open func() (runtime.Store, error)) {
	s, err := open()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	l, err := s.Lead(b.Context(), replica("benchmark"))
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{1, 10, 200, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			lines := bytesOf(numbered(0, size)...)
			n := 0
			for b.Loop() {
				if err := l.Append(b.Context(), lines); err != nil {
					b.Fatal(err)
				}
				if n += size; n%100_000 < size {
					if err := l.Snapshot(b.Context(), make([]byte, 1<<20)); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
		})
	}
	b.Run("load=100000", func(b *testing.B) {
		if err := l.Snapshot(b.Context(), make([]byte, 1<<20)); err != nil {
			b.Fatal(err)
		}
		const size, all = 200, 100_000
		for n := 0; n < all; n += size {
			if err := l.Append(b.Context(), bytesOf(numbered(n, size)...)); err != nil {
				b.Fatal(err)
			}
		}
		for b.Loop() {
			if _, lines, err := l.Load(b.Context()); err != nil || len(lines) != all {
				b.Fatalf("%d lines (%v)", len(lines), err)
			}
		}
	})
}
