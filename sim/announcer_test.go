package sim

import (
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"shadowpool/policy"
	"shadowpool/trace"
)

// announcedBefore makes every request of a trace known so long ahead.
func announcedBefore(src *trace.Trace, notice time.Duration) *trace.Trace {
	for _, t := range src.Arrival {
		src.Announced = append(src.Announced, t-int64(notice))
	}
	return src
}

// ordering is base-stock with a constant level, where what was announced counts
// as if it had come: an order is placed at the announcement.
type ordering struct {
	*policy.Static
	level, announced int32
}

func (o *ordering) Traits() policy.Traits { return policy.Traits{Arrivals: true} }

func (o *ordering) Start(policy.Time, policy.PoolID) policy.Level { return policy.Hold(o.level) }

func (o *ordering) Arrive(_ policy.Time, r policy.Request, _ policy.Stock) policy.Level {
	if r.Hint != 0 {
		o.announced--
	}
	return policy.Hold(o.level + o.announced)
}

func (o *ordering) Announced(policy.Time, policy.Hint) bool { o.announced++; return true }

func (o *ordering) Withdrawn(policy.Time, policy.HintID) (policy.PoolID, bool) { return 0, false }

func (o *ordering) NextLook() policy.Time { return policy.Never }

func (o *ordering) Look(policy.Time) (policy.PoolID, bool) { return 0, false }

func (o *ordering) Revise(policy.Time, policy.PoolID, policy.Stock) policy.Level {
	return policy.Hold(o.level + o.announced)
}

// Poisson demand that is announced D ahead, under a constant level: what is
// short at an arrival is what was announced between L and D before it. So the
// hit rate and the wait are as with a lead time of L - D and no announcements
// (Hariharan and Zipkin 1995).
func TestNoticeShortensTheLeadTime(t *testing.T) {
	const rate, level, lead, notice = 0.5, 4, 10, 4
	short := distuv.Poisson{Lambda: rate * (lead - notice)}
	hits, wait := short.CDF(level-1), 0.0
	for n := level + 1; n < 60; n++ {
		wait += float64(n-level) * short.Prob(float64(n))
	}
	var got, waits, orders float64
	for seed := range uint64(replications) {
		src := announcedBefore(poissonArrivals(seed, 4000, rate, exponential(time.Second)), notice*time.Second)
		r, err := Run(src, oneCategory(false, Constant(lead*time.Second)), &ordering{level: level}, Options{MeasureFrom: src.Arrival[100]})
		if err != nil {
			t.Fatal(err)
		}
		got += r.HitRate / replications
		waits += r.WaitS.Mean / replications
		orders += r.LaunchesPerReq / replications
	}
	// 80,000 requests, those of one lead time correlated: three standard errors.
	if math.Abs(got-hits) > 0.012 || math.Abs(waits-wait/rate) > 0.05 || math.Abs(orders-1) > 0.01 {
		t.Errorf("hit rate %.4f, mean wait %.3f s, %.4f launches a request; want %.4f, %.3f s, 1", got, waits, orders, hits, wait/rate)
	}
}

