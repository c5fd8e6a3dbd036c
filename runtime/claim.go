package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	// Hint is what Announce has returned, if the request was announced.
	Hint string
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
	ErrSpent    = errors.New("the request of this key is over: it was withdrawn, or its claim was released")
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
	outcome  policy.Outcome
	reason   policy.Reason
	member   *member       // nil while it waits
	waiters  []chan answer // of those who wait for it
	picks    int           // who have been given it
	gone     *time.Timer   // withdraws it if nobody comes back; nil if somebody is there
}

type answer struct {
	grant Grant
	err   error
}

// key is a claim's in the host's books.
func (r *Request) key() string { return r.Tenant + "\x00" + r.Key }

// answer tells those who wait.
func (c *claim) answer(a answer) {
	for _, w := range c.waiters {
		w <- a
	}
	c.waiters = nil
}

// Claim waits until an instance is promoted for the request, or ctx ends, or
// the host stops. A request whose ctx ends is withdrawn: nothing is left of
// it, and the error is the context's. One with a key is withdrawn at once only
// if its deadline has passed; else it waits Limits.Absence for somebody who
// claims with the same key.
func (h *Host) Claim(ctx context.Context, r Request) (Grant, error) {
	return h.ClaimAs(ctx, r, nil)
}

// ClaimAs is Claim, and calls named, if it is not nil, with the claim's name
// once the request waits. The loop calls it: it must not wait for anything.
func (h *Host) ClaimAs(ctx context.Context, r Request, named func(claim string)) (Grant, error) {
	reply := make(chan answer, 1)
	var c *claim
	var kept *Grant
	leave := func() error {
		if c != nil {
			kept = h.leave(c, reply, errors.Is(context.Cause(ctx), context.DeadlineExceeded))
		}
		return nil
	}
	join := func() {
		var err error
		if c, err = h.join(r, reply); err != nil {
			c = nil
			h.answer(func() { reply <- answer{err: err} })
			return
		}
		if name := h.claimName(c.id); named != nil {
			h.effect(func() { named(name) })
		}
	}
	if h.ask(ctx, join) == nil {
		select {
		case a := <-reply:
			return a.grant, a.err
		case <-ctx.Done():
		case <-h.done:
			select {
			case a := <-reply: // the last thing that it did
				return a.grant, a.err
			default:
				return Grant{}, ErrStopped
			}
		}
	}
	// Who is told that it is withdrawn will not ask again. The input may have
	// been taken although its result was not waited for.
	if err := h.change(context.WithoutCancel(ctx), leave); err != nil {
		return Grant{}, err
	}
	if kept != nil {
		return *kept, nil
	}
	return Grant{}, context.Cause(ctx)
}

// Release ends a claim.
func (h *Host) Release(ctx context.Context, name string) error {
	return h.change(ctx, func() error {
		id, ok := h.requestID(name)
		c := h.claims[id]
		if !ok || c == nil || c.member == nil {
			return ErrNoClaim
		}
		h.release(c)
		return nil
	})
}

// claimName is unique across restarts, so that a client of an earlier server
// cannot release another's claim.
func (h *Host) claimName(id policy.RequestID) string {
	return h.run + "-" + strconv.FormatInt(int64(id), 10)
}

// number is that of a name that the host has given.
func (h *Host) number(name string) (int64, bool) {
	run, number, ok := strings.Cut(name, "-")
	n, err := strconv.ParseInt(number, 10, 64)
	return n, ok && run == h.run && err == nil
}

func (h *Host) requestID(name string) (policy.RequestID, bool) {
	id, ok := h.number(name)
	return policy.RequestID(id), ok
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
	if err := h.bounded(&c.Request); err != nil {
		return err
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
	id := h.nextRequest
	e := Entry{
		Event: "arrive", Request: &id, Pool: &pool, Tenant: tenant, TaskType: task, TenantName: c.Tenant, TaskTypeName: c.TaskType,
		Anywhere: c.Zone == "" && h.places.Zoned(c.Category), claim: c,
		Asked: &Asked{Category: c.Category, Zone: c.Zone, Image: c.Image, Dataset: c.Dataset, Key: c.Key, Labels: c.Labels},
	}
	if hint, ok := h.hintID(c.Hint); ok {
		e.HintID = &hint
	}
	if c.Warm != policy.PreferWarm {
		e.Warm = c.Warm.String()
	}
	h.deliver(policy.ClassArrival, e)
	return nil
}

// mostLabels bounds the labels of a request.
const mostLabels = 32

// bounded checks the lengths of a request's strings.
func (h *Host) bounded(r *Request) error {
	fields := []struct{ field, value string }{
		{"tenant", r.Tenant}, {"task_type", r.TaskType}, {"zone", r.Zone}, {"image", r.Image}, {"dataset", r.Dataset}, {"key", r.Key},
	}
	if len(r.Labels) > mostLabels {
		return &BadRequest{"labels", fmt.Sprintf("there are %d, at most %d are taken", len(r.Labels), mostLabels)}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		fields = append(fields, struct{ field, value string }{"labels", name}, struct{ field, value string }{"labels", r.Labels[name]})
	}
	for _, f := range fields {
		if len(f.value) > h.opt.Limits.NameBytes {
			return &BadRequest{f.field, fmt.Sprintf("it has %d bytes, at most %d are taken", len(f.value), h.opt.Limits.NameBytes)}
		}
	}
	return nil
}

// withdraw takes back a claim that no one waits for any more.
func (h *Host) withdraw(c *claim) {
	if c.member != nil {
		h.release(c)
	} else {
		h.cancel(c)
	}
}

// cancel withdraws a waiting claim.
func (h *Host) cancel(c *claim) {
	h.metrics.withdrawn.WithLabelValues(h.poolName(c.pool)).Inc()
	h.deliver(policy.ClassArrival, Entry{
		Event: "cancel", Request: &c.id, Pool: &c.pool, moot: func() bool { return h.claims[c.id] != c || c.member != nil },
	})
	if c.member != nil && h.claims[c.id] == c { // a timer has given it an instance
		h.release(c)
	}
}

// release tells the controller that a claim's instance is free again.
func (h *Host) release(c *claim) {
	h.deliver(policy.ClassRelease, Entry{Event: "release", Instance: nameOf(c.member.id)})
}
