package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Verbs are what one may do, as bits.
type Verbs uint8

// The verbs.
const (
	// May claims be made, seen and released, and requests announced.
	MayClaim Verbs = 1 << iota
	// Read what there is: claims, instances, status and metrics.
	Read
	// Operate the server: pause, reset, invalidate, drain, configure.
	Operate
	// Agent is the right of an agent to take part.
	Agent
)

var verbNames = []string{"claim", "read", "operate", "agent"}

// ParseVerbs reads their names; there must be one.
func ParseVerbs(names []string) (Verbs, error) {
	var v Verbs
	for _, name := range names {
		i := slices.Index(verbNames, name)
		if i < 0 {
			return 0, fmt.Errorf("verb %.100q is none of %s", name, strings.Join(verbNames, ", "))
		}
		v |= 1 << i
	}
	if v == 0 {
		return 0, fmt.Errorf("no verbs; some of %s", strings.Join(verbNames, ", "))
	}
	return v, nil
}

// A Principal is who asks, and what it may do.
type Principal struct {
	Name    string
	tenants []string // that it may act for; empty: all
	verbs   Verbs
}

// anyone is who asks a server that asks nobody who they are.
var anyone = &Principal{Name: "anyone", verbs: MayClaim | Read | Operate | Agent}

// sees tells whether what is a tenant's is for p.
func (p *Principal) sees(tenant string) bool {
	return len(p.tenants) == 0 || slices.Contains(p.tenants, tenant)
}

// only is the tenant that p acts for when it names none; empty if it has to.
func (p *Principal) only() string {
	if len(p.tenants) == 1 {
		return p.tenants[0]
	}
	return ""
}

// actFor sets the tenant of what p asks for, or refuses.
func (p *Principal) actFor(tenant *string) *Problem {
	if len(p.tenants) == 0 {
		return nil
	}
	if *tenant == "" {
		if *tenant = p.only(); *tenant == "" {
			return impossible("tenant", "name one of those that the token is for")
		}
	}
	if !p.sees(*tenant) {
		problem := Forbidden.problem("tenant: the token is not for %.100q", *tenant)
		problem.Field = "tenant"
		return problem
	}
	return nil
}

// who finds out who asks.
func (o *Options) who(r *http.Request) (*Principal, *Problem) {
	if o.Tokens == nil && o.CertificateTenant == nil {
		return anyone, nil
	}
	if header := r.Header["Authorization"]; len(header) > 0 {
		scheme, token, _ := strings.Cut(header[0], " ")
		if o.Tokens != nil && len(header) == 1 && strings.EqualFold(scheme, "Bearer") {
			if p := o.Tokens.find(strings.TrimLeft(token, " ")); p != nil {
				return p, nil
			}
		}
		return nil, Unauthenticated.problem("the token is not known here")
	}
	if o.CertificateTenant != nil && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		if tenant := o.CertificateTenant(r.TLS.VerifiedChains[0][0]); tenant != "" {
			return &Principal{Name: "certificate of " + tenant, tenants: []string{tenant}, verbs: MayClaim | Read}, nil
		}
		return nil, Unauthenticated.problem("the certificate names no tenant")
	}
	return nil, Unauthenticated.problem("send Authorization: Bearer TOKEN, or a client certificate where the server takes them")
}

// may tells whether p has one of some verbs. Of what concerns all tenants it
// must be for all.
func (p *Principal) may(one Verbs, all bool) *Problem {
	switch {
	case p.verbs&one == 0:
		return Forbidden.problem("it takes the verb %s", one)
	case all && len(p.tenants) > 0:
		return Forbidden.problem("the token is for single tenants, and this concerns all")
	}
	return nil
}

// String names them.
func (v Verbs) String() string {
	var names []string
	for i, name := range verbNames {
		if v&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}
