package dashboard

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"shadowpool/runtime"
)

// What is kept of all pools has a bound, whatever their number.
func TestHistoryIsBounded(t *testing.T) {
	for _, pools := range []int{1, 10, 180, 1000, 10_000} {
		rows := coarseRows(pools)
		if size := rows * pools * int(unsafe.Sizeof(sample{})); size > 130<<20 || pools < 180 && rows != 24*60*4 || rows < 20 {
			t.Errorf("%d pools have %d rows, %d MiB", pools, rows, size>>20)
		}
	}
}

// TestGap: what was not seen is not known, and the oldest makes room.
func TestGap(t *testing.T) {
	b := New(1)
	begin := time.Unix(99e7, 0) // a whole quarter of a minute
	look := func(after time.Duration, level int32) {
		b.enter(begin.Add(after), runtime.Status{Pools: []runtime.PoolStatus{{Category: "one", Level: level}}, UptimeS: after.Seconds()})
	}
	for i := range 30 {
		look(time.Duration(i)*time.Second, 3)
	}
	for i := range 30 {
		look(2*time.Minute+time.Duration(i)*time.Second, 5)
	}
	p := b.points(0, "15m", 0)
	if len(p.At) != 10 || p.Level[0] != 3 || p.Level[9] != 5 || p.SeenS[0] != 15 || p.SeenS[9] != 15 {
		t.Errorf("%d points: levels %v, seen %v", len(p.At), p.Level, p.SeenS)
	}
	for i := 2; i < 8; i++ {
		if !math.IsNaN(p.Level[i]) {
			t.Errorf("level %v at %d", p.Level[i], i)
		}
	}
	look(25*time.Hour, 7)
	if p := b.points(0, "24h", 0); len(p.At) != 1 || p.Level[0] != 7 {
		t.Errorf("a day later: %v, levels %v", p.At, p.Level)
	}
	if p := b.points(0, "5m", 0); len(p.At) != 1 || p.Level[0] != 7 {
		t.Errorf("a day later, by the second: %v, levels %v", p.At, p.Level)
	}
}

// TestMorePools: pools that a new configuration brings are shown from then on.
func TestMorePools(t *testing.T) {
	b := New(1)
	at := time.Unix(1e9, 0)
	one := runtime.PoolStatus{Category: "one", Level: 1}
	b.enter(at, runtime.Status{Pools: []runtime.PoolStatus{one}})
	b.enter(at.Add(time.Second), runtime.Status{Pools: []runtime.PoolStatus{one, {Category: "two", Level: 2}}})
	if p := b.points(-1, "5m", 0); len(p.At) != 2 || p.Level[0] != 1 || p.Level[1] != 3 {
		t.Errorf("levels %v", p.Level)
	}
}
