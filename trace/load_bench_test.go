package trace

import (
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"
)

const benchRows = 2_000_000

// usualTrace has the columns and the variety that real ones have: 300
// categories and 4,000 tenants by popularity, three task types.
func usualTrace(t testing.TB, rows int) *Trace {
	t.Helper()
	rng := rand.New(rand.NewPCG(2, uint64(rows)))
	categories := rand.NewZipf(rng, 1.2, 4, 299)
	tenants := rand.NewZipf(rng, 1.1, 8, 3999)
	b := NewBuilder()
	at := time.Date(2024, 11, 15, 0, 0, 0, 0, time.UTC).UnixNano()
	for range rows {
		at += int64(rng.ExpFloat64() * 1e8)
		err := b.Add(Record{
			Arrival: at, Duration: int64(math.Exp(rng.NormFloat64()) * 3e10),
			Category: "model-" + strconv.Itoa(int(categories.Uint64())), TaskType: "type-" + strconv.Itoa(rng.IntN(3)),
			Tenant: "tenant-" + strconv.Itoa(int(tenants.Uint64())), Announced: NoTime, Wait: NoTime,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	tr, err := b.Build("usual", false)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func BenchmarkLoad(b *testing.B) {
	path := writeTrace(b, usualTrace(b, benchRows))
	b.Run("parquet", func(b *testing.B) {
		for b.Loop() {
			if _, err := Load(path, Options{}); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
	b.Run("parquet/stream", func(b *testing.B) {
		for b.Loop() {
			src, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			for _, err := range src.Chunks() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		rate(b)
	})
}

// BenchmarkLoadTimes reads only what every trace has: arrival and duration.
func BenchmarkLoadTimes(b *testing.B) {
	tr := usualTrace(b, benchRows)
	tr.Columns = Columns{Arrival: tr.Arrival, Duration: tr.Duration}
	path := writeTrace(b, tr)
	for b.Loop() {
		if _, err := Load(path, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	rate(b)
}

func BenchmarkWrite(b *testing.B) {
	tr := usualTrace(b, benchRows)
	for b.Loop() {
		writeTrace(b, tr)
	}
	rate(b)
}

func rate(b *testing.B) {
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

// A loaded trace may take 40 bytes a request.
func TestLoadedTraceIsSmall(t *testing.T) {
	tr := usualTrace(t, 300_000)
	path := writeTrace(t, tr)
	tr = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&before)
	got, err := Load(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	perRow := float64(int64(after.HeapAlloc)-int64(before.HeapAlloc)) / float64(got.Len())
	t.Logf("%.1f bytes a request", perRow)
	if perRow > 40 {
		t.Errorf("%.1f bytes a request", perRow)
	}
	runtime.KeepAlive(got)
}
