package agent

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/runtime/wire"
)

// obey carries out an order.
func (a *agent) obey(o wire.Order) {
	switch o.Kind {
	case wire.OrderPlan:
		p, err := plan.ParseJSON(o.Plan)
		switch {
		case err != nil:
			a.Logger.Error("a plan that cannot be read", "error", err)
		case a.claim != nil || a.work == nil: // it serves already
		case p.Tenant != "" && p.Tenant != a.identity.Tenant:
			a.Logger.Error("a plan for another tenant", "tenant", p.Tenant)
		default:
			a.work.follow(p)
		}
	case wire.OrderPromote:
		a.promote(o.Promotion)
	case wire.OrderRelease:
		if a.claim != nil && a.claim.Claim == o.Claim {
			a.release()
			a.reporter.tell(wire.Event{Kind: wire.EventReady, Claim: o.Claim, Address: a.address})
		}
	}
}

// promote stops the predictive workload and applies the configuration of a
// request.
func (a *agent) promote(p *wire.Promotion) {
	if a.claim != nil && a.claim.Claim == p.Claim {
		a.reporter.tell(wire.Event{Kind: wire.EventPromoted, Claim: p.Claim})
		return
	}
	e := wire.Event{Kind: wire.EventPromoted, Claim: p.Claim}
	if a.work != nil {
		e.StoppedS = a.work.halt(patience).Seconds()
	}
	began := time.Now()
	a.release()
	a.claim, a.since, a.told = p, began, false
	a.set(func() { a.state, a.serving = wire.Serving, p.Claim })
	a.data.begin(p.Tenant)
	secretsIn := wire.SecretsInFiles
	if a.now != nil {
		secretsIn = a.now.SecretsIn
	}
	variables, err := a.place.apply(p, secretsIn)
	if err == nil && a.OnPromote {
		err = a.start(variables)
	}
	if err != nil || a.starting == nil {
		e.AppliedS = time.Since(began).Seconds()
		a.promoted(e, err)
		return
	}
	// Who has asked for it gets it when it is ready.
	s := a.service
	a.starting = nil
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), serviceTime)
		defer cancel()
		address, err := s.await(ctx)
		e.AppliedS, e.Address = time.Since(began).Seconds(), address
		a.promoted(e, err)
	}()
}

func (a *agent) promoted(e wire.Event, err error) {
	if err != nil {
		e.Error = wire.Clip(err.Error())
		a.Logger.Error("the configuration of a request could not be applied", "claim", e.Claim, "error", err)
	}
	a.reporter.tell(e)
}

// start starts the service, with the variables of a request if there is one.
func (a *agent) start(variables []string) error {
	var environment []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SHADOWPOOL_AGENT_") {
			environment = append(environment, e)
		}
	}
	environment = append(environment, a.place.environment()...)
	environment = append(environment, "SHADOWPOOL_DATA_URL="+a.data.url(a.data.task), "SHADOWPOOL_DATASETS="+filepath.Join(a.dir, "cache", "datasets"))
	s, err := startService(a.Command, append(environment, variables...), a.line, a.Out, a.Errs)
	if err != nil {
		return err
	}
	a.service = s
	starting := make(chan string, 1)
	a.starting = starting
	if !a.OnPromote {
		go func() {
			if address, err := s.await(context.Background()); err == nil {
				starting <- address
			} // else the loop sees that it has ended
		}()
	}
	return nil
}

// release ends what was served, and leaves nothing of it.
func (a *agent) release() {
	if a.claim == nil {
		return
	}
	if a.OnPromote && a.service != nil {
		a.service.end(a.StopGrace)
		a.tellUsage()
		a.service = nil
	}
	a.tellUsage()
	a.claim = nil
	a.set(func() { a.state, a.serving = wire.Ready, "" })
	if err := a.place.wipe(); err != nil {
		a.Logger.Error("what a request has brought could not be removed", "error", err)
	}
	a.data.begin(a.identity.Tenant)
}

// tellUsage tells once what the task of a claim has used.
func (a *agent) tellUsage() {
	if a.claim == nil || a.told {
		return
	}
	a.told = true
	u := wire.Usage{Seconds: time.Since(a.since).Seconds(), Datasets: a.data.used()}
	if s := a.service; s != nil && a.OnPromote && closed(s.ended) {
		cpu, memory := s.spent()
		u.CPUS, u.MemoryBytes = cpu.Seconds(), memory
	}
	a.reporter.tell(wire.Event{Kind: wire.EventUsage, Claim: a.claim.Claim, Usage: &u})
}
