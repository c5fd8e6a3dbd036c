package policy

import (
	"fmt"
	"math"
)

// HintID names a hint; the host chooses it. Unique among the hints that are
// outstanding at one time; 0 is none.
type HintID int64

// A Hint is advance notice of demand, from a calendar, a queue of jobs or a
// login: that each of Count requests comes to a pool with the Probability, at
// an instant that is uniform between From and To. Where both are equal, it is
// that instant. How much such hints are worth is learned by Source.
//
// Target is what the requests will ask for, as far as it is known: a facet that
// is zero is not. Where the category has stages that go by it, instances are
// prepared for it ahead.
type Hint struct {
	ID          HintID
	Pool        PoolID
	Count       int32
	From, To    Time
	Probability float64
	Source      uint32 // who gives it; 0 is unknown
	Target      Target
}

// Check names what is impossible in a hint for a fleet of so many categories.
// Hosts check foreign hints before they announce them.
func (h *Hint) Check(categories int) error {
	switch {
	case h.ID == 0:
		return fmt.Errorf("a hint needs an id other than 0")
	case int64(h.Pool) >= int64(categories):
		return fmt.Errorf("hint %d is for category %d of %d", h.ID, h.Pool, categories)
	case h.Count < 1 || h.Count > maxCount:
		return fmt.Errorf("hint %d announces %d requests, not 1 to %d", h.ID, h.Count, maxCount)
	case h.From > h.To || h.From < -MaxInstant || h.To > MaxInstant:
		return fmt.Errorf("hint %d: the window from %d to %d ns ends before it begins, or is out of range", h.ID, h.From, h.To)
	case !(h.Probability > 0 && h.Probability <= 1):
		return fmt.Errorf("hint %d: probability %v is not above 0 and at most 1", h.ID, h.Probability)
	}
	return nil
}

// A HintSizer is a Sizer that is told of hints. An arrival that a hint has
// announced carries its id (Request.Hint).
type HintSizer interface {
	Sizer
	// Announced takes a hint. It reports false where it is of no use: its window
	// is over, its id is in use, or as many are outstanding as there may be.
	Announced(t Time, h Hint) bool
	// Withdrawn forgets a hint and gives its pool; false if none is outstanding.
	Withdrawn(t Time, id HintID) (PoolID, bool)
	// NextLook is when a hint next changes a level by itself; Never if none does.
	NextLook() Time
	// Look does what is due at t for one hint, and gives its pool; false if
	// nothing changes.
	Look(t Time) (PoolID, bool)
	// Revise gives the level of a pool after any of these.
	Revise(t Time, p PoolID, s Stock) Level
}

// Announce tells of a hint. It is an event of ClassArrival; at one instant
// hosts announce before requests arrive. It reports false where the policy does
// not take it, see HintSizer. A hint that its requests do not follow counts as
// not come at its end.
func (c *Controller) Announce(t Time, h Hint) bool {
	c.enter(t)
	if err := h.Check(len(c.pools)); err != nil {
		panic("policy: " + err.Error())
	}
	if c.hints == nil || c.draining || !c.hints.Announced(t, h) {
		return false
	}
	c.revise(t, h.Pool)
	return true
}

// Withdraw takes a hint back: it counts neither as come nor as not come. It
// reports false when none of this id is outstanding.
func (c *Controller) Withdraw(t Time, id HintID) bool {
	c.enter(t)
	if c.hints == nil || c.draining {
		return false
	}
	p, ok := c.hints.Withdrawn(t, id)
	if ok {
		c.revise(t, p)
	}
	return ok
}

// runLook carries out one look at the hints. Looks are timers of ClassTick that
// precede the tick of their instant, and need not fall on one: an instance is
// launched a lead time before it is needed and ended when its window is over.
func (c *Controller) runLook(t Time) {
	p, ok := c.hints.Look(t)
	if !ok {
		c.nextLook = c.hints.NextLook()
		return
	}
	c.revise(t, p)
	c.retireSurplus(t, p, &c.pools[p])
}

func (c *Controller) revise(t Time, id PoolID) {
	p := &c.pools[id]
	c.setLevel(id, p, c.hints.Revise(t, id, p.stock()))
	c.replenish(t, id, p)
	c.visit(t, id, p)
	c.nextLook = c.hints.NextLook()
}

// claims is how many requests a hint that is outstanding still says will come, in
// the mean.
func (r *hintRow) claims() float64 { return float64(r.Probability * float64(r.Count-r.Came)) }

// passed is the share of a window that lies before t; of one without length, all
// after its instant.
func (h *Hint) passed(t Time) float64 {
	switch {
	case t > h.To:
		return 1
	case t <= h.From:
		return 0
	}
	return float64(t-h.From) / float64(h.To-h.From)
}

// reached is passed, but for windows without length their instant included.
func (h *Hint) reached(t Time) float64 {
	if t >= h.To {
		return 1
	}
	return h.passed(t)
}

// odds is the probability that a request comes within the given spans from t on,
// which are equally likely (ns), and slack, given that it has not come yet.
// trust is what the source's probabilities are to be multiplied by.
func (h *Hint) odds(t Time, spans []int64, slack int64, trust float64) float64 {
	p := min(float64(trust*h.Probability), surest)
	ahead := 0.0
	for _, span := range spans {
		ahead += h.reached(t + span + slack)
	}
	ahead /= float64(len(spans))
	passed := h.passed(t)
	return max(float64(p*(ahead-passed))/(1-float64(p*passed)), 0)
}

// surest bounds probabilities, so that what is left of them is never nothing.
const surest = 1 - 1.0/(1<<20)

// nanoseconds is a span in seconds, rounded.
func nanoseconds(s float64) int64 { return int64(math.Round(s * 1e9)) }
