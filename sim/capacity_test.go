package sim

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/trace"
)

// onSpot is a fleet of one category whose shadows are on spot.
func onSpot(lead LeadTime, change func(*Category)) Fleet {
	k := Category{
		Category: policy.Category{Spot: &policy.SpotTerms{Price: 0.3}},
		Lead:     lead, Price: 1, Market: &Market{Notice: 2 * time.Minute},
	}
	if change != nil {
		change(&k)
	}
	return Fleet{Categories: []Category{k}}
}

// span is a trace with a request at the beginning and one at the end.
func span(length int64) *trace.Trace { return requests([2]int64{0, 0}, [2]int64{length, 0}) }

// z999 bounds a 99.9 % interval.
const z999 = 3.29

// Interruptions are Poisson over the exposure: instances are replaced at their
// notice, so that all the time of the stock counts.
func TestInterruptionsPerExposure(t *testing.T) {
	const hours, stock = 240, 50
	daily := func(k *Category) {
		for h := range 24 {
			k.Market.Interruptions[h] = 0.05 * float64(h%4)
		}
	}
	for name, c := range map[string]struct {
		change func(*Category)
		want   float64 // an instance-hour
	}{
		"constant": {func(k *Category) {
			for h := range 24 {
				k.Market.Interruptions[h] = 0.2
			}
		}, 0.2},
		"by hour of day": {daily, 0.05 * 1.5},
	} {
		r := runSpec(t, span(hours*3600), onSpot(Constant(time.Minute), c.change), "static:level=50", Options{Seed: 3})
		exposure := (r.InstanceS.Launching + r.InstanceS.Idle) / 3600
		if math.Abs(exposure/(hours*stock)-1) > 0.001 {
			t.Fatalf("%s: %.0f instance-hours", name, exposure)
		}
		want := c.want * exposure
		if math.Abs(float64(r.Interruptions)-want) > z999*math.Sqrt(want) {
			t.Errorf("%s: %d interruptions in %.0f instance-hours, want %.0f", name, r.Interruptions, exposure, want)
		}
	}
	// At the hours without a hazard nothing happens.
	m := newMarket(onSpot(Constant(0), daily).Categories[0].Market, "", nil, 1)
	for range 10_000 {
		if at := m.notice(0); time.Unix(0, at).UTC().Hour()%4 == 0 {
			t.Fatalf("a notice at %v", time.Unix(0, at).UTC())
		}
	}
}

// The share of the time at which launches are refused is as configured, and
// it comes in episodes.
func TestRefusals(t *testing.T) {
	var of Market
	for h := range of.Refused {
		of.Refused[h] = 0.2
	}
	m := newMarket(&of, "a", nil, 1)
	const apart = int64(2 * time.Hour) // independent
	n, refused, again := 20_000, 0, 0
	for i := range n {
		if m.refuses(int64(i) * apart) {
			refused++
			if m.refuses(int64(i)*apart + int64(scarcityStretch*time.Minute)) {
				again++
			}
		}
	}
	want := 0.2 * float64(n)
	if math.Abs(float64(refused)-want) > z999*math.Sqrt(want*0.8) {
		t.Errorf("%d of %d are refused, want %.0f", refused, n, want)
	}
	if share := float64(again) / float64(refused); share < 0.6 {
		t.Errorf("a step later still %.2f of them are: no episodes", share)
	}
	other := newMarket(&of, "a", nil, 1)
	if other.refuses(77*apart) != m.refuses(77*apart) {
		t.Error("it depends on what was asked before")
	}
}

