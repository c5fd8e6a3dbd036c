package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"shadowpool/policy"
	"shadowpool/trace"
)

// The laws of queueing and inventory theory that a correct simulator obeys,
// each over independent replications: the closed form must lie within the
// 99.9 % confidence interval of the simulated mean (Student's t).

const replications = 20

// poissonArrivals has n requests at rate per second with durations drawn by
// duration.
func poissonArrivals(seed uint64, n int, rate float64, duration func(*rand.Rand) time.Duration) *trace.Trace {
	rng := rand.New(rand.NewPCG(seed, 7))
	t := &trace.Trace{Name: "poisson"}
	at := 1.7e18
	for range n {
		at += rng.ExpFloat64() / rate * 1e9
		t.Arrival = append(t.Arrival, int64(at))
		t.Duration = append(t.Duration, int64(duration(rng)))
	}
	return t
}

func exponential(mean time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(mean)) }
}

// law runs the replications and checks what each measure has to be.
type law struct {
	name     string
	n        int
	rate     float64
	duration func(*rand.Rand) time.Duration
	fleet    Fleet
	sizer    func() policy.Sizer
	warm     bool
	want     map[string]float64
}

var measures = map[string]func(*Result) float64{
	"hit rate":      func(r *Result) float64 { return r.HitRate },
	"mean idle":     func(r *Result) float64 { return r.InstanceS.Idle / r.SpanS },
	"mean in use":   func(r *Result) float64 { return r.InstanceS.Serving / r.SpanS },
	"mean launches": func(r *Result) float64 { return r.InstanceS.Launching / r.SpanS },
	"mean wait":     func(r *Result) float64 { return r.WaitS.Mean },
	"P[wait > 0]":   func(r *Result) float64 { return 1 - r.WaitCurve[0].Share },
	"P[wait > 2 s]": func(r *Result) float64 { return waitsAbove(r, 2) },
	"P[wait > 4 s]": func(r *Result) float64 { return waitsAbove(r, 4) },
	"launches per request": func(r *Result) float64 {
		return r.LaunchesPerReq
	},
}

// waitsAbove interpolates in the histogram, whose buckets are 1 % wide.
func waitsAbove(r *Result, seconds float64) float64 {
	below := r.WaitCurve[0]
	for _, p := range r.WaitCurve[1:] {
		if p.Seconds > seconds {
			return 1 - (below.Share + (p.Share-below.Share)*(seconds-below.Seconds)/(p.Seconds-below.Seconds))
		}
		below = p
	}
	return 0
}

func (l law) check(t *testing.T) {
	t.Helper()
	samples := map[string][]float64{}
	for rep := range uint64(replications) {
		src := poissonArrivals(rep+1, l.n, l.rate, l.duration)
		from := src.Arrival[0] + (src.Arrival[l.n-1]-src.Arrival[0])/10
		r, err := Run(src, l.fleet, l.sizer(), Options{Seed: rep, MeasureFrom: from, StartWarm: l.warm, Timeline: 1})
		if err != nil {
			t.Fatal(err)
		}
		for name := range l.want {
			samples[name] = append(samples[name], measures[name](r))
		}
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: replications - 1}.Quantile(1 - 0.001/2)
	for name, want := range l.want {
		mean, dev := stat.MeanStdDev(samples[name], nil)
		half := student * dev / math.Sqrt(replications)
		if math.Abs(mean-want) > half+1e-9 {
			t.Errorf("%s: %s = %.5f ± %.5f, the law says %.5f", l.name, name, mean, half, want)
		}
		if half > 0.1*math.Abs(want)+0.02 {
			t.Errorf("%s: %s: the interval ± %.5f around %.5f is too wide to tell anything", l.name, name, half, want)
		}
	}
}

func oneCategory(reusable bool, lead LeadTime) Fleet {
	return Fleet{Categories: []Category{{Category: policy.Category{Name: "", Reusable: reusable}, Lead: lead, Price: 1}}}
}

func leadsOfMean(mean time.Duration) map[string]LeadTime {
	// exp(mu + sigma^2/2) = mean; p99/median = 3.
	sigma := math.Log(3) / z99
	median := float64(mean) / math.Exp(sigma*sigma/2)
	samples := []int64{int64(mean) / 5, int64(mean) / 5, int64(mean) / 5, int64(mean) * 17 / 5}
	empirical, err := NewEmpirical("two-point", samples)
	if err != nil {
		panic(err)
	}
	return map[string]LeadTime{
		"constant":  Constant(mean),
		"lognormal": Lognormal{Median: time.Duration(median), P99: time.Duration(3 * median)},
		"empirical": empirical,
	}
}

// Palm: launches in flight are Poisson(l L) whatever the lead time's
// distribution.
func TestBaseStockLateBinding(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		level int32
	}{{0.5, 6}, {0.5, 3}, {2, 25}, {0.02, 1}} {
		const mean = 10 * time.Second
		load := c.rate * mean.Seconds()
		inFlight := distuv.Poisson{Lambda: load}
		idle, backlog := 0.0, 0.0
		for n := range 400 {
			p := inFlight.Prob(float64(n))
			idle += p * math.Max(float64(c.level)-float64(n), 0)
			backlog += p * math.Max(float64(n)-float64(c.level), 0)
		}
		for name, lead := range leadsOfMean(mean) {
			want := map[string]float64{
				"hit rate":             inFlight.CDF(float64(c.level) - 1),
				"mean idle":            idle,
				"mean wait":            backlog / c.rate,
				"mean launches":        load,
				"launches per request": 1,
			}
			if name == "constant" {
				for w, measure := range map[float64]string{2: "P[wait > 2 s]", 4: "P[wait > 4 s]"} {
					want[measure] = 1 - distuv.Poisson{Lambda: c.rate * (mean.Seconds() - w)}.CDF(float64(c.level)-1)
				}
			}
			law{
				name: fmt.Sprintf("late, rate %g, S=%d, %s lead time", c.rate, c.level, name),
				n:    20000, rate: c.rate, duration: exponential(time.Minute), fleet: oneCategory(false, lead),
				sizer: func() policy.Sizer { return policy.NewStatic([]int32{c.level}) }, want: want,
			}.check(t)
		}
	}
}

