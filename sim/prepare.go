package sim

import (
	"slices"

	"shadowpool/policy"
)

// stages are the random streams of a category's stages of warm-up.
type stages struct {
	facets policy.Facet // by which they go
	laws   []LeadTime
	by     []map[policy.Target]LeadTime // by stage, of single keys
	// ahead are the draws of instances that are prepared, by their number;
	// late those of requests whose instance lacked the stage, by row, so that
	// a request finds the same times under every policy.
	ahead, late []stream
	next        uint64
}

func newStages(k Category, seed uint64) stages {
	s := stages{facets: k.Facets(), laws: k.StageTimes, by: k.TimesBy}
	for _, stage := range k.Stages {
		s.ahead = append(s.ahead, newStream(seed, "prepare", k.Name, stage.Name))
		s.late = append(s.late, newStream(seed, "stage", k.Name, stage.Name))
	}
	return s
}

// time is how long a stage takes for a target: the time that a share u does not exceed.
func (g *stages) time(stage int, of policy.Facet, to policy.Target, u float64) int64 {
	law := g.laws[stage]
	if g.by != nil && g.by[stage] != nil {
		if own, ok := g.by[stage][policy.Target{}.With(of, to)]; ok {
			law = own
		}
	}
	return law.Quantile(u)
}

// A preparation is an instance on its way to a target. 64 bytes, as every event
// touches one, and beside it what the instance is by then (doneStage).
type preparation struct {
	// to is what it is being prepared for, by the stages that are asked for, until
	// event, which is 0 when it is not.
	to policy.Target
	// began is when it began with the stages that it lacked, one after the other, of
	// which some are left. Only meaningful while event is not 0 and started.
	began        policy.Time
	event        uint32
	asked        uint8
	lacked, left uint8
	// late are the stages that it lacked for the request that it serves.
	late    uint8
	started bool
	// further is for what else the stages were done that keep several keys, the
	// longest ago first.
	further []policy.KeptKey
}

// doneStage is a stage of an instance: what it was done for last, and how long
// it took if the instance lacked it, ns.
type doneStage struct {
	key  policy.Target
	took int64
}

// instance is an instance's preparation, and its stages by their index.
type instance struct {
	*preparation
	stages []doneStage
}

// finish is an event of the calendar of preparations: the instance whose it
// was when it was scheduled.
type finish struct{ slot uint32 }

// preparations carries out what instances are to be prepared for.
type preparations struct {
	stages   []stages      // by pool
	rows     []preparation // by the instance's slot
	done     []doneStage   // by the slot times most, and stage
	most     int           // stages of a category
	calendar *calendar
	slots    []slot   // of the calendar, one an event, the first unused
	finishes []finish // by the event
	free     []uint32
	came     Prepared
}

func newPreparations(f *Fleet, seed uint64, start policy.Time) *preparations {
	p := &preparations{slots: make([]slot, 1), finishes: make([]finish, 1)}
	for _, k := range f.Categories {
		p.most = max(p.most, len(k.Stages))
		p.stages = append(p.stages, newStages(k, seed))
	}
	if p.most == 0 {
		return nil
	}
	p.calendar = newCalendar(&p.slots, start)
	return p
}

// launched makes room for a launch in a slot.
func (p *preparations) launched(s uint32) {
	for int(s) >= len(p.rows) {
		p.rows = append(p.rows, preparation{})
		p.done = append(p.done, make([]doneStage, p.most)...)
	}
	p.drop(s)
	p.rows[s] = preparation{further: p.rows[s].further[:0]}
	clear(p.of(s).stages)
}

func (p *preparations) of(s uint32) instance {
	return instance{&p.rows[s], p.done[int(s)*p.most:][:p.most]}
}

// replaced makes what takes over a request what the instance was that served it.
func (p *preparations) replaced(from, to uint32) {
	p.drop(to)
	copy(p.of(to).stages, p.of(from).stages)
}

// aim has the instance in a slot do stages for a target, from t on if it is
// warm, else from when it becomes so.
func (p *preparations) aim(t policy.Time, s uint32, k *Category, pool uint32, to policy.Target, stages uint8, warm bool) {
	row := &p.rows[s]
	if row.event != 0 {
		p.of(s).settle(k, t)
		p.drop(s)
	}
	row.started, row.to, row.asked, row.late = false, to, stages, 0
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
	row := p.of(s)
	if row.event == 0 || row.started {
		return
	}
	row.started, row.began, row.lacked = true, t, 0
	g := &p.stages[pool]
	j := g.next
	g.next++
	for i := range k.Stages {
		of := &k.Stages[i]
		if row.asked&(1<<i) == 0 || !of.Needs(row.to) || row.has(i, of.Key(row.to)) {
			continue
		}
		row.lacked |= 1 << i
		if row.asked == policy.AllStages {
			row.leave(k, i)
		}
		took := g.time(i, of.Of, row.to, g.ahead[i].uniform(j))
		row.stages[i].took = took
		t += took
	}
	row.left = row.lacked
	p.calendar.schedule(t, row.event)
}

