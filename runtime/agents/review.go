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

// assign gives a shadow its plan, or a better one than it has.
func (o *Office) assign(s *session) {
	if s.id == "" || s.claim != "" {
		return
	}
	done := s.steps()
	p, items, err := o.opt.Learner.Plan(learn.Shadow{Category: s.identity.Category, Tenant: s.identity.Tenant, Done: done})
	if err != nil {
		o.opt.Logger.Error("no plan could be made", "instance", s.name, "error", err)
		return
	}
	if s.planned {
		better, err := plan.Better(items, done, s.plan, p, margin)
		if err != nil || !better {
			return
		}
	} else if len(p.Steps) == 0 {
		return
	}
	if err := s.follow(p); err != nil {
		o.opt.Logger.Error("a plan could not be written", "instance", s.name, "error", err)
	}
}

// review looks the plans of all shadows over.
func (o *Office) review() {
	o.mu.Lock()
	names := slices.Sorted(maps.Keys(o.sessions))
	o.mu.Unlock()
	for _, name := range names {
		o.mu.Lock() // by session: thousands take a while
		if s := o.sessions[name]; s != nil {
			o.assign(s)
		}
		o.mu.Unlock()
	}
}

// Finish is told of every request that is over. What its agent has reported
// belongs to it, or will.
func (o *Office) Finish(claim string, f learn.Finished) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.learn(o.owed.finish(claim, f, f.At))
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
