package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// An order is a claim that was read and found possible.
type order struct {
	runtime.Request
	Delivery
	deadline time.Duration
	async    bool // the client does not wait
}

func (s *server) claim(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	o, problem := s.readOrder(w, r, who)
	if problem != nil {
		return problem
	}
	if o.async {
		return s.accept(w, r, o)
	}
	ctx, cancel := context.WithTimeout(r.Context(), o.deadline)
	defer cancel()
	claim, problem := s.carryOut(ctx, o, nil)
	if problem != nil {
		return problem
	}
	err := answer(w, http.StatusCreated, &claim)
	if o.Key == "" && (err != nil || r.Context().Err() != nil) { // nobody knows of the claim
		_ = s.host.End(context.WithoutCancel(r.Context()), claim.Claim)
	}
	return nil
}

// obtain waits for an instance: for the tenant's limits, its turn, the host.
// named, if not nil, is told the name of the claim when it waits in the host.
func (s *server) obtain(ctx context.Context, o *order, named func(claim string)) (runtime.Grant, *Problem) {
	joins := s.opt.Events.joins(o.Tenant, o.Key)
	account, problem := s.gate.enter(o.Tenant, joins)
	if problem != nil {
		return runtime.Grant{}, problem
	}
	defer s.gate.leave(account)
	var stood time.Duration
	if s.gate.Fair > 0 && !joins { // what it joins has had its turn
		at, began := place{o.Category, o.Zone}, time.Now()
		if err := s.gate.lines.enter(ctx, at, o.Tenant); err != nil {
			return runtime.Grant{}, o.problem(err)
		}
		defer s.gate.lines.leave(at, o.Tenant)
		stood = time.Since(began)
	}
	g, err := s.host.ClaimAs(ctx, o.Request, named)
	if err != nil {
		return g, o.problem(err)
	}
	if g.Outcome != policy.Hit || stood > time.Millisecond {
		g.Wait += stood
	}
	return g, nil
}

// problem is why the host gave no instance.
func (o *order) problem(err error) *Problem {
	if errors.Is(err, context.DeadlineExceeded) {
		return NotInTime.problem("none was promoted within %v; the request was withdrawn", o.deadline)
	}
	return problemOf(err)
}

// granted is a claim that is held, as far as its client needs to know.
func granted(g *runtime.Grant) Claim {
	return Claim{
		Claim: g.Claim, State: Held, Category: g.Category, Zone: g.Zone, Instance: g.Instance.Name, Address: g.Instance.Address,
		PID: g.Instance.PID, Environment: g.Instance.Environment, Outcome: g.Outcome.String(), Reason: g.Reason.String(), WaitS: g.Wait.Seconds(),
	}
}

// readOrder reads a claim and checks what the host does not.
func (s *server) readOrder(w http.ResponseWriter, r *http.Request, who *Principal) (*order, *Problem) {
	var q ClaimRequest
	most := int64(maxBody)
	if s.opt.Deliver != nil {
		most = maxDelivery
	}
	if size := r.ContentLength; size < 0 || size > maxBody {
		done, problem := s.bytes.take(min(max(size, maxBody), most))
		if problem != nil {
			return nil, problem
		}
		defer done()
	}
	if problem := readJSON(w, r, most, &q); problem != nil {
		return nil, problem
	}
	if problem := who.actFor(&q.Tenant); problem != nil {
		return nil, problem
	}
	o := &order{
		Request: runtime.Request{
			Category: q.Category, Tenant: q.Tenant, TaskType: q.TaskType, Zone: q.Zone, Image: q.Image, Dataset: q.Dataset,
			Key: q.Key, Labels: q.Labels,
		},
		Delivery: Delivery{Environment: q.Environment, Secrets: q.Secrets, Files: q.Files},
		deadline: s.opt.ClaimDeadline,
	}
	switch most := s.opt.MaxDeadline.Seconds(); {
	case !(q.DeadlineS >= 0 && q.DeadlineS <= most):
		return nil, impossible("deadline_s", "%v is not between 0 and %v seconds", q.DeadlineS, most)
	case q.DeadlineS > 0:
		o.deadline = time.Duration(q.DeadlineS * float64(time.Second))
	}
	var err error
	if o.Warm, err = policy.ParseWarmth(q.Warm); err != nil {
		return nil, impossible("warm", "%v", err)
	}
	if problem := checkLabels(q.Labels); problem != nil {
		return nil, problem
	}
	if problem := o.readKey(r.Header["Idempotency-Key"]); problem != nil {
		return nil, problem
	}
	return o, s.readDelivery(o, r)
}

// readKey sets the key that header and body agree on.
func (o *order) readKey(header []string) *Problem {
	switch {
	case len(header) > 1:
		return impossible("key", "the header Idempotency-Key is there %d times", len(header))
	case len(header) == 1 && o.Key != "" && o.Key != header[0]:
		return impossible("key", "the header Idempotency-Key says otherwise")
	case len(header) == 1:
		if o.Key = header[0]; o.Key == "" {
			return impossible("key", "the header Idempotency-Key is empty")
		}
	}
	if len(o.Key) > maxKey {
		return impossible("key", "it has %d bytes, at most %d are taken", len(o.Key), maxKey)
	}
	if strings.HasPrefix(o.Key, ownKey) {
		return impossible("key", "keys that start with %s are the server's", ownKey)
	}
	return nil
}

