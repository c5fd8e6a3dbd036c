package agents

import (
	"maps"
	"slices"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/runtime/learn"
	"shadowpool/runtime/wire"
)

// margin is by how much more another plan must save for a shadow to change to
// it, as a share.
const margin = 0.1

// plans are those that were made for some shadows; others like them get the
// same.
type plans map[planKey]planned

type planKey struct {
	category, tenant string
	done             plan.Hash
}

type planned struct {
	plan.Plan
	items []plan.Item
}

func (p plans) of(l *learn.Learner, s learn.Shadow) (planned, error) {
	key := planKey{s.Category, s.Tenant, plan.Plan{Steps: s.Done}.Hash()}
	if made, ok := p[key]; ok {
		return made, nil
	}
	var made planned
	var err error
	if made.Plan, made.items, err = l.Plan(s); err == nil {
		p[key] = made
	}
	return made, err
}

// assign gives a shadow its plan, or a better one than it has. The office is not
// locked while it thinks.
func (o *Office) assign(name string, made plans) {
	o.mu.Lock()
	s := o.sessions[name]
	if s == nil || s.id == "" || s.claim != "" {
		o.mu.Unlock()
		return
	}
	id, has, old := s.id, s.planned, s.plan
	shadow := learn.Shadow{Category: s.identity.Category, Tenant: s.identity.Tenant, Done: s.steps()}
	o.mu.Unlock()
	p, err := made.of(o.opt.Learner, shadow)
	change := len(p.Steps) > 0
	if err == nil && has {
		change, err = plan.Better(p.items, shadow.Done, old, p.Plan, margin)
	}
	if err != nil {
		o.opt.Logger.Error("no plan could be made", "instance", name, "error", err)
		return
	}
	if !change {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sessions[name] != s || s.id != id || s.claim != "" {
		return
	}
	if err := s.follow(p.Plan); err != nil {
		o.opt.Logger.Error("a plan could not be written", "instance", name, "error", err)
	}
}

// review looks the plans of all shadows over.
func (o *Office) review() {
	o.mu.Lock()
	names := slices.Sorted(maps.Keys(o.sessions))
	o.mu.Unlock()
	made := make(plans)
	for _, name := range names {
		o.assign(name, made)
	}
}

// mostFinished is how many requests that are over wait to be learned from; what
// is beyond that is not learned.
const mostFinished = 100_000

// A finished request, as Finish is told of it.
type finished struct {
	claim string
	learn.Finished
}

// Finish is told of every request that is over. What its agent has reported
// belongs to it, or will. It waits for nothing: Run learns from it.
func (o *Office) Finish(claim string, f learn.Finished) {
	o.in.Lock()
	defer o.in.Unlock()
	if len(o.inbox) < mostFinished {
		o.inbox = append(o.inbox, finished{claim, f})
	}
	select {
	case o.news <- struct{}{}:
	default:
	}
}

// study learns from what Finish was told.
func (o *Office) study() {
	o.in.Lock()
	inbox := o.inbox
	o.inbox = nil
	o.in.Unlock()
	for _, f := range inbox {
		o.mu.Lock()
		o.learn(o.owed.finish(f.claim, f.Finished, f.At))
		o.mu.Unlock()
	}
}

func (o *Office) learn(all []learn.Finished) {
	for _, f := range all {
		o.opt.Learner.Finish(f)
	}
}

// use is told what the task of a claim has used.
func (o *Office) use(s *session, e *wire.Event, now time.Time) {
	u := used{cpu: e.Usage.CPUS}
	for _, d := range e.Usage.Datasets {
		u.datasets = append(u.datasets, learn.Use{Name: d.Name, Read: d.Read, Size: d.Size})
	}
	for _, d := range s.done {
		step, err := d.Plan()
		if err != nil || d.Error != "" && d.Fraction == 0 {
			continue
		}
		took := step.Takes
		if step.Kind == plan.Prefetch {
			// What was there already took no time: what was read counts.
			if d.Bytes <= 0 || d.Whole <= 0 {
				continue
			}
			took = time.Duration(float64(took) * float64(d.Whole) / float64(d.Bytes))
		}
		u.stages = append(u.stages, learn.Stage{Kind: step.Kind, Name: step.Name, Took: took})
	}
	o.learn(o.owed.use(e.Claim, u, now))
}
