package experiments

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"shadowpool/forecast"
)

// BacktestOptions are what all forecasters of a backtest have in common.
type BacktestOptions struct {
	Horizons []time.Duration
	// From is where judging begins, seconds since the epoch.
	From     float64
	Zone     *time.Location
	Holidays []int64
	// Progress is as in Options, of intervals.
	Progress func(done, total int64)
}

const (
	// mostOrigins bounds how many forecasts are judged at a horizon: they are
	// as far apart as the horizon, or as makes so many.
	mostOrigins = 4000
	// mostApart, in seconds, keeps long horizons from always beginning at the
	// same hour of the day.
	mostApart = 5 * 3600
)

// A Backtester lets forecasters see counts as they come and judges what they
// forecast from rolling origins (Tashman 2000).
type Backtester struct {
	counts *Counts
	opt    BacktestOptions
	done   atomic.Int64
	total  atomic.Int64
}

// NewBacktester checks that the horizons are whole intervals that fit in.
func NewBacktester(c *Counts, opt BacktestOptions) (*Backtester, error) {
	last := c.Ends[len(c.Ends)-1]
	for _, h := range opt.Horizons {
		steps := h.Seconds() / c.Step
		switch {
		case steps < 1 || math.Abs(steps-math.Round(steps)) > 1e-9:
			return nil, fmt.Errorf("horizon %v is not a whole multiple of the interval of %s, %v", h, c.Name, time.Duration(c.Step*1e9))
		case max(opt.From, c.Start)+h.Seconds() > last:
			return nil, fmt.Errorf("horizon %v reaches beyond the end of %s from the first judged instant on", h, c.Name)
		}
	}
	c.upTo(last) // the sums, before several goroutines want them
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	return &Backtester{counts: c, opt: opt}, nil
}

// Run judges every forecaster at every horizon; scores are by horizon, then in
// the order of the families.
func (b *Backtester) Run(ctx context.Context, families []forecast.Family) ([]ForecastScore, error) {
	scores := make([]ForecastScore, len(families)*len(b.opt.Horizons))
	b.total.Add(int64(len(scores) * len(b.counts.Ends)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, h := range b.opt.Horizons {
		for j, family := range families {
			group.Go(func() error {
				s, err := b.judge(ctx, family, h)
				scores[i*len(families)+j] = s
				return err
			})
		}
	}
	return scores, group.Wait()
}

// setup is what a forecaster is made for.
func (b *Backtester) setup(h time.Duration) forecast.Setup {
	return forecast.Setup{
		Start: b.counts.Start, Step: b.counts.Step, Lead: h.Seconds(),
		Zone: newLocalClock(b.opt.Zone), Holidays: b.opt.Holidays,
	}
}

// judge runs one forecaster, made for one horizon.
func (b *Backtester) judge(ctx context.Context, family forecast.Family, h time.Duration) (ForecastScore, error) {
	var s scorer
	f := family.New(b.setup(h))
	o := b.origins(h)
	i := 0
	var took time.Duration
	err := b.each(ctx, func(t float64) {
		start := time.Now()
		f.Observe(t, float64(b.counts.N[i]))
		took += time.Since(start)
		i++
		if o.next(t) {
			s.add(f.Forecast(0, o.horizon), b.counts.came(t, o.horizon), o.naive(b.counts, t))
		}
	})
	r := s.score()
	r.Forecaster, r.HorizonS, r.Update = family.Name, h.Seconds(), took/time.Duration(max(i, 1))
	return r, err
}

// each calls do at the end of every interval.
func (b *Backtester) each(ctx context.Context, do func(t float64)) error {
	const often = 1 << 14
	for i, t := range b.counts.Ends {
		do(t)
		if (i+1)%often == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if done := b.done.Add(often); b.opt.Progress != nil {
				b.opt.Progress(done, b.total.Load())
			}
		}
	}
	return nil
}

// origins chooses the instants from which is forecast.
type origins struct {
	horizon, due, spacing float64
	start, end            float64 // of the counts, and the last origin
	season                float64
	zone                  *localClock
}

func (b *Backtester) origins(h time.Duration) *origins {
	last := b.counts.Ends[len(b.counts.Ends)-1]
	from := max(b.opt.From, b.counts.Start)
	return &origins{
		horizon: h.Seconds(), due: from, spacing: max(min(h.Seconds(), mostApart), (last-from)/mostOrigins),
		start: b.counts.Start, end: last - h.Seconds() + 1e-6,
		season: seasonOf(last - b.counts.Start), zone: newLocalClock(b.opt.Zone),
	}
}

// seasonOf is the season of the naive forecast: a week where there are three
// at least, or else a day.
func seasonOf(span float64) float64 {
	if span >= 21*86400 {
		return 7 * 86400
	}
	return 86400
}

// next says whether the end of an interval is an origin.
func (o *origins) next(t float64) bool {
	if t < o.due || t > o.end {
		return false
	}
	for o.due <= t {
		o.due += o.spacing
	}
	return true
}

// naive is what seasonal naive forecasts at t: what came over the horizon from
// the same local time one season ago.
func (o *origins) naive(c *Counts, t float64) float64 {
	ago := t - o.season
	ago += (o.zone.Local(t) - t) - (o.zone.Local(ago) - ago)
	return c.came(max(ago, o.start), o.horizon)
}

// localClock reads the local time of a zone.
type localClock struct {
	zone     *time.Location
	from, to float64 // where the offset holds
	offset   float64
}

func newLocalClock(zone *time.Location) *localClock { return &localClock{zone: zone, from: 1} }

// Local implements forecast.Zone.
func (c *localClock) Local(t float64) float64 {
	if t < c.from || t >= c.to {
		at := time.Unix(int64(math.Floor(t)), 0).In(c.zone)
		_, seconds := at.Zone()
		start, end := at.ZoneBounds()
		c.from, c.to, c.offset = math.Inf(-1), math.Inf(1), float64(seconds)
		if !start.IsZero() {
			c.from = float64(start.Unix())
		}
		if !end.IsZero() {
			c.to = float64(end.Unix())
		}
	}
	return t + c.offset
}
