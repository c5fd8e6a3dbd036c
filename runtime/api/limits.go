package api

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound each tenant, those that name none being one. A zero is no bound.
type Limits struct {
	Rate    float64 // claims a second, on average
	Burst   int     // claims at once beyond that; zero is as many as Rate makes in a second
	Claims  int     // that wait or are held at one time
	Waiting int     // that wait at one time
	// Fair is how many claims of one category and zone may wait in the host at
	// one time; the others stand in a line of their tenant's, and the lines take
	// turns. A tenant that has none in the host may have one always. Zero:
	// there are no lines, and the host serves who comes first.
	Fair int
	// Tenants are told apart, of those who have claims or were here lately;
	// those beyond share one tenant's limits. Zero is 10,000.
	Tenants int
}

// A gate keeps the tenants' accounts.
type gate struct {
	Limits
	events *Events
	lines  lines

	mu       sync.Mutex
	accounts map[string]*account
	swept    time.Time
	crowd    *account // of the tenants beyond the bound
}

// An account is what a tenant has under way.
type account struct {
	rate    *rate.Limiter
	waiting int
}

func newGate(l Limits, events *Events) *gate {
	if l.Burst == 0 {
		l.Burst = max(1, int(math.Ceil(l.Rate)))
	}
	if l.Tenants == 0 {
		l.Tenants = 10_000
	}
	g := &gate{Limits: l, events: events, lines: newLines(l.Fair), accounts: make(map[string]*account)}
	g.crowd = g.open()
	return g
}

func (g *gate) open() *account {
	a := &account{}
	if g.Rate > 0 {
		a.rate = rate.NewLimiter(rate.Limit(g.Rate), g.Burst)
	}
	return a
}

// bounded tells whether there is anything to count.
func (g *gate) bounded() bool { return g.Rate > 0 || g.Claims > 0 || g.Waiting > 0 }

// enter counts a claim that begins to wait, or refuses it. leave is to be
// called with what it returns. A claim that joins another is none of its own.
func (g *gate) enter(tenant string, joins bool) (*account, *Problem) {
	if !g.bounded() {
		return nil, nil
	}
	held := 0
	if g.Claims > 0 && g.events != nil {
		held = g.events.heldBy(tenant)
	}
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.account(tenant, now)
	if !joins {
		if g.Waiting > 0 && a.waiting >= g.Waiting {
			return nil, TooManyRequests.problem("%d requests of the tenant wait already, which is its limit", a.waiting).after(time.Second)
		}
		if g.Claims > 0 && a.waiting+held >= g.Claims {
			return nil, TooManyRequests.problem("the tenant has %d claims that wait or are held, which is its limit", a.waiting+held).after(time.Second)
		}
	}
	if a.rate != nil {
		r := a.rate.ReserveN(now, 1)
		if wait := r.DelayFrom(now); wait > 0 {
			r.CancelAt(now)
			return nil, TooManyRequests.problem("the tenant may make %v claims a second", g.Rate).after(wait)
		}
	}
	a.waiting++
	return a, nil
}

// leave says that a claim waits no more.
func (g *gate) leave(a *account) {
	if a == nil {
		return
	}
	g.mu.Lock()
	a.waiting--
	g.mu.Unlock()
}

// account is a tenant's. What no one needs any more makes room.
func (g *gate) account(tenant string, now time.Time) *account {
	if a := g.accounts[tenant]; a != nil {
		return a
	}
	if len(g.accounts) >= g.Tenants && now.Sub(g.swept) > time.Second {
		g.swept = now
		for name, a := range g.accounts {
			if a.waiting == 0 && (a.rate == nil || a.rate.TokensAt(now) >= float64(g.Burst)) {
				delete(g.accounts, name)
			}
		}
	}
	if len(g.accounts) >= g.Tenants {
		return g.crowd
	}
	a := g.open()
	g.accounts[tenant] = a
	return a
}
