package api

import (
	"context"
	"strings"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// follow adds the claims that the host had when it started: it has them of a
// server before it, and nobody is told of those.
func (e *Events) follow(host Host) {
	select {
	case <-host.Ready():
	case <-host.Done():
		return
	}
	e.mu.Lock()
	e.name = host.ClaimName
	e.mu.Unlock()
	var there []runtime.ClaimStatus
	after := ""
	for {
		part, err := host.Claims(context.Background(), after, maxPage)
		if err != nil {
			return // it has stopped
		}
		there = append(there, part...)
		if len(part) < maxPage {
			break
		}
		after = part[len(part)-1].Claim
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range there {
		if id, ok := host.RequestOf(there[i].Claim); ok && e.claims[id] == nil && !e.gone[id] {
			e.adopt(id, &there[i])
		}
	}
	e.over, e.gone = nil, nil
}

// adopt adds a claim that is there.
func (e *Events) adopt(id policy.RequestID, c *runtime.ClaimStatus) {
	f := &followed{key: key{c.Tenant, c.Key}}
	if c.State == Held {
		_, number, _ := strings.Cut(c.Instance, "-")
		f.held, f.instance = true, instanceNumber(number)
		if e.over[f.instance] {
			return
		}
		e.serving[f.instance] = id
		e.held[c.Tenant]++
	}
	for instance, claim := range e.serving { // since the list was made
		if claim == id && !f.held {
			f.held, f.instance = true, instance
			e.held[c.Tenant]++
		}
	}
	e.claims[id] = f
	if c.Key != "" {
		e.keys[f.key] = id
	}
}