// has says whether a stage is done for a key.
func (row instance) has(i int, key policy.Target) bool {
	return row.stages[i].key == key || row.keeps(i, key)
}

func (row instance) keeps(i int, key policy.Target) bool {
	return len(row.further) > 0 && slices.Contains(row.further, policy.KeptKey{Stage: uint8(i), Key: key})
}

// leave ends what a stage was done for last; it stays where several are kept.
func (row instance) leave(k *Category, i int) {
	if was := row.stages[i].key; was != (policy.Target{}) && k.Stages[i].Keeps > 1 {
		row.keep(k, policy.KeptKey{Stage: uint8(i), Key: was}, k.Stages[i].Keeps-1)
	}
	row.stages[i].key = policy.Target{}
}

// keep adds a further key, of which a stage keeps at most so many.
func (row *preparation) keep(k *Category, key policy.KeptKey, most int) {
	row.further = append(row.further, key)
	same := func(o policy.KeptKey) bool { return o.Stage == key.Stage }
	n := 0
	for _, o := range row.further {
		if same(o) {
			n++
		}
	}
	if n > most {
		i := slices.IndexFunc(row.further, same)
		row.further = slices.Delete(row.further, i, i+1)
	}
}

// become has a stage done for a key that it was not done for last.
func (row instance) become(k *Category, i int, key policy.Target) {
	row.leave(k, i)
	row.stages[i].key = key
	if at := slices.Index(row.further, policy.KeptKey{Stage: uint8(i), Key: key}); at >= 0 {
		row.further = slices.Delete(row.further, at, at+1)
	}
}

// settle notes what is done at t of a preparation that is under way.
func (row instance) settle(k *Category, t policy.Time) {
	if row.event == 0 || !row.started {
		return
	}
	end := row.began
	for i := range k.Stages {
		if row.lacked&(1<<i) == 0 {
			continue
		}
		if end += row.stages[i].took; end > t {
			return
		}
		if row.left&(1<<i) != 0 {
			row.finish(k, i)
			row.left &^= 1 << i
		}
	}
}

// finish notes that a stage of the preparation is done.
func (row instance) finish(k *Category, i int) {
	if row.asked == policy.AllStages {
		if key := k.Stages[i].Key(row.to); key != row.stages[i].key {
			row.become(k, i, key)
		}
		return
	}
	row.keep(k, policy.KeptKey{Stage: uint8(i), Key: row.to}, k.Stages[i].Keeps-1)
}

// promote is how long the stages take that an instance lacks for the request
// of a row, which needs a target, from t on. What it was being prepared for is
// of use where it is the same. counts is set for requests of the measured span.
func (p *preparations) promote(t policy.Time, s uint32, k *Category, pool uint32, needs policy.Target, of int64, counts bool) int64 {
	row := p.of(s)
	row.settle(k, t)
	g := &p.stages[pool]
	needed, took := false, int64(0)
	end, underWay := row.began, row.event != 0 && row.started
	row.late = 0
	for i := range k.Stages {
		stage := &k.Stages[i]
		if row.lacked&(1<<i) != 0 {
			end += row.stages[i].took
		}
		if !stage.Needs(needs) {
			continue
		}
		needed = true
		key := stage.Key(needs)
		if row.stages[i].key == key {
			continue
		}
		switch {
		case row.keeps(i, key):
		case underWay && row.left&(1<<i) != 0 && stage.Agrees(row.to, needs):
			// It goes on; the stages before it have ended or are waited for too.
			row.late |= 1 << i
			took = max(took, end-t)
		default:
			row.late |= 1 << i
			row.stages[i].took = g.time(i, stage.Of, needs, g.late[i].uniform(uint64(of)))
			took += row.stages[i].took
		}
		row.become(k, i, key)
	}
	if needed && counts {
		p.came.Needing++
		if row.late == 0 {
			p.came.Found++
		}
	}
	if row.event != 0 {
		p.drop(s)
	}
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

// pop is the slot of the instance whose preparation ends now, the stages that it
// carried out, and whether it was not overtaken.
func (p *preparations) pop(t policy.Time, category func(s uint32) *Category) (s uint32, stages uint8, current bool) {
	e := p.calendar.pop()
	s = p.finishes[e].slot
	p.free = append(p.free, e)
	row := &p.rows[s]
	if row.event != e {
		return s, 0, false
	}
	stages = row.left
	p.of(s).settle(category(s), t)
	row.event = 0
	return s, stages, true
}
