package policy

// Adaptive with hints. D seconds' notice of a request makes its effective lead
// time L - D (Hariharan and Zipkin, "Customer-order information, leadtimes, and
// inventories", Management Science 41(10), 1995). So the demand over the lead
// time ahead, by which a pool is sized, is that of the requests that no hint
// announces, as forecast from those alone, and that of the hints of which some
// part of the window falls within the lead time (announced), each with the
// probability that its request comes in that part, given that it has not come
// yet: what the hint says, times how often such hints came true (trust). One
// with more notice than that adds nothing before; from then on the price rule
// weighs what it adds as it does all demand. Requests come in crowds, whether
// announced or not: so what begins to count also raises the recent rates that the
// forecast of the others is made of (forecast.Arrivals.Herald). When its request comes, it takes
// both an instance and its part of the level, so that none is launched anew;
// when its window is over, only the latter, and the instance is surplus, unless
// it is worth keeping for others.
//
// A hint that names a target is in addition a demand for that (named), over the
// span ahead in which an instance that is ordered now is prepared: so it opens
// sooner, by what the stages take that it names, and the stages' saving may order
// its instance before the lead time does. That its requests come for what it names
// is learned by itself: they may come, and come for something else.
//
// Calibration plays hints as it plays forecasts: every rung has the level that
// its price gives to the same demand, hints included, from the same instants on.
// A tryout delivers launches up to half a step late, which is nothing for
// requests that may come at any time, but always too late for one that comes a
// lead time later to the instant. So it delivers what it launches for hints up
// to a step early; that it then idles for longer is of no concern, as only misses
// are learned. A request that was announced finds the demand of the others: the
// probability to miss that stands for it before enough were seen is of that.

// leadPoints are the equally likely lead times that hints are timed by.
const leadPoints = 8

// spans fills in the lead times of launches of a pool at t, ascending, ns.
func (a *Adaptive) spans(t Time, id PoolID) {
	lead := a.Lead(t, id)
	for i := range a.ahead {
		a.ahead[i] = nanoseconds(lead.Quantile((float64(i) + 0.5) / leadPoints))
	}
}

// believed is how long the stages of a pool are believed to take.
func (a *Adaptive) believed(p PoolID) *lateness {
	if m := a.assortment(p); m != nil {
		return m.late
	}
	return a.late[p]
}

// reach are the shortest and the longest span before its window within which a
// hint counts, given the spans just filled in: one that names a target counts as
// soon as an instance that is ordered now would be prepared in time.
func (a *Adaptive) reach(row *hintRow) (lo, hi int64) {
	lo, hi = a.ahead[0], a.ahead[leadPoints-1]
	if row.Names != 0 {
		hi = a.believed(row.Pool).ahead(row.Names, &a.ahead)[leadPoints-1]
	}
	return lo, hi
}

// announced reads the demand of the hints that are open: of the requests within
// the lead times of launches, or, if prepared is set, of those within the time
// until an instance is prepared for what their hints name.
func (a *Adaptive) announced(t Time, p *adaptivePool, id PoolID, prepared bool) {
	a.sum.reset()
	if len(p.Open) == 0 {
		return
	}
	a.spans(t, id)
	for _, i := range p.Open {
		row := &a.Hints.Rows[i]
		lo, hi := a.reach(row)
		ahead := a.ahead
		if prepared && row.Names != 0 {
			ahead = a.believed(id).ahead(row.Names, &a.ahead)
		}
		odds := row.odds(t, ahead[:], row.slack(lo, hi), a.Hints.Trust.of(row.Source))
		a.sum.add(odds, int(row.Count-row.Came))
	}
}

// Announced implements HintSizer.
func (a *Adaptive) Announced(t Time, h Hint) bool {
	h.Target = Target{}.With(a.facets[h.Pool], h.Target)
	if own := a.staged[h.Pool].ReservedFor; own != 0 && h.Target.Tenant != own {
		h.Target.Tenant = 0 // another's does not come here
	}
	i, ok := a.Hints.add(t, h)
	if !ok {
		return false
	}
	a.Hints.Rows[i].Names, _ = a.staged[h.Pool].Missing(Target{}, h.Target)
	p := &a.Pools[h.Pool]
	if p.Arrivals == nil {
		p = a.begin(t, h.Pool)
	}
	a.await(t, i, p, h.Pool)
	return true
}

