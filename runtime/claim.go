package runtime

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shadowpool/policy"
)

// A Request asks for an instance. Empty strings are unknown; an empty
// category is the only one of a fleet that has only one, and a request without
// a zone may be served in any.
type Request struct {
	Category string
	Tenant   string
	TaskType string
	Zone     string
	Image    string
	Dataset  string
	Warm     policy.Warmth // what it wants of the instances that are warm
	// Key names the request within its tenant: a Claim with the key of one that
	// waits, or whose claim is held, joins that in place of asking for another
	// instance. Empty: none can join it.
	Key string
	// Labels are kept with the claim and shown; nothing goes by them.
	Labels map[string]string
}

// A Grant is a claimed instance, its holder's until Release.
type Grant struct {
	Claim    string // its name for Release
	Category string // that was asked for
	Zone     string // where the instance lives; empty where zones do not matter
	Tenant   string
	TaskType string
	Instance Instance
	Outcome  policy.Outcome
	Reason   policy.Reason
	Wait     time.Duration
}

// Errors of Claim and Release.
var (
	ErrDraining = errors.New("the server is draining and takes no new claims")
	ErrStopped  = errors.New("the server has stopped")
	ErrFull     = errors.New("too many requests wait already")
	ErrNotWarm  = errors.New("no suitable instance is warm, and the request requires one")
	ErrNoClaim  = errors.New("there is no such claim: it was released, its instance was lost, or it is another server's")
)

// A BadRequest says what about a request cannot be.
type BadRequest struct {
	Field, Problem string
}

func (e *BadRequest) Error() string { return e.Field + ": " + e.Problem }

// A claim is a request on its way through the loop, which owns it.
type claim struct {
	Request
	id       policy.RequestID
	pool     policy.PoolID
	arrived  policy.Time
	assigned policy.Time
	member   *member // nil while it waits
	reply    chan answer
}

type answer struct {
	grant Grant
	err   error
}

// Claim waits until an instance is promoted for the request, or ctx ends, or
// the host stops. A request whose ctx ends is withdrawn: nothing is left of
// it, and the error is the context's.
func (h *Host) Claim(ctx context.Context, r Request) (Grant, error) {
	c := &claim{Request: r, reply: make(chan answer, 1)}
	var err error
	if asked := h.ask(ctx, func() { err = h.arrive(c) }); asked != nil {
		// The input may have been taken although its result was not waited for.
		h.later(func() { h.withdraw(c) })
		return Grant{}, asked
	}
	if err != nil {
		return Grant{}, err
	}
	select {
	case a := <-c.reply:
		return a.grant, a.err
	case <-ctx.Done():
		if err := h.ask(context.WithoutCancel(ctx), func() { h.withdraw(c) }); err != nil {
			return Grant{}, err
		}
		return Grant{}, context.Cause(ctx)
	case <-h.done:
		return Grant{}, ErrStopped
	}
}

// Release ends a claim.
func (h *Host) Release(ctx context.Context, name string) error {
	id, ok := h.requestID(name)
	if !ok {
		return ErrNoClaim
	}
	var err error
	if asked := h.ask(ctx, func() {
		c := h.claims[id]
		if c == nil || c.member == nil {
			err = ErrNoClaim
			return
		}
		h.release(c)
	}); asked != nil {
		return asked
	}
	return err
}

// claimName is unique across restarts, so that a client of an earlier server
// cannot release another's claim.
func (h *Host) claimName(id policy.RequestID) string {
	return h.run + "-" + strconv.FormatInt(int64(id), 10)
}

func (h *Host) requestID(name string) (policy.RequestID, bool) {
	run, number, ok := strings.Cut(name, "-")
	id, err := strconv.ParseInt(number, 10, 64)
	return policy.RequestID(id), ok && run == h.run && err == nil
}

