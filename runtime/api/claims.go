package api

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"shadowpool/runtime"
)

// described is a claim as everyone may see it who may see it at all.
func (s *server) described(c *runtime.ClaimStatus) Claim {
	out := Claim{
		Claim: c.Claim, State: c.State, Key: shown(c.Key), Category: c.Category, Tenant: c.Tenant, TaskType: c.TaskType, Zone: c.Zone,
		Image: c.Image, Dataset: c.Dataset, Labels: c.Labels, Arrived: &c.Arrived, Outcome: c.Outcome,
	}
	if c.State != Held {
		return out
	}
	out.Assigned, out.WaitS = &c.Assigned, c.Assigned.Sub(c.Arrived).Seconds()
	granted, delivering := s.opt.Events.state(key{c.Tenant, c.Key})
	if delivering {
		out.State = Delivering
		return out
	}
	out.Instance, out.Address = c.Instance, c.Address
	if granted != nil {
		out.PID, out.Environment, out.Reason, out.WaitS = granted.PID, granted.Environment, granted.Reason, granted.WaitS
	}
	return out
}

// find is a claim that who may see.
func (s *server) find(ctx context.Context, name string, who *Principal) (Claim, *Problem) {
	status, err := s.host.ClaimOf(ctx, name)
	if errors.Is(err, runtime.ErrNoClaim) {
		if c, failed := s.failures.find(name); failed && who.sees(c.Tenant) {
			return c, nil
		}
	}
	if err == nil && !who.sees(status.Tenant) { // as if there were none
		err = runtime.ErrNoClaim
	}
	if err != nil {
		return Claim{}, problemOf(err)
	}
	return s.described(&status), nil
}

