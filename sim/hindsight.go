package sim

import (
	"time"

	"shadowpool/forecast"
	"shadowpool/policy"
	"shadowpool/trace"
)

// References are policies that see the future of a trace, for comparison
// only: no live run can build them, as they are made from the trace that is
// replayed.
func References(src trace.Source, fleet Fleet) []*policy.Family {
	return []*policy.Family{{
		Name:    "hindsight-rate",
		Summary: "a quantile of demand at the rate around now, the future included; a reference, not a bound",
		Knob:    "quantile",
		Params: []policy.Param{
			{Name: "quantile", Kind: policy.Share, Default: "0.99", Help: "probability that the demand over a lead time is covered"},
			{Name: "dispersion", Kind: policy.Number, Default: "0.1", Help: "d of the variance m + d m^2"},
		},
		Build: func(f policy.Fleet, v policy.Values) (policy.Sizer, error) {
			return newHindsight(src, fleet, f, v)
		},
	}, {
		Name:    "rate-oracle",
		Summary: "a quantile of demand at a generated trace's true rate: the forecasters' bound",
		Knob:    "quantile",
		Params: []policy.Param{
			{Name: "quantile", Kind: policy.Share, Default: "0.99", Help: "probability that the demand over a lead time is covered"},
		},
		Build: func(f policy.Fleet, v policy.Values) (policy.Sizer, error) {
			return newRateOracle(src, fleet, f, v)
		},
	}}
}

// hindsight sizes for the arrivals over the lead time at the true rate,
// smoothed over 20 minutes on both sides of, but excluding, [t, t + lead): a
// window that contains the arrivals which it sizes for would leak them.
type hindsight struct {
	pools      []hindsightPool
	quantile   float64
	dispersion float64
	scratch    []float64
}

type hindsightPool struct {
	arrivals []policy.Time
	lead     int64
	level    int32
	// Row numbers of the first arrival not before each edge of the window.
	past, now, ahead, future int
}

const hindsightSide = int64(20 * time.Minute)

func newHindsight(src trace.Source, fleet Fleet, f policy.Fleet, v policy.Values) (*hindsight, error) {
	h := &hindsight{quantile: v.Float("quantile"), dispersion: v.Float("dispersion")}
	arrivals, err := arrivalsByPool(src, &fleet, policy.Never)
	if err != nil {
		return nil, err
	}
	for i, k := range f.Categories {
		h.pools = append(h.pools, hindsightPool{arrivals: arrivals[i], lead: int64(k.LeadTime)})
	}
	return h, nil
}

// arrivalsByPool sorts a trace's arrivals before until by the pool that they
// go to.
func arrivalsByPool(src trace.Source, fleet *Fleet, until policy.Time) ([][]policy.Time, error) {
	routes := fleet.routes(src.Summary().Strings)
	arrivals := make([][]policy.Time, len(fleet.Categories))
	for chunk, err := range src.Chunks() {
		if err != nil {
			return nil, err
		}
		for i, t := range chunk.Arrival {
			if t >= until {
				return arrivals, nil
			}
			if pool := routes.of(&chunk.Columns, i); pool != noPool {
				arrivals[pool] = append(arrivals[pool], t)
			}
		}
	}
	return arrivals, nil
}

// Training gives policies the arrivals before the measured span, if there are
// any.
func Training(src trace.Source, fleet Fleet, measureFrom policy.Time) (policy.Fleet, error) {
	f := policy.Fleet{Config: fleet.PolicyConfig()}
	first := src.Summary().First
	if measureFrom <= first {
		return f, nil
	}
	arrivals, err := arrivalsByPool(src, &fleet, measureFrom)
	if err != nil {
		return f, err
	}
	f.Training, f.TrainingFrom, f.TrainingTo = arrivals, first, measureFrom
	return f, nil
}

// Traits implements policy.Sizer.
func (h *hindsight) Traits() policy.Traits {
	return policy.Traits{Arrivals: true, Ticks: true, Idle: policy.RetireByWarm, ByPool: true}
}

// Start implements policy.Sizer.
func (h *hindsight) Start(t policy.Time, id policy.PoolID) policy.Level {
	l, _ := h.Tick(t, id, policy.Stock{})
	return l
}

// Arrive implements policy.Sizer.
func (h *hindsight) Arrive(_ policy.Time, r policy.Request, _ policy.Stock) policy.Level {
	return policy.Hold(h.pools[r.Pool].level)
}

// Tick implements policy.Sizer.
func (h *hindsight) Tick(t policy.Time, id policy.PoolID, _ policy.Stock) (policy.Level, policy.Time) {
	p := &h.pools[id]
	n := p.edge(&p.now, t) - p.edge(&p.past, t-hindsightSide) +
		p.edge(&p.future, t+p.lead+hindsightSide) - p.edge(&p.ahead, t+p.lead)
	mean := float64(n) / float64(2*hindsightSide) * float64(p.lead)
	d := forecast.NegBinomial{Mean: mean, Dispersion: h.dispersion}
	var level int
	level, h.scratch = d.Quantile(h.quantile, 1_000_000, h.scratch)
	p.level = int32(level)
	next := t
	if n == 0 { // nothing until an arrival comes into the window
		next = policy.Never
		if p.future < len(p.arrivals) {
			next = max(p.arrivals[p.future]-p.lead-hindsightSide, t)
		}
	}
	return policy.Hold(p.level), next
}

// edge moves a row number up to the first arrival at or after t.
func (p *hindsightPool) edge(row *int, t policy.Time) int {
	for *row < len(p.arrivals) && p.arrivals[*row] < t {
		*row++
	}
	return *row
}