// await opens a hint where it is time, and sets its next look.
func (a *Adaptive) await(t Time, i uint32, p *adaptivePool, id PoolID) {
	a.spans(t, id)
	row := &a.Hints.Rows[i]
	lo, hi := a.reach(row)
	if t >= row.From-hi {
		if row.Open == none {
			a.Hints.open(i, &p.Open)
			p.Arrivals.Herald(float64(row.claims() * a.Hints.Trust.of(row.Source)))
		}
		if row.Names != 0 {
			a.assortment(id).name(a.step(t), i)
		}
	}
	a.Hints.schedule(i, row.next(t, lo, hi))
}

// Withdrawn implements HintSizer.
func (a *Adaptive) Withdrawn(_ Time, id HintID) (PoolID, bool) {
	i, ok := a.Hints.row(id)
	if !ok {
		return 0, false
	}
	pool := a.Hints.Rows[i].Pool
	a.drop(i, pool)
	return pool, true
}

func (a *Adaptive) drop(i uint32, pool PoolID) {
	if len(a.Hints.Rows[i].Keys) > 0 {
		a.assortment(pool).unname(i)
	}
	a.Hints.close(i, &a.Pools[pool].Open)
	a.Hints.remove(i)
}

// NextLook implements HintSizer.
func (a *Adaptive) NextLook() Time { return a.Hints.nextLook() }

// Look implements HintSizer.
func (a *Adaptive) Look(t Time) (PoolID, bool) {
	if a.NextLook() != t {
		return 0, false
	}
	i := a.Hints.Looks.pop().Row
	row := &a.Hints.Rows[i]
	pool := row.Pool
	if t >= row.To {
		a.Hints.settle(i)
		a.drop(i, pool)
		return pool, true
	}
	a.await(t, i, &a.Pools[pool], pool)
	return pool, row.Open != none
}

// Revise implements HintSizer.
func (a *Adaptive) Revise(t Time, id PoolID, s Stock) Level {
	p := &a.Pools[id]
	p.Tryout.advance(t)
	if !a.crowded(t, p, id) {
		a.heed(t, id, false)
		a.size(t, p, id)
		p.Tryout.prepare(t)
	}
	return p.Level.besides(p.Services.back(s.InUse))
}

// heralded takes a request of a hint off what is announced, and says whether
// that was outstanding, and whether the pool is to be sized anew. The demand that
// it leaves to be read is that of the others.
func (a *Adaptive) heralded(t Time, r Request) (was, resize bool) {
	i, ok := a.Hints.row(r.Hint)
	if !ok || a.Hints.Rows[i].Pool != r.Pool {
		return false, false
	}
	p := &a.Pools[r.Pool]
	row := &a.Hints.Rows[i]
	if row.Open == none { // it comes before its window
		p.Arrivals.Herald(1)
	}
	if row.Names != 0 {
		if other, _ := a.staged[r.Pool].Missing(r.Target(a.facets[r.Pool]), row.Target); other == 0 {
			row.Met++
		}
	}
	if len(row.Keys) > 0 {
		a.assortment(r.Pool).rename(i)
	}
	if a.Hints.came(i) {
		a.Hints.settle(i)
		a.drop(i, r.Pool)
	}
	resize = !a.crowded(t, p, r.Pool)
	if resize {
		a.heed(t, r.Pool, false)
		a.read(t, p, r.Pool)
		a.risk(p)
	}
	return true, resize
}

// crowded says whether a pool has just been sized for so many hints that one
// more or less is not worth doing it again: what comes then takes a part of the
// level that is launched anew, as if the next hint had opened with it.
func (a *Adaptive) crowded(t Time, p *adaptivePool, id PoolID) bool {
	return len(p.Open) > mostConvolved && t-p.SizedAt < nanoseconds(a.leads[id]/sizesPerLead)
}

// sizesPerLead bounds how often a crowded pool is sized in a lead time, ticks
// aside.
const sizesPerLead = 128
