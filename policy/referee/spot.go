package referee

import "shadowpool/policy"

// Notice is the controller's event.
func (r *Referee) Notice(t policy.Time, id policy.InstanceID) {
	in := r.concerns(entry{time: t, kind: notice, instance: id}, policy.ClassRelease, launching, idle, serving, stopped)
	if in != nil {
		in.noticed = true
	}
	r.ctrl.Notice(t, id)
	r.heeded = in != nil && in.state == gone
	if in != nil && r.found == nil && in.state != gone && in.state != serving {
		r.fail(Spot, "instance %s is %v after the notice that the provider takes it back", nameOf(id), in.state)
	}
	r.settle()
}

// cheaperOnSpot says whether an hour of a warm instance is cheaper there: what
// is taken back is launched again. It is undecided where both cost the same.
func (p *pool) cheaperOnSpot() (is, undecided bool) {
	s := p.category.Spot
	if s == nil {
		return false, false
	}
	hour := s.Price * (1 + s.Interruptions*p.category.LeadTime.Hours())
	hour = (1-s.Refused)*hour + s.Refused*p.category.Price
	almost := hour - p.category.Price
	return almost < 0, almost < 1e-9 && almost > -1e-9
}

// urgent says whether a launch, which counts already, is for a request that waits,
// and whether that is sure: Configure tells at its end who waits anew.
func (r *Referee) urgent(in *instance, why policy.Reason) (is, sure bool) {
	if why != policy.ForLevel {
		return why == policy.ForMiss, true
	}
	least, most := r.position(&r.pools[in.pool])
	return most <= 0, (most <= 0 || least > 0) && r.event.kind != configure
}

// suitsType checks the capacity type of a launch: shadows go where they are
// cheaper, launches for those who wait are on demand, and what a type does not
// give is ordered of the other. What is stopped goes before, for who waits.
func (r *Referee) suitsType(in *instance, why policy.Reason) {
	p := &r.pools[in.pool]
	if in.on == policy.Spot && p.category.Spot == nil {
		r.fail(Spot, "instance %s is launched on spot, which its category does not have", nameOf(in.id))
		return
	}
	urgent, sure := r.urgent(in, why)
	if !sure {
		return
	}
	if n := len(p.stopped); n > 0 && urgent && r.lone == nil && r.hadMoney(in, p.prices[policy.OnDemand]-p.storage) {
		r.fail(Stopped, "instance %s launches for a request, and instance %s is stopped", nameOf(in.id), nameOf(p.stopped[n-1].id))
	}
	if p.category.Spot == nil {
		return
	}
	first := policy.OnDemand
	if why == policy.ForLevel && !urgent {
		cheaper, undecided := p.cheaperOnSpot()
		if undecided {
			return
		}
		if cheaper {
			first = policy.Spot
		}
	}
	if in.on != first && !p.hindered(first) && r.hadMoney(in, p.prices[first]) {
		r.fail(Spot, "instance %s launches on %v because of %v, and %v goes first", nameOf(in.id), in.on, why, first)
	}
}

// hadMoney says whether the budget had room for a price in place of that of a
// launch which has just been counted.
func (r *Referee) hadMoney(in *instance, price int64) bool {
	if r.config.Budget == 0 {
		return true
	}
	all, _ := r.spending()
	return all-r.cost(in)+price <= millionths(r.config.Budget)
}

// promoted notes what a promotion on spot must bring: a launch that takes the
// request over, where there is room and money for it and nothing has failed.
func (r *Referee) promoted(in *instance) {
	p := &r.pools[in.pool]
	r.owed()
	r.fresh = nil
	if in.on != policy.Spot || p.category.Spot == nil || !p.category.Spot.Replace {
		return
	}
	r.fresh = in
	r.relief = r.fits(p) && !p.hindered(policy.OnDemand) && r.hasMoney(p, false)
}

// owed checks that the launch has come that the last promotion on spot was to bring.
func (r *Referee) owed() {
	if r.relief {
		r.fail(Spot, "instance %s on spot serves request %d, and no instance is launched to take over", nameOf(r.fresh.id), r.fresh.serves.ID)
	}
	r.relief = false
}

// relieves checks a launch that is to take over from spot.
func (r *Referee) relieves(in *instance) {
	from := r.fresh
	if from == nil || from.pool != in.pool || from.partner != nil || in.on != policy.OnDemand {
		r.fail(Spot, "instance %s launches on %v to take over from spot, but nothing has just been promoted there", nameOf(in.id), in.on)
		return
	}
	in.role = forRelief
	in.partner, from.partner = from, in
	r.fresh, r.relief = nil, false
}

// replaced moves a request from spot.
func (r *Referee) replaced(fromID, toID policy.InstanceID) {
	from, to := r.living(fromID), r.living(toID)
	switch {
	case from == nil || to == nil || to.partner != from:
		r.fail(Life, "instance %s takes over from instance %s, for which it was not launched", nameOf(toID), nameOf(fromID))
		return
	case from.state != serving || to.state != idle || !r.freed(to, warm):
		r.fail(Life, "instance %s, which is %v, takes over from instance %s, which is %v", nameOf(toID), to.state, nameOf(fromID), from.state)
		return
	}
	r.handedOut(to)
	from.partner, to.partner = nil, nil
	r.quit(to)
	to.state, to.serves, to.tenant, to.is = serving, from.serves, from.tenant, from.is
	to.uses++
	r.pools[to.pool].serving++
	r.quit(from)
	from.state, from.serves = idle, nil
	r.relieved = from
	shelf := r.pools[from.pool].shelf(from)
	*shelf = append(*shelf, from)
}
