package experiments

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"shadowpool/forecast"
)

// AttributeScores say what an attribute of requests is worth to a forecaster
// at one horizon: the whole demand forecast as one, or as the sum of its parts;
// and the parts forecast each alone, or as shares of the whole.
type AttributeScores struct {
	Forecaster string        `json:"forecaster"`
	HorizonS   float64       `json:"horizon_s"`
	Whole      ForecastScore `json:"whole"`
	Sum        ForecastScore `json:"sum_of_parts"`
	Alone      ForecastScore `json:"parts_alone"` // all parts' forecasts together
	Shares     ForecastScore `json:"parts_by_share"`
}

// RunParts judges every forecaster on the whole and on the parts of demand.
func (b *Backtester) RunParts(ctx context.Context, families []forecast.Family) ([]AttributeScores, error) {
	scores := make([]AttributeScores, len(families)*len(b.opt.Horizons))
	b.total.Add(int64(len(scores) * len(b.counts.Ends)))
	parts := make([]*Counts, len(b.counts.Parts))
	for i := range parts {
		parts[i] = b.counts.part(i)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, h := range b.opt.Horizons {
		for j, family := range families {
			group.Go(func() error {
				s, err := b.judgeParts(ctx, newPartForecasts(family, b.setup(h), len(parts)), parts, h)
				s.name(family.Name, h.Seconds())
				scores[i*len(families)+j] = s
				return err
			})
		}
	}
	return scores, group.Wait()
}

func (s *AttributeScores) name(forecaster string, horizon float64) {
	s.Forecaster, s.HorizonS = forecaster, horizon
	for _, score := range []*ForecastScore{&s.Whole, &s.Sum, &s.Alone, &s.Shares} {
		score.Forecaster, score.HorizonS = forecaster, horizon
	}
}

// partForecasts are all that is judged of one family. Those of parts are
// observed interval by interval in step.
type partForecasts struct {
	hierarchy *forecast.Hierarchy
	whole     forecast.Forecaster
	alone     []forecast.Forecaster
	sum       forecast.Forecaster
	shares    []forecast.Forecaster
	now       []forecast.PartCount // scratch
}

func newPartForecasts(family forecast.Family, s forecast.Setup, parts int) *partForecasts {
	p := &partForecasts{whole: family.New(s)}
	p.hierarchy = forecast.NewHierarchy(s, p.whole, parts)
	for i := range parts {
		p.alone = append(p.alone, family.New(s))
		p.shares = append(p.shares, forecast.Calibrate(share{p.hierarchy, i}, s))
	}
	p.sum = forecast.Calibrate(sum(p.alone), s)
	return p
}

func (p *partForecasts) observe(t float64, counts []*Counts, i int) {
	p.now = p.now[:0]
	for k, c := range counts {
		if n := float64(c.N[i]); n > 0 {
			p.now = append(p.now, forecast.PartCount{Part: k, N: n})
		}
		p.alone[k].Observe(t, float64(c.N[i]))
	}
	p.hierarchy.Observe(t, p.now)
	all := 0.0
	for k, c := range counts {
		p.shares[k].Observe(t, float64(c.N[i]))
		all += float64(c.N[i])
	}
	p.sum.Observe(t, all)
}

// sum forecasts the sum of what others forecast: its mean, for how far parts
// vary together is learned from the whole. They are observed elsewhere.
type sum []forecast.Forecaster

// Observe implements forecast.Forecaster.
func (sum) Observe(float64, float64) {}

// Forecast implements forecast.Forecaster.
func (s sum) Forecast(from, to float64) forecast.NegBinomial {
	mean := 0.0
	for _, f := range s {
		mean += f.Forecast(from, to).Mean
	}
	return forecast.NegBinomial{Mean: mean}
}

// share forecasts one part of a hierarchy, which is observed elsewhere.
type share struct {
	of   *forecast.Hierarchy
	part int
}

// Observe implements forecast.Forecaster.
func (share) Observe(float64, float64) {}

// Forecast implements forecast.Forecaster.
func (s share) Forecast(from, to float64) forecast.NegBinomial {
	return s.of.Part(s.of.Total(from, to), s.part)
}

func (b *Backtester) judgeParts(ctx context.Context, p *partForecasts, parts []*Counts, h time.Duration) (AttributeScores, error) {
	var whole, sum, alone, shares scorer
	o := b.origins(h)
	ask := func(f forecast.Forecaster) forecast.NegBinomial { return f.Forecast(0, o.horizon) }
	i := 0
	err := b.each(ctx, func(t float64) {
		p.observe(t, parts, i)
		i++
		if !o.next(t) {
			return
		}
		count, naive := b.counts.came(t, o.horizon), o.naive(b.counts, t)
		whole.add(ask(p.whole), count, naive)
		sum.add(ask(p.sum), count, naive)
		for k, c := range parts {
			count, naive := c.came(t, o.horizon), o.naive(c, t)
			alone.add(ask(p.alone[k]), count, naive)
			shares.add(ask(p.shares[k]), count, naive)
		}
	})
	return AttributeScores{Whole: whole.score(), Sum: sum.score(), Alone: alone.score(), Shares: shares.score()}, err
}

// writeAttribute writes one line a forecaster and horizon.
func writeAttribute(w io.Writer, by string, parts int, scores []AttributeScores) error {
	if _, err := fmt.Fprintf(w, "\nby %s (%s): quantile loss of the whole forecast as one and as the sum of its parts; of the\nparts forecast each alone and as shares of the whole; log score the same\n\n",
		by, plural(parts, "part", "parts")); err != nil {
		return err
	}
	head := []string{"horizon", "as one", "sum", "alone", "shares", "as one", "sum", "alone", "shares"}
	var names []string
	var rows [][]string
	for _, s := range scores {
		names = append(names, s.Forecaster)
		rows = append(rows, []string{
			spanText(s.HorizonS),
			fixed(s.Whole.Pinball, 4), fixed(s.Sum.Pinball, 4), fixed(s.Alone.Pinball, 4), fixed(s.Shares.Pinball, 4),
			fixed(s.Whole.LogScore, 3), fixed(s.Sum.LogScore, 3), fixed(s.Alone.LogScore, 3), fixed(s.Shares.LogScore, 3),
		})
	}
	return writeColumns(w, "forecaster", names, head, rows)
}
