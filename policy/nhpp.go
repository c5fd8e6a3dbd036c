package policy

import (
	"fmt"

	"shadowpool/forecast"
)

// nhppRule is how RobustScaler decides (Qian, Wen, Sun, Gu, Niu, Tang:
// RobustScaler: QoS-Aware Autoscaling for Complex Workloads, ICDE 2022) on the
// demand that forecast.NHPP expects. The paper launches the instance for the
// i-th request to come, at xi, at the latest instant that keeps one of three
// promises; with a lead time of L, that instant has come when
//
//	hit    P(xi <= L) > 1 - target: it would come too late for too many
//	wait   E(L - xi)+ > (1 - target) L: requests would wait too long
//	idle   E(xi - L)+ <= target / (1 - target) L: at the earliest that does not
//	       idle for too long
//
// so that each is a base-stock level: the number of instances whose instant has
// come. The paper leaves the three bounds to the user, in units of their own;
// here one share sets any of them, and more of it is more stock. Given that
// j >= i requests come in the lead time, xi is the i-th of j points, evenly
// spread, whatever the rate is: E(L - xi)+ = L (1 - i/(j+1)). After the lead
// time, requests are taken to go on at its mean rate. The paper finds the
// instants by Monte Carlo over Poisson arrivals; here the demand over the lead
// time is negative binomial, as its scatter is learned, and the sums are exact.
type nhppRule struct {
	form          string
	target        float64
	probabilities []float64
}

// level is the base-stock level for the demand over a lead time.
func (r *nhppRule) level(d forecast.NegBinomial) int {
	if d.Mean <= 0 {
		return 0
	}
	r.probabilities = d.Probabilities(r.probabilities[:0], maxCount)
	p := r.probabilities
	switch r.form {
	case "hit":
		return r.hit(p)
	case "wait":
		return r.wait(p)
	default:
		return r.idle(p, d.Mean)
	}
}

// hit is the quantile of the demand.
func (r *nhppRule) hit(p []float64) int {
	below := 0.0
	for k, v := range p {
		below += v
		if below >= r.target {
			return k
		}
	}
	return len(p)
}

// wait goes down from where nobody waits. For the i-th, E(L - xi)+ / L is the
// sum of p[j] (j+1-i) / (j+1) over j >= i; for i-1 it is more by the sum of
// p[j] / (j+1) over j >= i-1.
func (r *nhppRule) wait(p []float64) int {
	wait, harmonic := 0.0, 0.0 // of the i-th, in lead times
	for i := len(p) - 1; i >= 1; i-- {
		harmonic += p[i] / float64(i+1)
		wait += harmonic
		if wait > 1-r.target {
			return i
		}
	}
	return 0
}

// idle goes up: the i-th idles for E(i - N)+ over the mean rate.
func (r *nhppRule) idle(p []float64, mean float64) int {
	most := r.target / (1 - r.target) * mean // in lead times over the rate
	below, idle := 0.0, 0.0
	for i := 1; i <= len(p); i++ {
		below += p[i-1]
		idle += below
		if idle > most {
			return i - 1
		}
	}
	return int(min(float64(len(p))+most-idle, maxCount)) // one more idles by one more
}

// nhppPlan is one pool's.
type nhppPlan struct {
	Forecast *forecast.NHPP
	lead     float64 // seconds
	rule     *nhppRule
	foreseen
}

func (p *nhppPlan) revise(t Time, n float64) (int32, Time) {
	p.Forecast.Observe(seconds(t), n)
	d := p.Forecast.Forecast(0, p.lead)
	p.foreseen = foreseen{p.lead, d, true}
	level := p.rule.level(d)
	return int32(level), lookAgain(t, level, d.Mean)
}

var _ = register(&Family{
	Name:    "nhpp",
	Summary: "RobustScaler: a fitted Poisson intensity; promises hits, waits or idle time",
	Knob:    "target",
	Params: []Param{
		{Name: "target", Kind: Share, Default: "0.99", Help: "how much is promised: hit probability; or 1 less the expected wait in lead times; or expected idle time over itself and the lead time"},
		{Name: "form", Kind: Text, Default: "hit", Help: "what is promised: hit, wait or idle"},
	},
	Build: func(f Fleet, v Values) (Sizer, error) {
		rule := &nhppRule{form: v.Text("form"), target: v.Float("target")}
		switch rule.form {
		case "hit", "wait", "idle":
		default:
			return nil, fmt.Errorf("policy nhpp: form=%s is none of hit, wait, idle", rule.form)
		}
		clock := newLocalClock(f.Location)
		models := byLead(f, func(step, lead float64) *forecast.NHPPModel {
			return forecast.NewNHPPModel(step, lead, zone{&clock})
		})
		return newPlanned(len(f.Categories), func(p PoolID) plan {
			return &nhppPlan{Forecast: models[p].New(), lead: leadSeconds(f, p), rule: rule}
		}), nil
	},
})
