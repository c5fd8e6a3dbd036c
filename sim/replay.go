package sim

import (
	"errors"
	"fmt"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/policy/referee"
	"shadowpool/trace"
)

// Options are the choices of one run.
type Options struct {
	// Seed of the lead times' random streams.
	Seed uint64
	// MeasureFrom opens the measured span; before it (or at zero) the whole
	// trace is measured.
	MeasureFrom policy.Time
	// StartAt is when the controller starts, where that is before the first
	// arrival; else (or at zero) it starts at the first arrival.
	StartAt policy.Time
	// StartWarm makes the first launches warm at once.
	StartWarm bool
	// Log records the controller's actions; nil does not.
	Log *policy.Log
	// Timeline is the number of samples of the pool over the measured span
	// that the result carries; 0 is none.
	Timeline int
	// Days gathers the figures by day that the result then carries.
	Days bool
	// Hints says what is announced to policies that make use of it.
	Hints Hints
	// Shortfall makes the result say where the requests fall that did not hit.
	Shortfall bool
	// Referee watches the run, which fails at the first law that is broken; nil
	// is none.
	Referee *referee.Referee
	// Progress is called now and then with the number of requests that have
	// arrived; nil is not.
	Progress func(requests int64)
	// Interrupt ends the run with its error as soon as it returns one; nil
	// never does.
	Interrupt func() error
}

// Run replays a trace against a sizer and measures it. The sizer must be new
// and is used up. Errors are of the source, or name what does not fit
// together.
func Run(src trace.Source, fleet Fleet, sizer policy.Sizer, opt Options) (*Result, error) {
	r, err := newReplay(src, &fleet, sizer, opt)
	if err != nil {
		return nil, err
	}
	err = r.run(src)
	if r.ref != nil {
		err = errors.Join(r.ref.Err(), err)
	}
	if err != nil {
		return nil, err
	}
	if opt.Log != nil {
		if err := opt.Log.Flush(); err != nil {
			return nil, fmt.Errorf("writing the decision log: %w", err)
		}
	}
	return r.result(), nil
}

// replay is a host of a policy.Controller whose world is a trace.
type replay struct {
	opt    Options
	fleet  *Fleet
	sum    trace.Summary
	ctrl   *policy.Controller
	ref    *referee.Referee // stands before ctrl; nil if there is none
	poolOf []policy.PoolID  // by the trace's category
	leads  []leads          // by pool
	fixed  bool             // all lead times are constant and equal to lead
	lead   int64

	starting bool // during Controller.Start
	warm     fifo // launches, when lead times are constant and equal
	warms    *calendar
	ends     *calendar // releases, and failures of launches
	slots    []slot
	preps    *preparations // nil where no category has stages
	cloud    cloud

	// The request that is arriving, so that a hit needs no look-up.
	row               int64
	request           policy.Request
	arrival, duration int64
	outcome           policy.Outcome // if it did not have to wait
	rows              window
	heeds             bool       // the policy makes use of hints
	announcer         *announcer // nil where nothing is announced

	m     *meter
	line  *timeline
	days  *days
	short *shortfalls
	mark  policy.Time // when the meter, the timeline or the days next need a look
}

// leads is a category's stream of lead times.
type leads struct {
	dist     LeadTime
	draws    stream
	next     uint64
	tide     *tide // where launches have something in common
	fail     float64
	fails    stream
	slow     float64 // share of the launches that take slowdown times as long
	slows    stream
	slowdown float64
}

func newLeads(k Category, p Provider, seed uint64) leads {
	l := leads{
		dist: k.Lead, draws: newStream(seed, "lead", k.Name),
		slow: p.Stragglers, slowdown: p.Slowdown, slows: newStream(seed, "straggler", k.Name),
	}
	if law, ok := k.Lead.(Lognormal); ok {
		l.fail, l.fails = law.Fail, newStream(seed, "fail", k.Name)
		if law.Common > 0 {
			l.tide = newTide(newStream(seed, "tide", k.Name))
		}
	}
	return l
}

// launch is the lead time of the next launch, which is ordered at t, and
// whether it then fails.
func (l *leads) launch(t policy.Time) (lead int64, fails bool) {
	j := l.next
	l.next++
	fails = l.fail > 0 && l.fails.uniform(j) < l.fail
	lead = l.draw(t, j)
	if l.slow > 0 && l.slows.uniform(j) < l.slow {
		lead = int64(min(float64(lead)*l.slowdown, float64(config.MaxLeadTime)))
	}
	return lead, fails
}

