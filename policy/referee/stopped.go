package referee

import (
	"time"

	"shadowpool/policy"
)

// wanted is how many stopped instances a pool is to have.
func (r *Referee) wanted(id policy.PoolID, p *pool) int32 {
	if r.draining || r.stops == nil || p.category.Stopped == nil {
		return 0
	}
	return max(r.stops.Stopped(id), 0)
}

// wants is how many it lacks, those aside that are launched for it.
func (r *Referee) wants(id policy.PoolID, p *pool) int32 {
	return r.wanted(id, p) - int32(len(p.stopped)) - p.coming[forStopped]
}

// isHollow says whether a pool that has reached its level surely must launch
// for its stopped stock. After a full quota that waits, in the whole fleet.
func (r *Referee) isHollow(id policy.PoolID, p *pool, level policy.Level) bool {
	least, _ := r.position(p)
	full := r.full != policy.Never && r.now <= r.full+int64(longestBackoff+r.config.Tick)
	return least >= level.Stock && !full && r.wants(id, p) > 0 && r.fits(p) && r.hasMoney(p, false)
}

// patience is for how long a stopped instance is kept that is not wanted: until
// its storage has cost as much as a launch.
func (p *pool) patience() time.Duration {
	k := &p.category
	if k.Stopped.Price <= 0 && k.LeadTime > 0 {
		return longestPatience
	}
	return time.Duration(min(float64(k.LeadTime)*k.Price/max(k.Stopped.Price, 1e-9), float64(longestPatience)))
}

const longestPatience = 20 * 366 * 24 * time.Hour

// inexact is what spans that are computed in floating point may differ by.
const inexact = time.Microsecond

// stop checks that an instance may be stopped, and counts it.
func (r *Referee) stop(id policy.InstanceID, pid policy.PoolID) {
	in := r.living(id)
	if in == nil || in.state != idle || in.pool != pid {
		r.fail(Life, "instance %s is stopped in pool %d, but is not idle there", nameOf(id), pid)
		return
	}
	p := &r.pools[pid]
	switch {
	case p.category.Stopped == nil:
		r.fail(Stopped, "pool %d stops instance %s, which its category does not allow", pid, nameOf(id))
		return
	case in.on != policy.OnDemand:
		r.fail(Stopped, "instance %s is stopped, but is on spot", nameOf(id))
	case in.tenant != 0:
		r.fail(Isolation, "instance %s is stopped for anyone, but tied to tenant %d", nameOf(id), in.tenant)
	case in.stale || in.aging:
		r.fail(Stopped, "instance %s is stopped, but is on its way out", nameOf(id))
	case r.freed(in, warm) && in.role == forStopped && int32(len(p.stopped)) < r.wanted(pid, p): // it was launched for that
	case r.wants(pid, p) <= 0:
		r.fail(Stopped, "pool %d stops instance %s, but has %d stopped and %d on their way, and wants %d", pid, nameOf(id), len(p.stopped), p.coming[forStopped], r.wanted(pid, p))
	default:
		r.surplus(in)
	}
	r.quit(in)
	in.state, in.since = stopped, r.now
	in.busy = false
	p.stopped = append(p.stopped, in)
}

// mustStop says whether an instance that has just become warm was launched to be
// stopped, and must be: nobody waits, and it is still wanted.
func (r *Referee) mustStop(in *instance) bool {
	p := &r.pools[in.pool]
	return in.role == forStopped && !in.stale && !in.aging && len(p.queue) == 0 && int32(len(p.stopped)) < r.wanted(in.pool, p)
}

// resume checks that a stopped instance may launch again, and counts it.
func (r *Referee) resume(id policy.InstanceID, pid policy.PoolID, why policy.Reason) {
	in := r.living(id)
	if in == nil || in.state != stopped || in.pool != pid {
		r.fail(Life, "instance %s is resumed in pool %d, but is not stopped there", nameOf(id), pid)
		return
	}
	p := &r.pools[pid]
	if last := p.stopped[len(p.stopped)-1]; last != in {
		r.fail(Stopped, "instance %s is resumed, but instance %s was stopped last", nameOf(id), nameOf(last.id))
	}
	r.quit(in)
	in.state, in.ordered, in.resumed = launching, r.now, true
	switch why {
	case policy.ForLevel:
		r.forLevel(in)
	case policy.ForMiss:
		if q := r.placing; q != nil && q.Warm == policy.NeverWarm {
			r.fail(Warmth, "instance %s is resumed for request %d, which wants a new one", nameOf(id), q.ID)
		}
		r.forMiss(in)
	default:
		r.fail(Life, "instance %s is resumed because of %v", nameOf(id), why)
	}
	r.mayLaunch(in)
}

// discarded checks that a stopped instance may end.
func (r *Referee) discarded(in *instance, why policy.Reason) {
	p := &r.pools[in.pool]
	holds := false
	switch why {
	case policy.Surplus:
		want := r.wanted(in.pool, p)
		holds = r.event.kind == tick && int32(len(p.stopped)) > want && r.now-in.since >= int64(p.patience()-inexact)
	case policy.TooOld:
		holds = r.ages(in) && (r.event.kind == tick || r.event.kind == configure)
	case policy.Outdated:
		holds = in.stale && r.event.kind == configure
	case policy.NotKept:
		holds = p.category.Stopped == nil && r.event.kind == configure
	case policy.Drained:
		holds = r.draining
	case policy.Reclaimed:
		holds = r.freed(in, notice)
	case policy.ForMoney:
		r.mayPay(in)
		return
	}
	if !holds {
		r.fail(Stopped, "instance %s of pool %d, stopped since %d ns, is ended because of %v, which is not so", nameOf(in.id), in.pool, in.since, why)
	}
}

// stored checks the stopped stock of a pool after an event.
func (r *Referee) stored(id policy.PoolID, p *pool) {
	if r.event.kind == tick && len(p.stopped) > 0 {
		oldest, want := p.stopped[0], r.wanted(id, p)
		if int32(len(p.stopped)) > want && r.now-oldest.since > int64(p.patience()+inexact) {
			r.fail(Stopped, "pool %d has %d stopped instances and wants %d; instance %s has been there since %d ns", id, len(p.stopped), want, nameOf(oldest.id), oldest.since)
		}
	}
	if len(p.stopped) > 0 && p.category.Stopped == nil {
		r.fail(Stopped, "pool %d has %d stopped instances, which its category does not allow", id, len(p.stopped))
	}
	if len(p.stopped) > 0 && r.draining {
		r.fail(Surplus, "pool %d is drained and has stopped instances", id)
	}
}
