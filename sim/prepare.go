package sim

import "shadowpool/policy"

// stages are the random streams of a category's stages of warm-up.
type stages struct {
	laws []LeadTime
	// ahead are the draws of instances that are prepared, by their number;
	// late those of requests whose instance lacked the stage, by row, so that
	// a request finds the same times under every policy.
	ahead, late []stream
	next        uint64
}

func newStages(k Category, seed uint64) stages {
	s := stages{laws: k.StageTimes}
	for _, stage := range k.Stages {
		s.ahead = append(s.ahead, newStream(seed, "prepare", k.Name, stage.Name))
		s.late = append(s.late, newStream(seed, "stage", k.Name, stage.Name))
	}
	return s
}

// A preparation is an instance on its way to a target.
type preparation struct {
	// is is what the instance is prepared for, and to what it is being
	// prepared for, until event, which is 0 when it is not.
	is, to policy.Target
	event  uint32
	// ends are when the stages that it lacked are done, in their order, ns;
	// 0 for those that it did not lack. Only meaningful while event is not 0 and started.
	ends    [8]policy.Time
	started bool
}

// finish is an event of the calendar of preparations: the instance whose it
// was when it was scheduled.
type finish struct{ slot uint32 }

// preparations carries out what instances are to be prepared for.
type preparations struct {
	stages   []stages      // by pool
	rows     []preparation // by the instance's slot
	calendar *calendar
	slots    []slot   // of the calendar, one an event, the first unused
	finishes []finish // by the event
	free     []uint32
	came     Prepared
}

func newPreparations(f *Fleet, seed uint64, start policy.Time) *preparations {
	p := &preparations{slots: make([]slot, 1), finishes: make([]finish, 1)}
	staged := false
	for _, k := range f.Categories {
		staged = staged || len(k.Stages) > 0
		p.stages = append(p.stages, newStages(k, seed))
	}
	if !staged {
		return nil
	}
	p.calendar = newCalendar(&p.slots, start)
	return p
}

// launched makes room for a launch in a slot.
func (p *preparations) launched(s uint32) {
	for int(s) >= len(p.rows) {
		p.rows = append(p.rows, preparation{})
	}
	p.drop(s)
	p.rows[s] = preparation{}
}

// replaced makes what takes over a request what the instance was that served it.
func (p *preparations) replaced(from, to uint32) {
	p.drop(to)
	p.rows[to].is = p.rows[from].is
}

// aim has the instance in a slot prepared for a target, from t on if it is
// warm, else from when it becomes so.
func (p *preparations) aim(t policy.Time, s uint32, k *Category, pool uint32, to policy.Target, warm bool) {
	row := &p.rows[s]
	row.is = row.state(k, t)
	row.event, row.started, row.to = 0, false, to
	row.event = p.take(s)
	if warm {
		p.start(t, s, k, pool)
	}
}

func (p *preparations) take(s uint32) uint32 {
	e := uint32(len(p.slots))
	if n := len(p.free); n > 0 {
		e = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		p.slots = append(p.slots, slot{})
		p.finishes = append(p.finishes, finish{})
	}
	p.finishes[e] = finish{s}
	return e
}

// start begins a preparation at t.
func (p *preparations) start(t policy.Time, s uint32, k *Category, pool uint32) {
	row := &p.rows[s]
	if row.event == 0 || row.started {
		return
	}
	row.started = true
	lacks, _ := k.Missing(row.is, row.to)
	g := &p.stages[pool]
	j := g.next
	g.next++
	for i := range k.Stages {
		row.ends[i] = 0
		if lacks&(1<<i) != 0 {
			t += g.laws[i].Quantile(g.ahead[i].uniform(j))
			row.ends[i] = t
		}
	}
	p.calendar.schedule(t, row.event)
}

// state is what an instance is prepared for at t: of a preparation under way,
// the stages that are done.
func (row *preparation) state(k *Category, t policy.Time) policy.Target {
	is := row.is
	if row.event == 0 || !row.started {
		return is
	}
	is = is.Kept(row.to)
	for i := range k.Stages {
		if end := row.ends[i]; end != 0 && end <= t {
			is = is.With(k.Stages[i].Of, row.to)
		}
	}
	return is
}

// promote is how long the stages take that an instance lacks for the request
// of a row, which needs a target, from t on. What it was being prepared for is
// of use where it is the same. counts is set for requests of the measured span.
func (p *preparations) promote(t policy.Time, s uint32, k *Category, pool uint32, needs policy.Target, of int64, counts bool) int64 {
	row := &p.rows[s]
	is := row.state(k, t)
	lacks, _ := k.Missing(is, needs)
	g := &p.stages[pool]
	took := int64(0)
	if needed, _ := k.Missing(policy.Target{}, needs); needed != 0 && counts {
		p.came.Needing++
		if lacks == 0 {
			p.came.Found++
		}
	}
	for i := range k.Stages {
		if lacks&(1<<i) == 0 {
			continue
		}
		if row.event != 0 && row.started && row.ends[i] > t && k.Stages[i].Agrees(row.to, needs) {
			// It goes on; the stages before it have ended or are waited for too.
			took = max(took, row.ends[i]-t)
			continue
		}
		took += g.laws[i].Quantile(g.late[i].uniform(uint64(of)))
	}
	p.drop(s)
	row.is = is.Over(needs)
	return took
}

// drop forgets a preparation that is overtaken; its event, if it is scheduled,
// comes to nothing.
func (p *preparations) drop(s uint32) {
	row := &p.rows[s]
	if row.event != 0 && !row.started {
		p.free = append(p.free, row.event)
	}
	row.event = 0
}

// pop is the slot of the instance whose preparation ends now, and whether it
// was not overtaken.
func (p *preparations) pop() (s uint32, current bool) {
	e := p.calendar.pop()
	s = p.finishes[e].slot
	p.free = append(p.free, e)
	row := &p.rows[s]
	if row.event != e {
		return s, false
	}
	row.event = 0
	row.is = row.is.Over(row.to)
	return s, true
}