func (l *leads) draw(t policy.Time, j uint64) int64 {
	switch law := l.dist.(type) {
	case *Recorded:
		return law.launch(j)
	case Lognormal:
		if l.tide != nil {
			return law.given(l.tide.at(t), l.draws.uniform(j))
		}
	}
	return l.dist.Quantile(l.draws.uniform(j))
}

func newReplay(src trace.Source, fleet *Fleet, sizer policy.Sizer, opt Options) (*replay, error) {
	sum := src.Summary()
	if sum.Rows == 0 {
		return nil, fmt.Errorf("trace %s has no requests", sum.Name)
	}
	if sum.First < 0 || sum.Last > lastArrival {
		return nil, fmt.Errorf("trace %s: arrivals lie outside of 1970 to 2100; is the unit of its times right (--time-unit)?", sum.Name)
	}
	if opt.MeasureFrom > sum.Last {
		return nil, fmt.Errorf("trace %s: the measured span begins after the last arrival", sum.Name)
	}
	if err := fleet.validate(); err != nil {
		return nil, err
	}
	opt.MeasureFrom = max(opt.MeasureFrom, sum.First)
	if opt.StartAt < 0 {
		return nil, fmt.Errorf("the start at %d ns is before 1970", opt.StartAt)
	}
	if opt.StartAt == 0 || opt.StartAt > sum.First {
		opt.StartAt = sum.First
	}
	r := &replay{opt: opt, fleet: fleet, sum: sum, poolOf: fleet.pools(sum.Strings.Category), row: -1}
	if err := r.control(sizer); err != nil {
		return nil, err
	}
	r.fixed = true
	for _, k := range fleet.Categories {
		r.leads = append(r.leads, newLeads(k, fleet.Provider, opt.Seed))
		_, constant := k.Lead.(Constant)
		r.fixed = r.fixed && constant && k.Lead == fleet.Categories[0].Lead
	}
	if r.fixed {
		r.lead = int64(fleet.Categories[0].Lead.Mean())
	}
	r.fixed = r.fixed && fleet.Provider.Stragglers == 0
	r.cloud = newCloud(fleet, opt.Seed, opt.StartAt)
	r.warm.soon = forever
	r.warms = newCalendar(&r.slots, opt.StartAt)
	r.ends = newCalendar(&r.slots, opt.StartAt)
	r.preps = newPreparations(fleet, opt.Seed, opt.StartAt)
	r.m = newMeter(fleet, opt.StartAt, opt.MeasureFrom)
	if opt.Timeline > 0 {
		r.line = newTimeline(opt.MeasureFrom, sum.Last, opt.Timeline)
	}
	if opt.Days {
		r.days = &days{next: policy.Never}
	}
	if opt.Shortfall {
		r.short = newShortfalls(fleet)
	}
	_, r.heeds = sizer.(policy.HintSizer)
	return r, nil
}

// referees gives every run a referee that is not given one; tests may set it.
var referees func() *referee.Referee

// control makes the controller, and lets the referee stand before it.
func (r *replay) control(sizer policy.Sizer) (err error) {
	config := r.fleet.PolicyConfig()
	if r.ref = r.opt.Referee; r.ref == nil && referees != nil && r.fleet.watchable() {
		r.ref = referees()
	}
	if r.ref != nil && !r.fleet.watchable() {
		return fmt.Errorf("the fleet has spot, stopped instances, a budget or limits of the provider, which a referee does not watch yet")
	}
	if r.ref == nil {
		r.ctrl, err = policy.New(config, sizer, r)
	} else {
		r.ctrl, err = r.ref.Control(config, sizer, r)
	}
	if err == nil {
		r.ctrl.SetLog(r.opt.Log)
	}
	return err
}

const (
	lastArrival     = 4_102_444_800 * int64(time.Second) // the year 2100
	longestDuration = 16 * 366 * 24 * int64(time.Hour)
	// longestPause is longer than any launch takes: what has not been served
	// when nothing else has happened for so long never is.
	longestPause = 2 * int64(config.MaxLeadTime)
)

