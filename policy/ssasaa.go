package policy

import (
	"fmt"

	"shadowpool/forecast"
)

// saaPlan is one pool's plan under Intelligent Pooling (Ravikumar, Yeo, Zhu et al.:
// Intelligent Pooling: Proactive Resource Provisioning in Large-scale Cloud
// Service, PVLDB 17(7), 2024, Microsoft Fabric): the pool's size is constant
// within blocks of five minutes, and the sizes of the coming blocks minimise
// (1-weight) x idle + weight x wait over the demand that forecast.SSA expects,
// given that what is ordered serves only after the lead time, and that a block
// may raise the size by at most ramp. The paper solves a linear programme over
// the forecast or over sampled paths of demand, and tunes the weight to the
// service wanted.
//
// A size N at t becomes what is warm or waited for at t + L: N less the demand
// D in between. So each block costs E of (1-weight)(N-D)+ + weight (D-N)+, a
// convex function with corners at whole numbers, and the programme is a chain:
// saaChain solves it exactly. The expectation is taken over the whole negative
// binomial distribution, which is what averages over samples come to; a block's
// demand is a mixture of those at its beginning, middle and end. The paper does
// not end idle clusters; here sizes fall as far as they like. Horizon and ramp
// are not given there: half an hour, and 100 a block.
//
// That sizes stand still for five minutes, whatever comes, costs dearly where
// demand bursts: see block in docs/policies.md.
type saaPlan struct {
	Forecast *forecast.SSA
	Level    int32
	Until    Time // the end of the present block
	lead     float64
	rule     *saaRule
}

// saaRule is what the pools of one sizer share.
type saaRule struct {
	weight float64
	block  int64
	chain  saaChain
	masses []float64
}

// saaBlocks is the horizon.
const saaBlocks = 6

func (p *saaPlan) revise(t Time, n float64) (int32, Time) {
	p.Forecast.Observe(seconds(t), n)
	if t < p.Until {
		return p.Level, p.Until
	}
	r := p.rule
	p.Until = t - mod(t, r.block) + r.block
	r.chain.begin(r.weight)
	begin, mean := 0.0, 0.0
	end := float64(p.Until-t) / 1e9
	for range saaBlocks {
		r.chain.addBlock()
		for _, at := range [...]float64{begin, (begin + end) / 2, end} {
			d := p.Forecast.Forecast(at, at+p.lead)
			mean = max(mean, d.Mean)
			r.masses = d.Probabilities(r.masses[:0], maxCount)
			r.chain.addDemand(r.masses, 1./3)
		}
		begin, end = end, end+float64(r.block)/1e9
	}
	p.Level = int32(r.chain.first(int(p.Level)))
	if p.Level == 0 && mean < sleepMean {
		return 0, max(p.Until, t+quarter)
	}
	return p.Level, p.Until
}

var _ = register(&Family{
	Name:    "ssa-saa",
	Summary: "Intelligent Pooling: singular spectrum forecast, least idling and waiting",
	Knob:    "weight",
	Params: []Param{
		{Name: "weight", Kind: Share, Default: "0.99", Help: "weight of waiting against idling: 1 less the paper's alpha"},
		{Name: "block", Kind: Span, Default: "5m", Help: "how long a size stands"},
		{Name: "ramp", Kind: Count, Default: "100", Help: "the most that a size may rise from block to block"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		rule := &saaRule{weight: v.Float("weight"), block: int64(v.Span("block"))}
		rule.chain.ramp = int(v.Count("ramp"))
		if rule.block < int64(f.Tick) || rule.chain.ramp < 1 {
			return nil, fmt.Errorf("policy ssa-saa: block=%v and ramp=%d: a block is at least a tick of %v, and a size must be able to rise", v.Span("block"), rule.chain.ramp, f.Tick)
		}
		models := byLead(f, forecast.NewSSAModel)
		return newPlanned(len(f.Categories), func(p PoolID) plan {
			return &saaPlan{Forecast: models[p].New(), lead: leadSeconds(f, p), rule: rule}
		}), nil
	},
})
