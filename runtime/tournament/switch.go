package tournament

import (
	"slices"
	"time"

	"shadowpool/policy"
)

// A Proposal is to run another policy.
type Proposal struct {
	Policy string    `json:"policy"`
	At     time.Time `json:"at"`
	// Differences to the live policy when it was made.
	Against Comparison `json:"against_live"`
}

// Switched is a switch that was made, or tried.
type Switched struct {
	At   time.Time `json:"at"`
	From string    `json:"from"`
	To   string    `json:"to"`
	Back bool      `json:"back,omitempty"`  // it took an earlier one back
	Err  string    `json:"error,omitempty"` // why it was not made
}

// A trial is of a policy that was switched to: what it really comes to, less what the
// model says of the former one and by which it was wrong before.
type trial struct {
	former   int // of all
	bias     rate
	evidence evidence
}

// A bias is the mean of reality less the model of the live policy.
type bias struct {
	Count int64 `json:"count"`
	Sum   rate  `json:"sum"`
}

func (b *bias) add(d rate) {
	b.Count++
	b.Sum = rate{b.Sum.USDPerHour + d.USDPerHour, b.Sum.HitRate + d.HitRate, b.Sum.WaitS + d.WaitS}
}

func (b *bias) mean() rate {
	n := float64(max(b.Count, 1))
	return rate{b.Sum.USDPerHour / n, b.Sum.HitRate / n, b.Sum.WaitS / n}
}

// judge draws conclusions from an observation.
func (t *Tournament) judge() {
	over := t.opt.Observation
	if real := t.sum.real; !t.real.torn && real.requests > 0 {
		t.wrong.add(real.rate(over).minus(t.sum.all[t.live].rate(over)))
		if t.trial != nil {
			t.trial.evidence.add(real.less(t.trial.bias, over), t.sum.all[t.trial.former], over)
		}
	}
	best := -1
	for i, c := range t.all {
		if i == t.live || c.baseline || c.barred || !c.evidence.better(t.opt.Margin, t.opt.Least) {
			continue
		}
		if best < 0 || c.evidence.cost.Mean() < t.all[best].evidence.cost.Mean() {
			best = i
		}
	}
	switch {
	case best < 0:
		t.proposal = nil
	case t.proposal == nil || t.proposal.Policy != t.all[best].spec.String():
		t.proposal = &Proposal{Policy: t.all[best].spec.String(), At: time.Unix(0, t.now).UTC(), Against: t.all[best].evidence.compare()}
		t.opt.Logger.Info("another policy is better", "policy", t.proposal.Policy, "live", t.all[t.live].spec.String())
	}
	t.undecided, t.unsaved = true, true
}

// decide says which contender is to run from now on; below zero: as it is.
func (t *Tournament) decide() int {
	if !t.undecided || t.opt.Switch == nil || t.drained {
		return -1
	}
	t.undecided = false
	if t.trial != nil {
		if worse, _ := t.trial.evidence.worse(t.opt.Margin); worse || t.trial.evidence.cost.Interval().Low > 0 {
			return t.trial.former
		}
	}
	if t.proposal == nil {
		return -1
	}
	return slices.IndexFunc(t.all, func(c *contender) bool { return c.spec.String() == t.proposal.Policy })
}

// change has the host run another policy. The worlds go on; the evidence, which was held
// against the former one, begins anew.
func (t *Tournament) change(to int) {
	from, next := t.all[t.live].spec, t.all[to].spec
	err := t.opt.Switch(t.ctx, next)
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Switched{At: time.Unix(0, t.now).UTC(), From: from.String(), To: next.String(), Back: t.trial != nil && t.trial.former == to}
	if err != nil {
		s.Err = err.Error()
		t.opt.Logger.Error("could not switch to another policy", "policy", s.To, "error", err)
	} else {
		t.opt.Logger.Info("switched to another policy", "from", s.From, "to", s.To, "back", s.Back)
		former := t.live
		t.live = to
		if t.trial = nil; s.Back {
			t.all[former].barred = true
		} else {
			t.trial = &trial{former: former, bias: t.wrong.mean(), evidence: newEvidence(t.opt.Alpha, t.opt.Least)}
		}
		t.wrong = bias{}
		t.sum = observation{} // of two policies
		t.restart()
		t.unsaved = true
	}
	if t.switches = append(t.switches, s); len(t.switches) > mostSwitches {
		t.switches = t.switches[1:]
	}
}

// mostSwitches are kept to be shown.
const mostSwitches = 20

// baselineOf tells the policies that are there to be compared with.
func baselineOf(s policy.Spec) bool { return s.String() == none.String() }