// A request that is interrupted is served again from its beginning, however
// often it takes.
func TestInterruptedRequests(t *testing.T) {
	var pairs [][2]int64
	total := 0.0
	for i := range int64(300) {
		d := 600 + 60*(i%50)
		pairs = append(pairs, [2]int64{400 * i, d})
		total += float64(d)
	}
	pairs = append(pairs, [2]int64{1_000_000, 0})
	for _, notice := range []time.Duration{0, 2 * time.Minute} {
		fleet := onSpot(Constant(90*time.Second), func(k *Category) {
			k.Market.Notice = notice
			for h := range 24 {
				k.Market.Interruptions[h] = 0.7
			}
		})
		r := runSpec(t, requests(pairs...), fleet, "static:level=2", Options{Seed: 1})
		if r.InterruptedRequests < 30 || r.Interruptions < r.InterruptedRequests {
			t.Errorf("%d interruptions, %d of requests", r.Interruptions, r.InterruptedRequests)
		}
		if got := r.InstanceS.Serving - r.LostWorkS; math.Abs(got-total) > 1e-6 {
			t.Errorf("notice %v: %.3f s of service that was not lost, want %.3f", notice, got, total)
		}
		if r.Requests != 301 {
			t.Errorf("%d requests", r.Requests)
		}
		// With replace, most is moved to standard instances before.
		fleet.Categories[0].Spot.Replace = true
		moved := runSpec(t, requests(pairs...), fleet, "static:level=2", Options{Seed: 1})
		if got := moved.InstanceS.Serving - moved.LostWorkS; math.Abs(got-total) > 1e-6 {
			t.Errorf("replace: %.3f s of service that was not lost, want %.3f", got, total)
		}
		if moved.InterruptedRequests*4 > r.InterruptedRequests || moved.CostUSD.OnDemand <= r.CostUSD.OnDemand {
			t.Errorf("replace: %d requests interrupted in place of %d", moved.InterruptedRequests, r.InterruptedRequests)
		}
	}
}

