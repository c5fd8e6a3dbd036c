package sim

import (
	"fmt"

	"shadowpool/forecast"
	"shadowpool/policy"
	"shadowpool/trace"
)

// rateOracle knows the true intensity that a generated trace was drawn from,
// bursts and timers included, and holds the quantile of the Poisson demand over
// the lead time: what a policy that forecasts rates and holds a quantile could
// reach at best. It does not know the single requests. A level holds until the
// next tick, so the demand is that of half a tick later. A timer's one request
// counts as Poisson too.
type rateOracle struct {
	truth    *trace.Truth
	pools    []rateOraclePool
	tick     int64
	quantile float64
	scratch  []float64
}

type rateOraclePool struct {
	categories []uint32 // of the truth
	lead       int64
	level      int32
}

func newRateOracle(src trace.Source, fleet Fleet, f policy.Fleet, v policy.Values) (*rateOracle, error) {
	drawn, ok := src.(trace.Drawn)
	if !ok {
		return nil, fmt.Errorf("the rate that trace %s was drawn from is not known: only the built-in workload brings it along (leave out --trace); take hindsight-rate here", src.Summary().Name)
	}
	o := &rateOracle{truth: drawn.Truth, tick: int64(f.Tick), quantile: v.Float("quantile")}
	for _, k := range f.Categories {
		o.pools = append(o.pools, rateOraclePool{lead: int64(k.LeadTime)})
	}
	for category, to := range fleet.routes(trace.Strings{Category: o.truth.Categories()}).shared {
		if category > 0 && to.any != noPool {
			o.pools[to.any].categories = append(o.pools[to.any].categories, uint32(category))
		}
	}
	return o, nil
}

// Traits implements policy.Sizer.
func (o *rateOracle) Traits() policy.Traits {
	return policy.Traits{Ticks: true, Idle: policy.RetireByWarm, ByPool: true}
}

// Start implements policy.Sizer.
func (o *rateOracle) Start(t policy.Time, id policy.PoolID) policy.Level {
	l, _ := o.Tick(t, id, policy.Stock{})
	return l
}

// Arrive implements policy.Sizer.
func (o *rateOracle) Arrive(_ policy.Time, r policy.Request, _ policy.Stock) policy.Level {
	return policy.Hold(o.pools[r.Pool].level)
}

// Tick implements policy.Sizer.
func (o *rateOracle) Tick(t policy.Time, id policy.PoolID, _ policy.Stock) (policy.Level, policy.Time) {
	p := &o.pools[id]
	from, mean := t+o.tick/2, 0.0
	for _, c := range p.categories {
		mean += o.truth.Expected(c, from, from+p.lead)
	}
	var level int
	level, o.scratch = forecast.NegBinomial{Mean: mean}.Quantile(o.quantile, 1_000_000, o.scratch)
	p.level = int32(level)
	return policy.Hold(p.level), t
}
