package policy

import (
	"fmt"
	"math"
	"time"
)

// HybridHistogram is the keep-alive policy of Shahrad et al., "Serverless in
// the Wild" (USENIX ATC 2020). Each category has a histogram of its idle times
// in bins of a minute. After its last use an instance is ended at once; one is
// warm again from the pre-warm window (the 5th percentile, rounded down, less
// 10 %) until the keep-alive window (the 99th percentile, rounded up, and 10 %)
// is over. A pre-warm window of 0 keeps the instance instead. Where the
// histogram tells nothing (the coefficient of variation of its bins is below
// 2, or it is new) an instance is kept for the whole range. Where most idle
// times are beyond the range, the next one is forecast and pre-warmed for with
// 15 % to either side.
//
// What the paper leaves open: a histogram is new below 10 idle times. The
// forecast is ARIMA(1,0,0), fitted by least squares on all idle times so far
// (the paper searches for an order each time), and is only used where at least
// half of the forecasts so far came true within their margins: elsewhere it
// ends instances that the histogram would have kept, and pays for others in
// vain. With several instances at once
// idle times are those of idleTimes, one instance is pre-warmed, and each is
// kept on from its own release; the time of the pool's last use counts for
// pre-warming. It launches a lead time ahead of the window.
type HybridHistogram struct {
	Pools []histogramPool
	bins  int
	leads []int64
	wide  preload // the whole range
}

type histogramPool struct {
	Idle    idleTimes
	Used    Time // last
	Counts  []int32
	Within  int64 // the sum of Counts
	Squares int64 // the sum of their squares
	Beyond  int64 // idle times beyond the range
	Next    autoregression
	Right   int64 // forecasts that came true within the margin
	Preload preload
}

const (
	bin              = int64(time.Minute)
	fewestIdleTimes  = 10
	histogramLow     = 0.05
	histogramHigh    = 0.99
	histogramMargin  = 0.1
	forecastMargin   = 0.15
	leastVariation   = 2
	longestHistogram = 30 * 24 * 60 // bins
)

// Traits implements Sizer.
func (h *HybridHistogram) Traits() Traits {
	return Traits{Arrivals: true, Ticks: true, Idle: KeepForAge, ByPool: true}
}

// State implements Stateful.
func (h *HybridHistogram) State() any { return &h.Pools }

// Start implements Sizer.
func (h *HybridHistogram) Start(t Time, p PoolID) Level {
	h.Pools[p] = histogramPool{Used: t, Preload: preload{Keep: h.wide.Keep}}
	return Level{Keep: h.wide.Keep}
}

// Arrive implements Sizer.
func (h *HybridHistogram) Arrive(t Time, r Request, _ Stock) Level {
	p := &h.Pools[r.Pool]
	if idle, ok := p.Idle.arrive(t); ok {
		p.note(idle, h.bins)
		p.Preload = h.plan(p)
	}
	p.Used = t
	return Level{Keep: p.Preload.Keep} // what was pre-warmed has come to use
}

// Release implements ReleaseSizer.
func (h *HybridHistogram) Release(t Time, id PoolID, _ int64, _ Stock) Level {
	p := &h.Pools[id]
	p.Idle.release(t)
	p.Used = t
	return Level{Keep: p.Preload.Keep}
}

// Tick implements Sizer. While instances are in use, none is pre-warmed.
func (h *HybridHistogram) Tick(t Time, id PoolID, s Stock) (Level, Time) {
	p := &h.Pools[id]
	if s.InUse+s.Waiting > 0 {
		return Level{Keep: p.Preload.Keep}, Never
	}
	return p.Preload.at(t, p.Used, h.leads[id])
}

// note takes in an idle time.
func (p *histogramPool) note(idle int64, bins int) {
	if p.Counts == nil {
		p.Counts = make([]int32, bins)
	}
	hours := float64(idle) / float64(hour)
	if ahead := p.Next.forecast(); math.Abs(hours-ahead) <= forecastMargin*ahead {
		p.Right++
	}
	p.Next.note(hours)
	i := idle / bin
	if i >= int64(len(p.Counts)) {
		p.Beyond++
		return
	}
	p.Squares += int64(2*p.Counts[i] + 1)
	p.Counts[i]++
	p.Within++
}

// plan chooses the windows by what is known of the idle times.
func (h *HybridHistogram) plan(p *histogramPool) preload {
	switch n := p.Within + p.Beyond; {
	case n < fewestIdleTimes:
		return h.wide
	case p.Beyond > n/2 && p.forecasts():
		ahead := p.Next.forecast() * float64(hour)
		return preloadBetween((1-forecastMargin)*ahead, (1+forecastMargin)*ahead)
	case p.Beyond > n/2 || !p.representative():
		return h.wide
	}
	low := float64(p.quantile(histogramLow)*bin) * (1 - histogramMargin)
	high := float64((p.quantile(histogramHigh)+1)*bin) * (1 + histogramMargin)
	return preloadBetween(low, high)
}

// forecasts says whether at least half of the forecasts so far came true.
func (p *histogramPool) forecasts() bool { return 2*p.Right >= p.Within+p.Beyond }

// representative says whether the coefficient of variation of the bins' counts
// is at least 2.
func (p *histogramPool) representative() bool {
	// With n bins, sum s and sum of squares q it is sqrt(n q - s^2) / s.
	n, s, q := float64(len(p.Counts)), float64(p.Within), float64(p.Squares)
	return float64(n*q)-float64(s*s) >= leastVariation*leastVariation*float64(s*s)
}

// quantile is the bin that holds the given share of the idle times within the
// range.
func (p *histogramPool) quantile(share float64) int64 {
	rank := max(int64(math.Ceil(share*float64(p.Within))), 1)
	for i, n := range p.Counts {
		if rank -= int64(n); rank <= 0 {
			return int64(i)
		}
	}
	return int64(len(p.Counts)) - 1
}

// preloadBetween keeps an instance if the window begins at once, and else has
// one from low to high ns after the last use.
func preloadBetween(low, high float64) preload {
	from, to := int64(low), int64(min(high, float64(maxSpan)))
	if from == 0 {
		return preload{Keep: to}
	}
	return preload{Windows: [preloadWindows]preloadWindow{{from, to}}, N: 1}
}

var _ = register(&Family{
	Name:    "hybrid-histogram",
	Summary: "keeps and pre-warms by each category's histogram of idle times",
	Knob:    "range",
	Params: []Param{
		{Name: "range", Kind: Span, Default: "4h", Help: "of the histogram, and how long an instance is kept where it tells nothing"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		h := &HybridHistogram{Pools: make([]histogramPool, len(f.Categories)), wide: preload{Keep: int64(v.Span("range"))}}
		h.bins = int(max((h.wide.Keep+bin-1)/bin, 1))
		if h.bins > longestHistogram {
			return nil, fmt.Errorf("policy hybrid-histogram: range=%v; give at most %v", v.Span("range"), longestHistogram*time.Minute)
		}
		for _, k := range f.Categories {
			h.leads = append(h.leads, int64(k.LeadTime))
		}
		return h, nil
	},
})
