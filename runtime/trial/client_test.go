//go:build !race

package trial_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime/api"
)

// A client asks for instances, holds them and gives them back, and asks again
// with the same key for as long as it does not know what has become of a
// request.
type client struct {
	world  *world
	name   string
	tenant string
	rng    *rand.Rand
	enough bool
	idle   bool
}

// A claim is one that a client knows to be his.
type claim struct {
	name      string
	instance  string
	uncertain bool // a release was sent whose answer did not come
}

func newClient(w *world, i int) *client {
	return &client{
		world: w, name: fmt.Sprintf("c%d", i), tenant: fmt.Sprintf("t%d", i%3), rng: rand.New(rand.NewPCG(w.seed, uint64(i))), idle: true,
	}
}

func (c *client) stop() { c.enough = true }

func (c *client) sleep(mean time.Duration) {
	time.Sleep(time.Duration(c.rng.ExpFloat64()*float64(mean)) + time.Duration(1+c.rng.IntN(1000)))
}

func (c *client) run() {
	for n := 0; ; n++ {
		c.sleep(4 * time.Second)
		if c.enough {
			return
		}
		c.idle = false
		k := &c.world.asked[c.rng.IntN(len(c.world.asked))]
		r := api.ClaimRequest{
			Category: k.Name, Tenant: c.tenant, Key: fmt.Sprintf("%s-%d", c.name, n), Warm: policy.Warmth(max(0, c.rng.IntN(8)-5)).String(), DeadlineS: 40,
		}
		if g, ok := c.claim(r); ok {
			held := &claim{name: g.Claim, instance: g.Instance}
			c.world.acquired(c, held, k)
			c.sleep(6 * time.Second)
			c.release(held)
		}
		c.idle = true
	}
}

var errUnreachable = errors.New("no answer")

// call asks whoever leads, by its HTTP API, if somebody does and the network
// works. The error is errUnreachable or a *api.Problem.
func (c *client) call(within time.Duration, method, path string, body, result any) error {
	l := c.world.servers[c.rng.IntN(len(c.world.servers))].now
	if !l.leads() || c.flaky() {
		return errUnreachable
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if c.flaky() { // it hangs up
		time.AfterFunc(time.Duration(c.rng.Int64N(int64(5*time.Second))), cancel)
	}
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	l.api.ServeHTTP(w, r)
	lost := c.flaky()
	if lost || l.dead || ctx.Err() != nil {
		return errUnreachable
	}
	if w.Code/100 == 2 {
		if result == nil {
			return nil
		}
		return json.Unmarshal(w.Body.Bytes(), result)
	}
	p := &api.Problem{}
	if err := json.Unmarshal(w.Body.Bytes(), p); err != nil {
		return fmt.Errorf("%d %s: %w", w.Code, w.Body, err)
	}
	if api.Stopped.Is(p) || api.NoLeader.Is(p) || api.Withdrawn.Is(p) {
		return errUnreachable
	}
	return p
}

func (c *client) flaky() bool { return !c.world.calm && c.rng.IntN(20) == 0 }

// claim asks until it knows the outcome.
func (c *client) claim(r api.ClaimRequest) (g api.Claim, ok bool) {
	for !c.world.ended {
		err := c.call(time.Minute, http.MethodPost, "/v1/claims", r, &g)
		c.world.note("%s asks for %s: %v", c.name, r.Key, err)
		switch {
		case err == nil:
			return g, true
		case errors.Is(err, errUnreachable):
			c.sleep(time.Second)
		case api.Spent.Is(err), api.NotWarm.Is(err), api.Draining.Is(err), api.Overloaded.Is(err), api.NotInTime.Is(err):
			return g, false
		default:
			c.world.failf("%s: a claim ends with %v", c.name, err)
			return g, false
		}
	}
	return g, false
}

// release gives a claim back until it knows that it is.
func (c *client) release(held *claim) {
	w := c.world
	w.books.Lock()
	if w.holders[held.instance] == held {
		delete(w.holders, held.instance)
	}
	w.books.Unlock()
	for !w.ended {
		err := c.call(time.Minute, http.MethodDelete, "/v1/claims/"+held.name, nil, nil)
		switch {
		case err == nil:
			w.note("%s has released %s", c.name, held.name)
			return
		case api.UnknownClaim.Is(err):
			if !held.uncertain && !w.provider.killed[held.instance] {
				w.failf("claim %s of %s on instance %s is forgotten", held.name, c.name, held.instance)
			}
			return
		case !errors.Is(err, errUnreachable):
			w.failf("%s: a release ends with %v", c.name, err)
			return
		}
		held.uncertain = true
		c.sleep(time.Second)
	}
}

// acquired checks a claim that a client has just come to know of.
func (w *world) acquired(c *client, held *claim, k *policy.Category) {
	i := held.instance
	w.books.Lock()
	defer w.books.Unlock()
	w.note("%s has %s on %s", c.name, held.name, i)
	if other := w.holders[i]; other != nil {
		w.failf("instance %s serves %s and %s", i, other.name, held.name)
	}
	if was := w.served[i]; was != "" && was != held.name && !k.Reusable {
		w.failf("instance %s serves %s after %s, and is single-use", i, held.name, was)
	}
	if whose := w.tenants[i]; whose != "" && whose != c.tenant && w.fleet.Isolation == policy.ByTenant {
		w.failf("instance %s of tenant %s serves %s", i, whose, c.tenant)
	}
	w.holders[i], w.served[i], w.tenants[i] = held, held.name, c.tenant
}