func (s *server) claimOf(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	var wait time.Duration
	if text := r.URL.Query().Get("wait"); text != "" {
		var err error
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 || wait > maxPoll {
			return impossible("wait", "%.40q is not a span from 0s to %v, such as 30s", text, maxPoll)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait+30*time.Second)
	defer cancel()
	name := r.PathValue("id")
	changed, stop := s.opt.Events.watch(name)
	defer stop()
	over := time.NewTimer(wait)
	defer over.Stop()
	for wait > 0 {
		claim, problem := s.find(ctx, name, who)
		if problem != nil {
			return problem
		}
		if claim.State == Held || claim.State == Ended {
			break
		}
		select {
		case <-changed:
			continue
		case <-over.C:
		case <-ctx.Done():
		case <-s.host.Done():
		}
		break
	}
	claim, problem := s.find(ctx, name, who)
	if problem != nil {
		return problem
	}
	_ = answer(w, http.StatusOK, &claim)
	return nil
}

// maxPoll is how long a client may wait for a claim with one request.
const maxPoll = 5 * time.Minute

func (s *server) release(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	name := r.PathValue("id")
	if len(who.tenants) > 0 {
		status, err := s.host.ClaimOf(r.Context(), name)
		if err == nil && !who.sees(status.Tenant) {
			err = runtime.ErrNoClaim
		}
		if err != nil {
			return problemOf(err)
		}
	}
	if err := s.host.End(r.Context(), name); err != nil {
		return problemOf(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// A page is which part of a list is asked for.
type page struct {
	after  string // the name of the last one of the page before
	most   int
	tenant string // whose; empty: all that the client may see
}

const maxPage = 1000

func readPage(r *http.Request, who *Principal) (page, *Problem) {
	q := r.URL.Query()
	p := page{most: 100, tenant: q.Get("tenant")}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return p, impossible("limit", "%.40q is not a number from 1 to %d", text, maxPage)
		}
		p.most = n
	}
	if text := q.Get("cursor"); text != "" {
		after, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return p, impossible("cursor", "it is not the next of another page")
		}
		p.after = string(after)
	}
	if p.tenant != "" && !who.sees(p.tenant) {
		problem := Forbidden.problem("tenant: the token is not for %.100q", p.tenant)
		problem.Field = "tenant"
		return p, problem
	}
	return p, nil
}

// shows tells whether what is a tenant's belongs on the page.
func (p *page) shows(tenant string, who *Principal) bool {
	return (p.tenant == "" || p.tenant == tenant) && who.sees(tenant)
}

// collect fills a page from a list that is read in order, a part at a time.
// What is passed over is bounded: a page may have fewer than there is room
// for, even none, and yet a next one.
func collect[T any](p page, list func(after string, most int) ([]T, error), name func(*T) string, add func(*T) bool) (next string, _ *Problem) {
	after := p.after
	for range 20 {
		part, err := list(after, maxPage)
		if err != nil {
			return "", problemOf(err)
		}
		for i := range part {
			after = name(&part[i])
			if add(&part[i]) {
				if p.most--; p.most == 0 {
					if i == len(part)-1 && len(part) < maxPage {
						return "", nil
					}
					return base64.RawURLEncoding.EncodeToString([]byte(after)), nil
				}
			}
		}
		if len(part) < maxPage {
			return "", nil
		}
	}
	return base64.RawURLEncoding.EncodeToString([]byte(after)), nil
}

func (s *server) claims(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	p, problem := readPage(r, who)
	if problem != nil {
		return problem
	}
	ctx, cancel := within(r)
	defer cancel()
	result := ClaimPage{Claims: []Claim{}}
	result.Next, problem = collect(p,
		func(after string, most int) ([]runtime.ClaimStatus, error) { return s.host.Claims(ctx, after, most) },
		func(c *runtime.ClaimStatus) string { return c.Claim },
		func(c *runtime.ClaimStatus) bool {
			shown := p.shows(c.Tenant, who)
			if shown {
				result.Claims = append(result.Claims, s.described(c))
			}
			return shown
		})
	if problem != nil {
		return problem
	}
	_ = slowly(w, &result)
	return nil
}

func (s *server) instances(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	p, problem := readPage(r, who)
	if problem != nil {
		return problem
	}
	ctx, cancel := within(r)
	defer cancel()
	result := InstancePage{Instances: []Instance{}}
	result.Next, problem = collect(p,
		func(after string, most int) ([]runtime.InstanceStatus, error) {
			return s.host.Instances(ctx, after, most)
		},
		func(i *runtime.InstanceStatus) string { return i.Name },
		func(i *runtime.InstanceStatus) bool {
			if id, serves := s.host.RequestOf(i.Claim); serves {
				i.Tenant = s.opt.Events.tenantOf(id, i.Tenant)
			}
			shown := p.shows(i.Tenant, who)
			if shown {
				result.Instances = append(result.Instances, Instance{
					Instance: i.Name, Pool: i.Pool, Category: i.Category, Zone: i.Zone, Tenant: i.Tenant, State: i.State,
					Ordered: i.Ordered, Since: i.Since, Address: i.Address, Claim: i.Claim, Generation: i.Generation,
				})
			}
			return shown
		})
	if problem != nil {
		return problem
	}
	_ = slowly(w, &result)
	return nil
}

// slowly answers with what may be long, to a client that may be slow, for a
// while.
func slowly(w http.ResponseWriter, v any) error {
	c := http.NewResponseController(w)
	_ = c.SetWriteDeadline(time.Now().Add(bodyTimeout))
	defer func() { _ = c.SetWriteDeadline(time.Time{}) }()
	return answer(w, http.StatusOK, v)
}

// failures keep why claims failed whose clients did not wait, for a while.
type failures struct {
	mu    sync.Mutex
	by    map[string]Claim
	order []string // the oldest first
}

const keepFailures = 10_000

func (f *failures) add(c Claim) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.by == nil {
		f.by = make(map[string]Claim)
	}
	f.by[c.Claim] = c
	if f.order = append(f.order, c.Claim); len(f.order) > keepFailures {
		delete(f.by, f.order[0])
		f.order = f.order[1:]
	}
}

func (f *failures) find(claim string) (Claim, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, there := f.by[claim]
	return c, there
}
