package sim

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

var benchRequests = flag.Int("requests", 1_000_000, "requests that BenchmarkReplay replays")

// poissonTrace has n Poisson arrivals and exponential durations such that on
// average busy instances are in use, spread evenly over the categories.
func poissonTrace(n int, busy float64, categories int) *trace.Trace {
	rng := rand.New(rand.NewPCG(1, 2))
	t := &trace.Trace{Name: "poisson"}
	t.Arrival = make([]int64, n)
	t.Duration = make([]int64, n)
	const mean = float64(100 * time.Second)
	gap := mean / busy
	at := 1.7e18
	for i := range n {
		at += rng.ExpFloat64() * gap
		t.Arrival[i] = int64(at)
		t.Duration[i] = int64(rng.ExpFloat64() * mean)
	}
	t.Strings.Category = []string{""}
	if categories > 1 {
		t.Category = make([]uint32, n)
		for i := range categories {
			t.Strings.Category = append(t.Strings.Category, fmt.Sprint("c", i))
		}
		for i := range t.Category {
			t.Category[i] = uint32(1 + rng.IntN(categories))
		}
	}
	return t
}

// bareLoop only merges the sorted arrivals with departures, in a bucket wheel
// that is tuned to the trace, and takes instances from and gives them back to
// a stack: the least that any replay must do.
func bareLoop(t *trace.Trace, gap int64) (launched int) {
	const buckets = 1 << 20
	type departure struct {
		time int64
		slot uint32
		next uint32 // 1 + row, 0 ends
	}
	heads := make([]uint32, buckets)
	var rows []departure // by slot
	var idle []uint32
	shift := 0
	for 1<<(shift+1) <= gap {
		shift++
	}
	now := t.Arrival[0] >> shift
	for i, at := range t.Arrival {
		for ; now <= at>>shift; now++ {
			link := &heads[now&(buckets-1)]
			for *link != 0 {
				row := &rows[*link-1]
				if row.time > at { // later in this bucket, or a turn of the wheel ahead
					link = &row.next
					continue
				}
				idle = append(idle, row.slot)
				*link = row.next
			}
			if now == at>>shift {
				break
			}
		}
		var slot uint32
		if n := len(idle); n > 0 {
			slot, idle = idle[n-1], idle[:n-1]
		} else {
			slot = uint32(launched)
			launched++
			rows = append(rows, departure{})
		}
		end := at + t.Duration[i]
		bucket := &heads[end>>shift&(buckets-1)]
		rows[slot] = departure{end, slot, *bucket}
		*bucket = slot + 1
	}
	return launched
}

// BenchmarkReplay replays Poisson requests with every metric on, beside the
// bare loop on the same trace; "ratio" is the share of the bare loop's speed.
//
//	go test ./sim -run - -bench Replay -benchtime 1x -requests 20000000
func BenchmarkReplay(b *testing.B) {
	n := *benchRequests
	for _, c := range []struct {
		busy       float64
		categories int
	}{{2, 1}, {2000, 1}, {200000, 1}, {2000, 100000}} {
		t := poissonTrace(n, c.busy, c.categories)
		for _, policyName := range []string{"static", "static+log", "keepalive", "adaptive"} {
			if policyName == "adaptive" && c.categories > 1 {
				continue
			}
			b.Run(fmt.Sprintf("busy=%g/categories=%d/%s", c.busy, c.categories, policyName), func(b *testing.B) {
				reusable := policyName == "keepalive"
				template := Category{Category: policy.Category{Reusable: reusable}, Lead: Constant(10 * time.Second), Price: 1}
				fleet, err := FleetOf(t, template, false)
				if err != nil {
					b.Fatal(err)
				}
				var bare, full time.Duration
				b.ReportAllocs()
				for b.Loop() {
					start := time.Now()
					bareLoop(t, int64(float64(100*time.Second)/c.busy))
					bare += time.Since(start)
					var sizer policy.Sizer = policy.NewKeepAlive(10 * time.Minute)
					if !reusable {
						levels := make([]int32, len(fleet.Categories))
						for i := range levels {
							levels[i] = int32(c.busy*0.1/float64(c.categories)*1.2) + 1
						}
						sizer = policy.NewStatic(levels)
					}
					if policyName == "adaptive" {
						sizer, err = policy.Build(policy.Spec{Name: "adaptive"}, policy.Fleet{Config: fleet.PolicyConfig()})
						if err != nil {
							b.Fatal(err)
						}
					}
					var opt Options
					if policyName == "static+log" {
						opt.Log = policy.NewLog(nil)
					}
					start = time.Now()
					r, err := Run(t, fleet, sizer, opt)
					if err != nil {
						b.Fatal(err)
					}
					full += time.Since(start)
					if r.Requests != int64(n) {
						b.Fatalf("%d requests of %d", r.Requests, n)
					}
				}
				rate := func(d time.Duration) float64 { return float64(n) * float64(b.N) / d.Seconds() / 1e6 }
				b.ReportMetric(rate(full), "Mreq/s")
				b.ReportMetric(rate(bare), "bare_Mreq/s")
				b.ReportMetric(rate(full)/rate(bare), "ratio")
			})
		}
	}
}

// BenchmarkAdaptive replays the built-in workload under adaptive, whose forecast
// costs more than the replay.
func BenchmarkAdaptive(b *testing.B) {
	w, err := trace.Preset("platform")
	if err != nil {
		b.Fatal(err)
	}
	src, err := w.Generate(1)
	if err != nil {
		b.Fatal(err)
	}
	fleet, err := FleetOf(src, Category{Lead: Constant(120 * time.Second), Price: 1}, false)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := policy.Build(policy.Spec{Name: "adaptive"}, policy.Fleet{Config: fleet.PolicyConfig()})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Run(src, fleet, s, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkForecasting replays 100,000 categories, 2,000 instances in use, under
// policies that forecast each of them: the time that a tick's round of 15 s
// takes of one core, and the memory that the policy holds in the end.
//
//	go test ./sim -run - -bench Forecasting -benchtime 1x -requests 200000
func BenchmarkForecasting(b *testing.B) {
	n := *benchRequests
	t := poissonTrace(n, 2000, 100_000)
	fleet, err := FleetOf(t, Category{Lead: Constant(120 * time.Second), Price: 1}, false)
	if err != nil {
		b.Fatal(err)
	}
	rounds := float64(t.Arrival[n-1]-t.Arrival[0]) / 15e9
	for _, name := range []string{"adaptive", "fourier", "nhpp"} {
		b.Run(name, func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				s, err := policy.Build(policy.Spec{Name: name}, policy.Fleet{Config: fleet.PolicyConfig()})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Run(t, fleet, s, Options{}); err != nil {
					b.Fatal(err)
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(s)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "req/s")
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/rounds, "s/round")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
		})
	}
}