func (r *replay) run(src trace.Source) error {
	r.look(r.opt.StartAt)
	started := false
	for chunk, err := range src.Chunks() {
		if err != nil {
			return err
		}
		if err := r.check(chunk); err != nil {
			return err
		}
		if !started {
			started = true
			if r.heeds && r.opt.Hints.any(chunk) {
				r.announcer = newAnnouncer(src, r.poolOf, r.opt)
				defer r.announcer.stop()
			}
			r.starting = true
			if r.ref == nil {
				r.ctrl.Start(r.opt.StartAt)
			} else {
				r.ref.Start(r.opt.StartAt)
			}
			r.starting = false
		}
		r.rows.add(chunk)
		if err := r.arrive(chunk); err != nil {
			return err
		}
		r.rows.read()
		if r.opt.Progress != nil {
			r.opt.Progress(chunk.First + int64(chunk.Len()))
		}
		if r.opt.Interrupt != nil {
			if err := r.opt.Interrupt(); err != nil {
				return err
			}
		}
	}
	if r.mark <= r.sum.Last { // the last samples
		r.look(r.sum.Last)
	}
	r.m.end(r.sum.Last)
	if r.days != nil {
		r.days.close(r.m.since(r.row + 1))
	}
	r.mark = policy.Never
	// Until every request is served; what only the policy's timers would
	// still do is no longer of interest.
	for waiting, since := int64(0), r.sum.Last; r.waiting() > 0; {
		t := r.soonest()
		if n := r.waiting(); n != waiting {
			waiting, since = n, t
		}
		if t == forever || t-since > longestPause && r.ends.soon == forever && len(r.cloud.jobs) == 0 {
			return fmt.Errorf("trace %s: %d requests are never served: the limits of the fleet leave no instance for them", r.sum.Name, waiting)
		}
		r.deliver(t + 1)
	}
	return nil
}

// waiting is how many requests have arrived and have no instance.
func (r *replay) waiting() int64 { return r.rows.waiting + int64(len(r.cloud.again)) }

// soonest is a time that no event is before, forever if there is none.
func (r *replay) soonest() policy.Time {
	timer, _ := r.ctrl.NextTimer()
	if r.fixed {
		return min(timer, r.warm.soon, r.ends.soon, r.cloud.soon)
	}
	return min(timer, r.warms.soon, r.ends.soon, r.cloud.soon)
}

// check refuses what a hand-made source might contain.
func (r *replay) check(c *trace.Chunk) error {
	last := r.arrival
	for i, t := range c.Arrival {
		if d := c.Duration[i]; t < last || d < 0 || d > longestDuration {
			return fmt.Errorf("trace %s: row %d: arrivals must ascend, and durations lie between 0 and %v", r.sum.Name, c.First+int64(i), time.Duration(longestDuration))
		}
		last = t
	}
	for i, k := range c.Category {
		if r.poolOf[k] == noPool {
			return fmt.Errorf("trace %s: row %d asks for category %q, which the fleet does not have; add it to fleet.categories or give fleet.default", r.sum.Name, c.First+int64(i), r.sum.Strings.Category[k])
		}
	}
	if c.Category == nil && r.poolOf[0] == noPool {
		return fmt.Errorf("trace %s has no categories, and the fleet has none named \"\"; use --pooled", r.sum.Name)
	}
	return nil
}

// arrive replays the requests of one chunk, and all events before them.
func (r *replay) arrive(c *trace.Chunk) error {
	pool := r.poolOf[0]
	var q policy.Request
	var hint policy.HintID
	for i, t := range c.Arrival {
		if r.announcer != nil {
			if err := r.announce(t); err != nil {
				return err
			}
			hint = r.announcer.of(c, i)
		}
		r.deliver(t)
		if t >= r.mark {
			r.look(t)
		}
		if c.Category != nil {
			pool = r.poolOf[c.Category[i]]
		}
		identify(&q, &c.Columns, i)
		r.row, r.arrival, r.duration = c.First+int64(i), t, c.Duration[i]
		r.rows.arriving()
		q.ID, q.Pool, q.Hint = policy.RequestID(r.row), pool, hint
		if r.cloud.spot {
			r.request = q
		}
		if r.ref == nil {
			r.ctrl.Arrive(t, q)
		} else {
			r.ref.Arrive(t, q)
		}
		if r.short != nil && t >= r.opt.MeasureFrom {
			r.short.count(t, pool, q.Tenant, !r.rows.here && r.outcome == policy.Hit)
		}
		r.rows.arrived()
	}
	return nil
}

// announce tells the controller of what is announced up to an arrival at t. What
// was before the start is announced then.
func (r *replay) announce(t policy.Time) error {
	for {
		a, ok, err := r.announcer.due(t)
		if !ok {
			return err
		}
		at := max(a.at, r.opt.StartAt)
		r.deliver(at)
		if at >= r.mark {
			r.look(at)
		}
		if r.ref == nil {
			r.ctrl.Announce(at, a.hint)
		} else {
			r.ref.Announce(at, a.hint)
		}
	}
}

