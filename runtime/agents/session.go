package agents

import (
	"encoding/json"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/runtime/wire"
)

// A session is what is known of an agent. It belongs to the office, under its
// lock.
type session struct {
	name     string
	identity wire.Identity
	id       string // empty: it has not registered
	boot     string // of the agent's process
	heard    time.Time
	waiting  int           // calls that wait for it
	changed  chan struct{} // closed when something of it changes

	ready   bool
	address string
	claim   string // that it serves, or is told to
	applied string // claim whose configuration is applied
	failed  string // claim whose configuration could not be
	why     string

	next    int64 // number of the next event
	orders  []wire.Order
	ordered int64 // number of the latest order

	plan    plan.Plan
	planned bool
	done    []Done // reported steps, the latest of each
}

// mostOrders is how many orders wait for an agent that does not ask for them.
const mostOrders = 64

func (s *session) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// state is what the agent does.
func (s *session) state() string {
	switch {
	case s.claim != "":
		return wire.Serving
	case s.ready:
		return wire.Ready
	}
	return wire.Warming
}

// register begins a session.
func (s *session) register(i wire.Identity, r *wire.Registration, now time.Time) {
	if r.Boot != s.boot { // another process: it knows nothing of the one before
		s.next, s.done, s.failed = 0, nil, ""
	}
	s.identity, s.id, s.boot, s.heard = i, random(), r.Boot, now
	s.ready = r.State != wire.Warming
	s.address = r.Address
	s.claim, s.applied = r.Claim, r.Claim
	s.orders, s.ordered = nil, 0
	s.plan, s.planned = plan.Plan{}, false
	s.done = s.done[:0]
	for _, d := range r.Done {
		s.done = append(s.done, Done{Step: d})
	}
	s.change()
}

// order adds an order.
func (s *session) order(o wire.Order) {
	if o.Kind == wire.OrderPlan { // an older one that was not fetched is void
		kept := s.orders[:0]
		for _, one := range s.orders {
			if one.Kind != wire.OrderPlan {
				kept = append(kept, one)
			}
		}
		s.orders = kept
	}
	s.ordered++
	o.Seq = s.ordered
	s.orders = append(s.orders, o)
	s.orders = s.orders[max(0, len(s.orders)-mostOrders):]
	s.change()
}

func (s *session) promote(p *wire.Promotion) {
	s.claim, s.failed = p.Claim, ""
	s.order(wire.Order{Kind: wire.OrderPromote, Promotion: p})
}

// after are the orders after those that the agent has, which are forgotten:
// secrets among them.
func (s *session) after(have int64) []wire.Order {
	n := 0
	for n < len(s.orders) && s.orders[n].Seq <= have {
		n++
	}
	clear(s.orders[:n])
	s.orders = s.orders[n:]
	return s.orders
}

// follow gives the agent another plan.
func (s *session) follow(p plan.Plan) error {
	text, err := p.JSON()
	if err != nil {
		return err
	}
	s.plan, s.planned = p, true
	s.order(wire.Order{Kind: wire.OrderPlan, Plan: json.RawMessage(text)})
	return nil
}

// steps are those that the agent has done, as plans have them. How long each took
// makes no difference to what is to be done: shadows that have done the same are
// alike.
func (s *session) steps() []plan.Step {
	var all []plan.Step
	for _, d := range s.done {
		if p, err := d.Plan(); err == nil && (d.Error == "" || d.Fraction > 0) {
			p.Takes = 0
			all = append(all, p)
		}
	}
	return all
}

// report takes an event.
func (s *session) report(e *wire.Event) {
	switch e.Kind {
	case wire.EventReady:
		s.ready, s.address = true, e.Address
		if e.Claim != "" && e.Claim == s.claim { // its workload may go on
			s.claim, s.applied, s.planned = "", "", false
		}
	case wire.EventStep:
		for i := range s.done {
			if d := &s.done[i]; d.Kind == e.Step.Kind && d.Name == e.Step.Name {
				*d = Done{*e.Step, e.Error}
				return
			}
		}
		if len(s.done) < 2*plan.MaxSteps {
			s.done = append(s.done, Done{*e.Step, e.Error})
		}
	case wire.EventPromoted:
		if e.Error != "" {
			s.failed, s.why = e.Claim, e.Error
			return
		}
		s.applied, s.failed = e.Claim, ""
		if e.Address != "" {
			s.address = e.Address
		}
	}
}