// Requests that the trace announces early enough hit, and waste nothing; each
// that it announces late waits for what is missing of the lead time. The first
// launch is before the measured span.
func TestAdaptiveMeetsWhatTheTraceAnnounces(t *testing.T) {
	src := requests([2]int64{1003, 5}, [2]int64{5007, 5}, [2]int64{5007, 5}, [2]int64{90011, 5})
	src.Announced = []int64{100e9, trace.NoTime + 1, 4000e9, 89961e9}
	fleet := oneCategory(false, Constant(120*time.Second))
	r, err := Run(src, fleet, build(t, "adaptive:hit_rate=0.95", fleet), Options{StartAt: 1e9})
	if err != nil {
		t.Fatal(err)
	}
	if r.Hits != 3 || r.PartialHits != 1 || math.Abs(r.WaitS.Max-70) > 0.01 || r.Launches != 3 || r.InstanceS.Waste != 0 {
		t.Errorf("%d hits and %d partial hits, waits up to %g s, %d launches, %g s wasted", r.Hits, r.PartialHits, r.WaitS.Max, r.Launches, r.InstanceS.Waste)
	}
	r, err = Run(src, fleet, build(t, "adaptive:hit_rate=0.95", fleet), Options{StartAt: 1e9, Hints: Hints{None: true}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Hits != 0 {
		t.Errorf("%d hits without announcements", r.Hits)
	}
}

// drawn lists what is announced of a trace, in the order in which it is.
func drawn(t *testing.T, src trace.Source, hints string, seed uint64) []announcement {
	t.Helper()
	h, err := ParseHints(hints)
	if err != nil {
		t.Fatal(err)
	}
	a := newAnnouncer(src, (&Fleet{Categories: make([]Category, 1), Pooled: true}).routes(trace.Strings{}), Options{Hints: h, Seed: seed})
	defer a.stop()
	var all []announcement
	for {
		x, ok, err := a.due(forever - int64(2*MostNotice))
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return all
		}
		all = append(all, x)
	}
}

// Of hints that are drawn, shares are as asked for, windows are as wide as asked
// for and have the arrival anywhere in them, and come the notice before.
func TestDrawnHints(t *testing.T) {
	const n = 200_000
	src := poissonArrivals(1, n, 0.1, exponential(time.Second))
	all := drawn(t, src, "share=0.3,notice=10m,jitter=2m,false=0.25", 5)
	at := -forever
	came, never, offset := 0.0, 0.0, 0.0
	for _, a := range all {
		h := a.hint
		if a.at < at || h.To-h.From != int64(4*time.Minute) || h.From-a.at != int64(8*time.Minute) || h.Probability != 1 || h.Count != 1 {
			t.Fatalf("%+v after %d", a, at)
		}
		at = a.at
		if h.ID < 0 {
			never++
			continue
		}
		came++
		arrival := src.Arrival[h.ID-1]
		if arrival < h.From || arrival > h.To {
			t.Fatalf("%+v does not have the arrival at %d", h, arrival)
		}
		offset += float64(arrival-h.From) / float64(h.To-h.From)
	}
	if math.Abs(came/n-0.3) > 0.005 || math.Abs(never/(came+never)-0.25) > 0.005 || math.Abs(offset/came-0.5) > 0.01 {
		t.Errorf("share %g, false %g, arrivals at %g of their windows", came/n, never/(came+never), offset/came)
	}
	again := drawn(t, src, "share=0.3,notice=10m,jitter=2m,false=0.25", 5)
	if !slices.Equal(all, again) {
		t.Error("the same seed draws other hints")
	}
	if slices.Equal(all, drawn(t, src, "share=0.3,notice=10m,jitter=2m,false=0.25", 6)) {
		t.Error("two seeds draw alike")
	}
}

// long is a trace of many chunks that exists only as it is read.
type long struct{ chunks int }

func (l long) Summary() trace.Summary {
	return trace.Summary{Name: "long", Rows: int64(l.chunks) * trace.ChunkRows, First: 1e18, Last: l.at(l.chunks*trace.ChunkRows - 1)}
}

// at is the arrival of a row: one a second.
func (l long) at(row int) int64 { return 1e18 + int64(row)*1e9 }

func (l long) Chunks() iter.Seq2[*trace.Chunk, error] {
	return func(yield func(*trace.Chunk, error) bool) {
		for n := range l.chunks {
			c := &trace.Chunk{First: int64(n) * trace.ChunkRows}
			for i := range trace.ChunkRows {
				t := l.at(n*trace.ChunkRows + i)
				c.Arrival = append(c.Arrival, t)
				c.Duration = append(c.Duration, 0)
				c.Announced = append(c.Announced, t-int64(30*24*time.Hour))
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

// A trace that is streamed is read ahead by a day and a chunk, however long
// before its requests are announced.
func TestAnnouncerIsBounded(t *testing.T) {
	src := long{chunks: 12}
	a := newAnnouncer(src, (&Fleet{Categories: make([]Category, 1), Pooled: true}).routes(trace.Strings{}), Options{})
	defer a.stop()
	seen := 0
	for row := 0; row < 12*trace.ChunkRows; row += 60 {
		for {
			x, ok, err := a.due(src.at(row))
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			if x.at != src.at(seen)-int64(MostNotice) || x.hint.From != src.at(seen) || x.hint.To != x.hint.From {
				t.Fatalf("request %d is announced as %+v", seen, x)
			}
			seen++
		}
		if most := 86400 + 2*trace.ChunkRows; len(a.pending) > most {
			t.Fatalf("%d announcements are kept, more than %d", len(a.pending), most)
		}
	}
	if seen != 12*trace.ChunkRows {
		t.Errorf("%d announcements of %d", seen, 12*trace.ChunkRows)
	}
}

func TestParseHints(t *testing.T) {
	for text, want := range map[string]Hints{
		"": {}, "none": {None: true},
		"share=0.1,notice=10m,jitter=2m,false=0.2": {Share: 0.1, Notice: 10 * time.Minute, Jitter: 2 * time.Minute, False: 0.2},
		"share=1,notice=30s":                       {Share: 1, Notice: 30 * time.Second},
	} {
		got, err := ParseHints(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if again, err := ParseHints(got.String()); err != nil || again != got {
			t.Errorf("%q is written as %q", text, got)
		}
	}
	for text, want := range map[string]string{
		"notice=1m": "share=0", "share=2,notice=1m": "share=2", "share=0.1": "notice=0s", "share=0.1,notice=25h": "notice=25h",
		"share=0.1,notice=1m,jitter=2m": "jitter=2m", "share=0.1,notice=1m,false=1": "false=1", "share=x": "share", "colour=red": "colour",
		"share=NaN,notice=1m": "share=NaN",
	} {
		if _, err := ParseHints(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// On demand that comes in crowds, true hints save waste at the same hit rate,
// and hints of which nine in ten are false cost next to nothing.
func TestHintsSaveWaste(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	src := &trace.Trace{Name: "crowds"}
	at := 1.7e18
	for len(src.Arrival) < 20000 {
		at += rng.ExpFloat64() * 600e9
		for next := at; rng.Float64() > 0.05; next += rng.ExpFloat64() * 20e9 {
			src.Arrival = append(src.Arrival, int64(next))
			src.Duration = append(src.Duration, 1e9)
		}
	}
	slices.Sort(src.Arrival)
	fleet := oneCategory(false, Constant(120*time.Second))
	run := func(hints string) *Result {
		h, err := ParseHints(hints)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(src, fleet, build(t, "adaptive:hit_rate=0.95", fleet), Options{Hints: h, MeasureFrom: src.Arrival[5000]})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%q: hit rate %.4f, waste %.1f h", hints, r.HitRate, r.InstanceS.Waste/3600)
		return r
	}
	none := run("none")
	for hints, most := range map[string]float64{
		"share=0.5,notice=10m":                     0.7,
		"share=0.5,notice=10m,jitter=2m,false=0.2": 0.8,
		"share=0.1,notice=10m,jitter=2m,false=0.9": 1.05,
	} {
		r := run(hints)
		if math.Abs(r.HitRate-none.HitRate) > 0.005 || r.InstanceS.Waste > most*none.InstanceS.Waste {
			t.Errorf("%s: hit rate %.4f, %.2f of the waste without at %.4f", hints, r.HitRate, r.InstanceS.Waste/none.InstanceS.Waste, none.HitRate)
		}
	}
}