// erlangB is the share of lost arrivals with c servers and the given load.
func erlangB(c int, load float64) float64 {
	b := 1.0
	for i := 1; i <= c; i++ {
		b = load * b / (float64(i) + load*b)
	}
	return b
}

// A loss system: what is launched for the pool makes up the servers.
func TestBaseStockEarlyBinding(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		level int32
	}{{0.5, 6}, {0.5, 2}, {2, 25}} {
		const mean = 10 * time.Second
		load := c.rate * mean.Seconds()
		blocked := erlangB(int(c.level), load)
		for name, lead := range leadsOfMean(mean) {
			fleet := oneCategory(false, lead)
			fleet.Binding = policy.Early
			law{
				name: fmt.Sprintf("early, rate %g, S=%d, %s lead time", c.rate, c.level, name),
				n:    20000, rate: c.rate, duration: exponential(time.Minute), fleet: fleet,
				sizer: func() policy.Sizer { return policy.NewStatic([]int32{c.level}) },
				want: map[string]float64{
					"hit rate":             1 - blocked,
					"mean idle":            float64(c.level) - load*(1-blocked),
					"launches per request": 1,
				},
			}.check(t)
		}
	}
	// The two bindings at l L = 5, S = 6, as the textbooks print them.
	if b := 1 - erlangB(6, 5); math.Abs(b-0.808) > 0.0005 {
		t.Errorf("early: %.4f, want 0.808", b)
	}
	if h := (distuv.Poisson{Lambda: 5}).CDF(5); math.Abs(h-0.616) > 0.0005 {
		t.Errorf("late: %.4f, want 0.616", h)
	}
}

// With instances for all that never expire, those in use are Poisson with
// mean rate times mean duration, for any duration (M/G/infinity).
func TestInfiniteServers(t *testing.T) {
	for name, duration := range map[string]func(*rand.Rand) time.Duration{
		"exponential": exponential(30 * time.Second),
		"constant":    func(*rand.Rand) time.Duration { return 30 * time.Second },
		"two-point": func(r *rand.Rand) time.Duration {
			if r.IntN(10) == 0 {
				return 255 * time.Second
			}
			return 5 * time.Second
		},
	} {
		law{
			name: "M/G/infinity, " + name, n: 20000, rate: 0.5, duration: duration, fleet: oneCategory(true, Constant(0)),
			sizer: func() policy.Sizer { return policy.NewKeepAlive(1000 * time.Hour) },
			want:  map[string]float64{"mean in use": 15},
		}.check(t)
	}
}

// With at most c instances, exponential durations and a queue: Erlang C.
func TestErlangC(t *testing.T) {
	for _, c := range []struct {
		servers int
		rate    float64
	}{{1, 0.03}, {4, 0.16}, {20, 0.75}} {
		const mean = 20 * time.Second
		load := c.rate * mean.Seconds()
		b := erlangB(c.servers, load)
		waits := b / (1 - load/float64(c.servers)*(1-b))
		fleet := oneCategory(true, Constant(0))
		fleet.Categories[0].MaxInstances = c.servers
		law{
			name: fmt.Sprintf("M/M/%d", c.servers), n: 60000, rate: c.rate, duration: exponential(mean), fleet: fleet,
			sizer: func() policy.Sizer { return policy.NewKeepAlive(10000 * time.Hour) },
			want: map[string]float64{
				"P[wait > 0]": waits,
				"mean wait":   waits / (float64(c.servers)/mean.Seconds() - c.rate),
				"mean in use": load,
			},
		}.check(t)
	}
}

// One instance, keep-alive T, arrivals during service lost: the share of cold
// starts is exp(-l T), exactly, for any duration.
func TestKeepAliveColdFraction(t *testing.T) {
	for _, ttl := range []time.Duration{2 * time.Second, 20 * time.Second, 50 * time.Second} {
		const rate = 0.05
		var cold []float64
		for rep := range uint64(replications) {
			src := poissonArrivals(rep+1, 20000, rate, exponential(15*time.Second))
			kept := &trace.Trace{Name: "thinned"}
			free := int64(0)
			for i, at := range src.Arrival {
				if at >= free {
					kept.Arrival = append(kept.Arrival, at)
					kept.Duration = append(kept.Duration, src.Duration[i])
					free = at + src.Duration[i]
				}
			}
			fleet := oneCategory(true, Constant(0))
			r, err := Run(kept, fleet, policy.NewKeepAlive(ttl), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.PeakInstances != 1 {
				t.Fatalf("%d instances at once", r.PeakInstances)
			}
			cold = append(cold, 1-r.HitRate)
		}
		mean, dev := stat.MeanStdDev(cold, nil)
		half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: replications - 1}.Quantile(0.9995) * dev / math.Sqrt(replications)
		if want := math.Exp(-rate * ttl.Seconds()); math.Abs(mean-want) > half {
			t.Errorf("keep-alive %v: cold %.5f ± %.5f, want %.5f", ttl, mean, half, want)
		}
	}
}