// arrive checks a request and passes it on to the controller.
func (h *Host) arrive(c *claim) error {
	if h.draining {
		return ErrDraining
	}
	if only, single := h.places.Only(); c.Category == "" && single {
		c.Category = only
	}
	pool, served := h.places.Find(c.Category, c.Zone, c.Tenant)
	if !served {
		why := h.places.Why(c.Category, c.Zone)
		return &BadRequest{why.Field, why.Problem}
	}
	for _, f := range []struct{ field, value string }{
		{"tenant", c.Tenant}, {"task_type", c.TaskType}, {"zone", c.Zone}, {"image", c.Image}, {"dataset", c.Dataset},
	} {
		if len(f.value) > h.opt.Limits.NameBytes {
			return &BadRequest{f.field, fmt.Sprintf("it has %d bytes, at most %d are taken", len(f.value), h.opt.Limits.NameBytes)}
		}
	}
	isolated := h.opt.Fleet.Isolation == policy.ByTenant
	if isolated && c.Tenant == "" {
		return &BadRequest{"tenant", "instances are isolated by tenant, so a claim must name its tenant"}
	}
	if len(h.claims)-h.serving >= h.opt.Limits.Waiting {
		return ErrFull
	}
	tenant, known := h.tenants.id(c.Tenant)
	if isolated && !known { // number 0 would share instances with the others
		return &BadRequest{"tenant", "too many tenants have been seen to keep one more isolated; restart the server"}
	}
	task, _ := h.tasks.id(c.TaskType)
	c.id, c.pool = h.nextRequest, pool
	h.nextRequest++
	h.claims[c.id] = c
	anywhere := c.Zone == "" && h.places.Zoned(c.Category)
	r := policy.Request{ID: c.id, Pool: pool, Tenant: tenant, TaskType: task, Warm: c.Warm, Anywhere: anywhere}
	e := Entry{Event: "arrive", Request: &c.id, Pool: &pool, Tenant: tenant, TaskType: task, TenantName: c.Tenant, TaskTypeName: c.TaskType, Anywhere: anywhere}
	if c.Warm != policy.PreferWarm {
		e.Warm = c.Warm.String()
	}
	h.deliver(policy.ClassArrival, e, func(t policy.Time) {
		c.arrived = t
		h.ctrl.Arrive(t, r)
	})
	return nil
}

// withdraw takes back a claim that no one waits for any more.
func (h *Host) withdraw(c *claim) {
	switch {
	case h.claims[c.id] != c: // refused, or its instance is gone
	case c.member != nil:
		h.release(c)
	default:
		h.cancel(c)
	}
}

// cancel withdraws a waiting claim.
func (h *Host) cancel(c *claim) {
	delete(h.claims, c.id)
	h.totals.withdrawn++
	h.metrics.withdrawn.WithLabelValues(h.poolName(c.pool)).Inc()
	e := Entry{Event: "cancel", Request: &c.id, Pool: &c.pool}
	h.deliver(policy.ClassArrival, e, func(t policy.Time) { h.ctrl.Cancel(t, c.pool, c.id) })
}

// refuse answers a claim that the controller turned away.
func (h *Host) refuse(a Decision) {
	c := h.claims[a.Request]
	delete(h.claims, c.id)
	h.totals.refused++
	h.metrics.refused.WithLabelValues(h.poolName(c.pool)).Inc()
	err := ErrNotWarm
	if a.Reason == policy.Drained {
		err = ErrDraining
	}
	c.reply <- answer{err: err}
}

// release tells the controller that a claim's instance is free again.
func (h *Host) release(c *claim) {
	m := c.member
	e := Entry{Event: "release", Instance: nameOf(m.id)}
	h.deliver(policy.ClassRelease, e, func(t policy.Time) {
		h.complete(t, c)
		h.ctrl.Release(t, m.id)
	})
}

// complete closes a claim's books.
func (h *Host) complete(t policy.Time, c *claim) {
	delete(h.claims, c.id)
	c.member.claim, c.member.since = nil, t
	h.serving--
	h.recordRequest(Served{
		Request: c.Request, Claim: h.claimName(c.id), Instance: c.member.name, Arrival: c.arrived, Wait: c.assigned - c.arrived, Duration: t - c.assigned,
	})
}