// By hand: 1000 s of service begin at 90 s, the notice comes at 500 s with 120 s
// to go. The next launch takes 90 s and serves the whole request again.
func TestOneInterruption(t *testing.T) {
	fleet := onSpot(Constant(90*time.Second), func(k *Category) {
		for h := range 24 {
			k.Market.Interruptions[h] = 1e-9
		}
	})
	r, err := newReplay(requests([2]int64{0, 1000}, [2]int64{5000, 0}), &fleet, policy.NewStatic([]int32{1}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	// The first launch is the pool's, on spot, and serves.
	r.cloud.schedule(500e9, policy.ClassRelease, policy.InstanceID(1<<32), isNoticed, 0)
	if err := r.run(requests([2]int64{0, 1000}, [2]int64{5000, 0})); err != nil {
		t.Fatal(err)
	}
	got := r.result(r.tally())
	if got.Interruptions != 1 || got.InterruptedRequests != 1 || got.LostWorkS != 530 || got.InstanceS.Serving != 1530 {
		t.Errorf("%d interruptions, %v s lost, %v s of service", got.Interruptions, got.LostWorkS, got.InstanceS.Serving)
	}
}

// What spot costs is the integral of its price over the instances that there
// are: two all the time, and a third for the first 100 s.
func TestPriceSeries(t *testing.T) {
	prices, err := NewPrices([]policy.Time{50e9, 1000e9, 4600e9}, []float64{0.36, 0.72, 0.18})
	if err != nil {
		t.Fatal(err)
	}
	fleet := onSpot(Constant(100*time.Second), func(k *Category) { k.Market.Prices = prices })
	r := runSpec(t, span(10_000), fleet, "static:level=2", Options{})
	// Cents: 0.36 $/h is 0.01 cents a second, also before the series begins.
	want := 2*(1000*0.01+3600*0.02+5400*0.005) + 100*0.01
	if math.Abs(100*r.CostUSD.Spot-want) > 1e-6 || r.CostUSD.OnDemand != 0 || r.CostUSD.Total != r.CostUSD.Spot {
		t.Errorf("%.6f cents, want %.6f; %+v", 100*r.CostUSD.Spot, want, r.CostUSD)
	}
	if parts := r.CostUSD.Idle + r.CostUSD.Launching + r.CostUSD.Serving; math.Abs(parts-r.CostUSD.Total) > 1e-9 {
		t.Errorf("%+v does not add up", r.CostUSD)
	}
	late := runSpec(t, span(10_000), fleet, "static:level=2", Options{MeasureFrom: 4600e9})
	if want := 2 * 5400 * 0.005; math.Abs(100*late.CostUSD.Spot-want) > 1e-6 {
		t.Errorf("measured from 4600 s: %.6f cents, want %.6f", 100*late.CostUSD.Spot, want)
	}
	mean := prices.Mean(0, 10_000e9) / 3600
	if math.Abs(mean*10_000*100-(1000*0.01+3600*0.02+5400*0.005)) > 1e-9 {
		t.Errorf("mean price %v", mean)
	}
}

// A request that finds only a stopped instance waits until that has resumed;
// its storage is paid by the hour.
func TestStopped(t *testing.T) {
	fleet := oneCategory(false, Constant(100*time.Second))
	fleet.Categories[0].Stopped = &policy.StoppedTerms{Price: 0.036, Resume: 10e9}
	r := runSpec(t, requests([2]int64{0, 0}, [2]int64{1000, 5}, [2]int64{2000, 0}), fleet, "static:level=0,stopped=1", Options{})
	// The first waits 100 s, and is served by what was to be stopped; what was
	// launched for it is of no use. The others wait 10 s each.
	if r.PartialHits != 2 || r.Misses != 1 || math.Abs(r.WaitS.Mean-40) > 1e-9 {
		t.Errorf("%d partial hits, %d misses, mean wait %v s", r.PartialHits, r.Misses, r.WaitS.Mean)
	}
	// Launched again at 100 s, stopped from 200 to 1000 s; its successor from
	// 1100 to 2000 s.
	if r.InstanceS.Stopped != 1700 || math.Abs(r.CostUSD.Stopped-1700*0.036/3600) > 1e-12 {
		t.Errorf("stopped for %v s, at %v $", r.InstanceS.Stopped, r.CostUSD.Stopped)
	}
	// 3 x 100 s at first, then 100 s of the successor and 10 s of resuming.
	if r.InstanceS.Launching != 410 {
		t.Errorf("%v s of launching", r.InstanceS.Launching)
	}
	if sum := r.CostUSD.OnDemand + r.CostUSD.Stopped; math.Abs(sum-r.CostUSD.Total) > 1e-12 {
		t.Errorf("%+v does not add up", r.CostUSD)
	}
}

// The provider's answers, worked by hand: two tokens, one more every 10 s.
func TestProviderAnswers(t *testing.T) {
	p := provider{Provider: Provider{LaunchesPerSecond: 0.1, Burst: 2, Quota: Quota{Spot: 1}}, tokens: 2}
	p.alive[policy.Spot] = 1
	const throttled, over, yes = int(policy.Throttled), int(policy.OverQuota), -1
	for i, c := range []struct {
		at   int64 // s
		on   policy.Capacity
		want int
	}{
		{0, policy.OnDemand, yes}, {0, policy.Spot, over}, {9, policy.OnDemand, throttled},
		{10, policy.OnDemand, yes}, {40, policy.OnDemand, yes}, {40, policy.OnDemand, yes}, {40, policy.OnDemand, throttled},
	} {
		got := yes
		if refused, why := p.answer(c.at*1e9, c.on); refused {
			got = int(why)
		}
		if got != c.want {
			t.Errorf("order %d: %d, want %d", i, got, c.want)
		}
	}
}

// Limits of the provider hold at every instant, and every request is served.
func TestProviderLimits(t *testing.T) {
	src := poissonArrivals(5, 3000, 0.02, exponential(3*time.Minute))
	for seed := range uint64(4) {
		fleet := onSpot(Constant(50*time.Second), func(k *Category) {
			for h := range 24 {
				k.Market.Interruptions[h], k.Market.Refused[h] = 2, 0.3
			}
		})
		fleet.Provider = Provider{LaunchesPerSecond: 0.05, Burst: 3, Quota: Quota{OnDemand: 6, Spot: 5}, Stragglers: 0.1, Slowdown: 5}
		r := runSpec(t, src, fleet, "static:level=3", Options{Seed: seed})
		if r.Requests != int64(src.Len()) || r.PeakInstances > 11 || r.FailedLaunches == 0 {
			t.Errorf("%d requests served, at most %d instances, %d failed launches", r.Requests, r.PeakInstances, r.FailedLaunches)
		}
		if again := runSpec(t, src, fleet, "static:level=3", Options{Seed: seed}); !cmp.Equal(r, again) {
			t.Errorf("the same run differs:\n%s", cmp.Diff(r, again))
		}
	}
}

// A quota that a pool only finds out costs its requests hardly more than a limit
// that it knows.
func TestQuotaAsGoodAsALimit(t *testing.T) {
	src := poissonArrivals(8, 1000, 0.02, exponential(3*time.Minute))
	fleet := oneCategory(false, Lognormal{Median: 40 * time.Second, P99: 2 * time.Minute, Fail: 0.2})
	fleet.Categories[0].MaxInstances = 8
	known := runSpec(t, src, fleet, "none", Options{Seed: 2})
	fleet.Categories[0].MaxInstances, fleet.Provider.Quota.OnDemand = 0, 8
	met := runSpec(t, src, fleet, "none", Options{Seed: 2})
	if met.WaitS.Mean > 1.1*known.WaitS.Mean {
		t.Errorf("requests wait %.1f s under a quota, %.1f s under a limit", met.WaitS.Mean, known.WaitS.Mean)
	}
}

// A tenth of the launches takes five times as long: by Palm's theorem only the
// mean counts.
func TestStragglers(t *testing.T) {
	src := poissonArrivals(6, 20_000, 0.02, exponential(time.Second))
	slow := oneCategory(false, Constant(100*time.Second))
	slow.Provider = Provider{Stragglers: 0.1, Slowdown: 5}
	even := oneCategory(false, Constant(140*time.Second))
	a := runSpec(t, src, slow, "static:level=4", Options{Seed: 1})
	b := runSpec(t, src, even, "static:level=4", Options{Seed: 1})
	if mean := a.InstanceS.Launching / float64(a.Launches); math.Abs(mean/140-1) > 0.02 {
		t.Errorf("launches take %.1f s in the mean, want 140", mean)
	}
	if math.Abs(a.HitRate-b.HitRate) > 0.02 {
		t.Errorf("hit rates %.3f and %.3f", a.HitRate, b.HitRate)
	}
}

// The fleet's cost never exceeds the budget; all requests are served.
func TestBudgetOfRun(t *testing.T) {
	src := poissonArrivals(7, 2000, 0.05, exponential(2*time.Minute))
	fleet := onSpot(Lognormal{Median: 40 * time.Second, P99: 3 * time.Minute}, nil)
	fleet.Budget = 9
	r := runSpec(t, src, fleet, "static:level=12", Options{Seed: 1})
	if rate := r.CostUSD.Total / (r.SpanS / 3600); r.Requests != 2000 || rate > 9 {
		t.Errorf("%d requests served at %.3f $/h", r.Requests, rate)
	}
	if free := runSpec(t, src, onSpot(Lognormal{Median: 40 * time.Second, P99: 3 * time.Minute}, nil), "static:level=40", Options{Seed: 1}); free.CostUSD.Total/(free.SpanS/3600) < 9 {
		t.Error("the budget does not bind")
	}
}

// What spot costs after the last arrival is not of the measured span: here 50 s
// of service, while another request still waits.
func TestSpotIsClipped(t *testing.T) {
	fleet := onSpot(Constant(100*time.Second), nil)
	r := runSpec(t, requests([2]int64{0, 0}, [2]int64{1000, 50}, [2]int64{1000, 0}), fleet, "static:level=1", Options{})
	if r.Misses != 2 || r.CostUSD.Serving != 0 || r.InstanceS.Serving != 0 {
		t.Errorf("%d misses, %v $ for %v s of service", r.Misses, r.CostUSD.Serving, r.InstanceS.Serving)
	}
}
