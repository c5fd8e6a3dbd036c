package trace

import (
	"errors"
	"io"
	"iter"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// counted is a source that makes its rows up as they are asked for.
type counted int64

func (n counted) Summary() Summary {
	return Summary{Name: "counted", Rows: int64(n), Strings: Strings{Category: []string{"", "a", "b", "c"}}}
}

func (n counted) Chunks() iter.Seq2[*Chunk, error] {
	return func(yield func(*Chunk, error) bool) {
		for from := int64(0); from < int64(n); from += ChunkRows {
			c := &Chunk{First: from}
			for i := from; i < min(from+ChunkRows, int64(n)); i++ {
				c.Arrival = append(c.Arrival, i*1e6+i%977)
				c.Duration = append(c.Duration, i*7919%1e9)
				c.Category = append(c.Category, uint32(i%4))
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

// A file is written and streamed in memory that does not grow with it.
func TestStreamingMemory(t *testing.T) {
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // twice, to empty the pools too
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	peak := func(rows int64) (highest int64) {
		path := writeTrace(t, counted(rows))
		before := live()
		src, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		seen := int64(0)
		for chunk, err := range src.Chunks() {
			if err != nil {
				t.Fatal(err)
			}
			seen += int64(chunk.Len())
			highest = max(highest, live()-before)
		}
		if seen != rows {
			t.Errorf("%d rows of %d", seen, rows)
		}
		return highest
	}
	small, large := peak(4*ChunkRows), peak(24*ChunkRows)
	t.Logf("%d kB for %d rows, %d kB for %d", small>>10, 4*ChunkRows, large>>10, 24*ChunkRows)
	if large > small+1<<20 {
		t.Errorf("%d bytes for %d rows, %d bytes for %d", small, 4*ChunkRows, large, 24*ChunkRows)
	}
}

func TestStreamsShareAFile(t *testing.T) {
	want := randomTrace(t, 2*ChunkRows+5)
	src, err := Open(writeTrace(t, want), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			row := 0
			for chunk, err := range src.Chunks() {
				if err != nil {
					t.Error(err)
					return
				}
				for i, id := range chunk.Tenant {
					if id != want.Tenant[row+i] || chunk.Arrival[i] != want.Arrival[row+i] {
						t.Errorf("row %d differs", row+i)
						return
					}
				}
				row += chunk.Len()
			}
		})
	}
	for range src.Chunks() {
		break // a pass may be left early
	}
	all.Wait()
}

func TestChangedFile(t *testing.T) {
	path := writeTrace(t, randomTrace(t, 100))
	src, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, randomTrace(t, 200))
	for _, err = range src.Chunks() {
	}
	if !errors.Is(err, errChanged) || !strings.Contains(err.Error(), path) {
		t.Errorf("changed: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for _, err = range src.Chunks() {
	}
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("removed: %v", err)
	}
}

func TestWriteBadTrace(t *testing.T) {
	bad := build(t, false, Record{Arrival: 5, Announced: NoTime, Wait: NoTime}, Record{Arrival: 6, Announced: NoTime, Wait: NoTime})
	bad.Arrival[1] = 4
	if err := WriteParquet(io.Discard, bad); err == nil || !strings.Contains(err.Error(), "row 1: arrives 1 ns before") {
		t.Errorf("got %v", err)
	}
}