// readDelivery checks what the claim has for its instance, and whether it is
// to be answered at once, which takes a key.
func (s *server) readDelivery(o *order, r *http.Request) *Problem {
	if field := o.field(); field != "" && s.opt.Deliver == nil {
		return impossible(field, "this server delivers nothing to instances")
	}
	if problem := o.check(); problem != nil {
		return problem
	}
	for _, preferences := range r.Header["Prefer"] {
		for one := range strings.SplitSeq(preferences, ",") {
			o.async = o.async || strings.EqualFold(strings.TrimSpace(one), "respond-async")
		}
	}
	if o.Key == "" && o.async {
		o.Key = ownKey + rand.Text()
	}
	return nil
}

// maxKey bounds keys and the texts of labels, in bytes; ownKey begins those
// that the server makes up.
const (
	maxKey    = 256
	maxLabels = 32
	ownKey    = "~"
)

func checkLabels(labels map[string]string) *Problem {
	if len(labels) > maxLabels {
		return impossible("labels", "%d labels, at most %d are taken", len(labels), maxLabels)
	}
	for name, value := range labels {
		if name == "" || len(name) > maxKey || len(value) > maxKey {
			return impossible("labels", "%.100q: want a name, and at most %d bytes of each", name, maxKey)
		}
	}
	return nil
}

// carryOut claims and delivers.
func (s *server) carryOut(ctx context.Context, o *order, named func(claim string)) (Claim, *Problem) {
	k := key{o.Tenant, o.Key}
	if !o.empty() {
		defer s.opt.Events.bring(k)()
	}
	g, problem := s.obtain(ctx, o, named)
	if problem == nil && s.opt.Deliver != nil {
		problem = s.deliver(ctx, o, &g)
	}
	if problem != nil {
		return Claim{}, problem
	}
	claim := granted(&g)
	claim.Key = shown(o.Key)
	if o.Key != "" {
		s.opt.Events.delivered(k, &claim)
	}
	return claim, nil
}

// shown is a key that the client has given.
func shown(key string) string {
	if strings.HasPrefix(key, ownKey) {
		return ""
	}
	return key
}

// accept answers as soon as a claim waits; it goes on without its client.
func (s *server) accept(w http.ResponseWriter, r *http.Request, o *order) *Problem {
	select {
	case s.kept <- struct{}{}:
	default:
		return Overloaded.problem("too many claims wait without their clients")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), o.deadline)
	// The name comes before or after what becomes of the claim.
	toClient, toTask := make(chan string, 1), make(chan string, 1)
	done := make(chan *Problem, 1)
	go func() {
		defer func() { <-s.kept }()
		defer cancel()
		_, problem := s.carryOut(ctx, o, func(claim string) { toClient <- claim; toTask <- claim })
		select {
		case name := <-toTask:
			if problem != nil {
				s.failures.add(o.failed(name, problem))
				s.opt.Events.failed(name)
			}
		default:
		}
		done <- problem
	}()
	var name string
	select {
	case name = <-toClient:
	case problem := <-done:
		if problem != nil {
			return problem
		}
		name = <-toClient
	case <-r.Context().Done():
		return Withdrawn.problem("the client is gone; its claim is not")
	}
	claim, problem := s.find(r.Context(), name, anyone)
	if problem != nil { // it is over already
		if why := <-done; why != nil {
			return why
		}
		return problem
	}
	w.Header().Set("Location", "/v1/claims/"+url.PathEscape(name))
	w.Header().Set("Preference-Applied", "respond-async")
	_ = answer(w, http.StatusAccepted, &claim)
	return nil
}

// failed is a claim that got no instance.
func (o *order) failed(name string, why *Problem) Claim {
	return Claim{
		Claim: name, State: Ended, Key: shown(o.Key), Category: o.Category, Tenant: o.Tenant, TaskType: o.TaskType, Zone: o.Zone,
		Image: o.Image, Dataset: o.Dataset, Labels: o.Labels, Problem: why,
	}
}

// deliver brings to a promoted instance what is for it, or gives it back.
func (s *server) deliver(ctx context.Context, o *order, g *runtime.Grant) *Problem {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliveryTimeout)
	defer cancel()
	unlock := s.deliveries.lock(g.Claim)
	err := s.opt.Deliver(ctx, *g, o.Delivery)
	unlock()
	if err == nil {
		return nil
	}
	_ = s.host.End(context.WithoutCancel(ctx), g.Claim)
	return DeliveryFailed.problem("the claim was released: %s", o.cleanse(err))
}

// deliveryTimeout bounds a delivery.
const deliveryTimeout = 30 * time.Second

// cleanse is an error's text without the values that nobody may see.
func (d *Delivery) cleanse(err error) string {
	text := err.Error()
	for _, secret := range d.Secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, string(secret), hidden)
		}
	}
	return fmt.Sprintf("%.1000s", text)
}
