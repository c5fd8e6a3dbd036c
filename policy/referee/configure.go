package referee

import "shadowpool/policy"

// Configure is the controller's event.
func (r *Referee) Configure(t policy.Time, config policy.Config, sizer policy.Sizer) error {
	if config.Check() != nil { // the controller stays as it is
		return r.ctrl.Configure(t, config, sizer)
	}
	if r.begin(entry{time: t, kind: configure}, policy.ClassArrival) {
		r.adopt(config, sizer)
	}
	if err := r.ctrl.Configure(t, config, sizer); err != nil {
		r.fail(Host, "a configuration that is checked is refused: %v", err)
		return err
	}
	r.settle()
	return nil
}

// adopt takes over a configuration and makes pools for new categories.
func (r *Referee) adopt(config policy.Config, sizer policy.Sizer) {
	if config.Tick == 0 {
		config.Tick = policy.DefaultTick
	}
	lived := r.lived
	r.lived = r.lives(&config)
	r.config = config
	r.decide(sizer)
	for i, k := range config.Categories {
		if i == len(r.pools) {
			r.pools = append(r.pools, pool{pauses: unhindered})
		}
		p := &r.pools[i]
		if renewed := k.Generation != p.category.Generation; renewed && len(r.slots) > 0 {
			r.outdate(policy.PoolID(i), p)
		}
		p.category = k
		p.charge(&k)
		p.rollout.configure(&k)
		p.short, p.hollow, p.surplus, p.lonely, p.expires, p.old = policy.Never, policy.Never, policy.Never, policy.Never, policy.Never, policy.Never
	}
	if r.lived {
		r.renew(lived)
	}
}

// decide takes over what the referee asks a sizer for.
func (r *Referee) decide(sizer policy.Sizer) {
	r.traits = sizer.Traits()
	r.early = r.config.Binding == policy.Early || r.traits.OwnLaunch
	_, r.layers = sizer.(policy.LayerSizer)
	r.evicts, _ = sizer.(policy.EvictingSizer)
	r.stops, _ = sizer.(policy.StoppingSizer)
	r.hints, _ = sizer.(policy.HintSizer)
}

// outdate makes all instances of a pool stale: there is another generation.
// What failed was of the former, so that launches pause no more for it.
func (r *Referee) outdate(id policy.PoolID, p *pool) {
	for _, in := range r.slots {
		if in != nil && in.pool == id && !in.stale {
			in.stale, in.claimed = true, false
			p.rollout.stale++
		}
	}
	p.pauses.forgive()
}

// renew looks anew at the age of every instance, and at the launches that are
// in vain. Where ages did not count before they do from now on.
func (r *Referee) renew(counted bool) {
	for _, in := range r.slots {
		if in == nil {
			continue
		}
		if !in.stale {
			in.aging = false
		}
		if !counted {
			in.born, in.hasBorn = r.now, in.state != launching
		}
		if in.state != launching {
			in.due = r.due(in, in.pool)
			continue
		}
		switch vain := r.forbidden(in, in.pool); {
		case vain:
			r.giveUp(in)
		case in.role == inVain:
			r.recast(in, forPool)
		}
	}
}

// giveUp lets a launch go on in vain. Who waited for it alone is first in line
// again; who was to be relieved by it stays on spot.
func (r *Referee) giveUp(in *instance) {
	r.touch(in.pool)
	if w := in.own; w != nil {
		in.own, w.own = nil, nil
		r.recast(in, inVain)
		r.place(w, true)
		r.placing, r.chosen = nil, nil // many may be, each at its time
		return
	}
	if from := in.partner; from != nil {
		in.partner, from.partner = nil, nil
	}
	r.recast(in, inVain)
}

// regiven is a request whose launch a configuration has just given up, and which
// an instance may serve as one of a pool; nil if there is none.
func (r *Referee) regiven(in *instance, to policy.PoolID) *request {
	if r.event.kind != configure {
		return nil
	}
	for i := range r.pools {
		for _, q := range r.pools[i].queue {
			if _, may := r.adapting(in.pool, to, q); may && q.placed == r.events && r.suits(in, q) {
				return q
			}
		}
	}
	return nil
}