// identify fills in what is known of a row beside its category.
func identify(q *policy.Request, c *trace.Columns, i int) {
	if c.Tenant != nil {
		q.Tenant = c.Tenant[i]
	}
	if c.TaskType != nil {
		q.TaskType = uint32(c.TaskType[i])
	}
	if c.Image != nil {
		q.Image = c.Image[i]
	}
	if c.Dataset != nil {
		q.Dataset = c.Dataset[i]
	}
}

// deliver hands the controller every event before an arrival at t, in order.
func (r *replay) deliver(t policy.Time) {
	for {
		timer, class := r.ctrl.NextTimer()
		warm, end := r.warm.soon, r.ends.soon
		if !r.fixed {
			warm = r.warms.soon
		}
		if r.preps != nil && r.preps.calendar.soon <= min(warm, end, r.cloud.soon, timer, t) && r.preps.calendar.soon != forever {
			r.prepared()
			continue
		}
		switch event := min(warm, end, r.cloud.soon); {
		case event > timer:
			if timer > t || timer == t && class > policy.ClassArrival {
				return
			}
			if timer >= r.mark {
				r.look(timer)
			}
			if r.ref == nil {
				r.ctrl.Fire()
			} else {
				r.ref.Fire()
			}
		case event > t || event == forever:
			return
		case r.cloud.soon == event && r.cloudFirst(warm, end):
			r.happen()
		case warm <= end:
			if !r.fixed && !r.warms.exact() {
				r.warms.resolve()
				continue
			}
			if event >= r.mark {
				r.look(event)
			}
			s := r.popWarm()
			row := &r.slots[s]
			r.m.warmed(event, row)
			r.becameWarm(event, s)
		default:
			if !r.ends.exact() {
				r.ends.resolve()
				continue
			}
			if event >= r.mark {
				r.look(event)
			}
			s := r.ends.pop()
			row := &r.slots[s]
			if !row.served {
				r.m.failed(event, row)
				id := row.id(s)
				if r.cloud.limited {
					r.forget(row)
				}
				if r.ref == nil {
					r.ctrl.Fail(event, id, policy.BootFailed)
				} else {
					r.ref.Fail(event, id, policy.BootFailed)
				}
				continue
			}
			r.m.released(event, row)
			if r.ref == nil {
				r.ctrl.Release(event, row.id(s))
			} else {
				r.ref.Release(event, row.id(s))
			}
		}
	}
}

// becameWarm tells of an instance that is warm now, and lets its preparation
// begin unless it is already claimed.
func (r *replay) becameWarm(t policy.Time, s uint32) {
	r.slots[s].warm = true
	if r.ref == nil {
		r.ctrl.Warm(t, r.slots[s].id(s))
	} else {
		r.ref.Warm(t, r.slots[s].id(s))
	}
	if r.preps != nil && r.slots[s].warm && !r.slots[s].served {
		k := &r.fleet.Categories[r.slots[s].pool]
		r.preps.start(t, s, k, r.slots[s].pool)
	}
}

// prepared delivers the next preparation, or finds out when that is.
func (r *replay) prepared() {
	if !r.preps.calendar.exact() {
		r.preps.calendar.resolve()
		return
	}
	t := r.preps.calendar.soon
	if t >= r.mark {
		r.look(t)
	}
	if s, current := r.preps.pop(); current {
		if r.m.open && !r.m.closed {
			r.preps.came.Preparations++
		}
		if r.ref == nil {
			r.ctrl.Prepared(t, r.slots[s].id(s))
		} else {
			r.ref.Prepared(t, r.slots[s].id(s))
		}
	}
}

func (r *replay) popWarm() uint32 {
	if r.fixed {
		return r.warm.pop()
	}
	return r.warms.pop()
}

// look does what is due at or before t in meter and timeline.
func (r *replay) look(t policy.Time) {
	if !r.m.open && t >= r.opt.MeasureFrom {
		r.m.begin(r.opt.MeasureFrom)
		if r.days != nil {
			r.days.begin(r.opt.MeasureFrom, r.m.since(r.row+1))
		}
	}
	if r.days != nil && !r.m.closed {
		r.days.turn(t, r.m, r.row+1)
	}
	if t-r.m.origin >= foldSpan {
		r.m.moveOrigin(t)
	}
	r.mark = r.m.origin + foldSpan
	if !r.m.open {
		r.mark = min(r.mark, r.opt.MeasureFrom)
	}
	if r.days != nil && !r.m.closed {
		r.mark = min(r.mark, r.days.next)
	}
	if r.line != nil && !r.m.closed {
		r.line.sample(t, r.m)
		r.mark = min(r.mark, r.line.next)
	}
}
