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
	// Pools has the pools set whose requests are replayed and whose instances
	// count; nil is all. The others are there, so that all have their numbers and
	// terms, but nothing is asked of them, and what is ordered for them never
	// comes. The result is that of a part only if Couple lets them be parted.
	Pools []bool
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
	r, err := play(src, &fleet, sizer, opt)
	if err != nil {
		return nil, err
	}
	return r.result(r.tally()), nil
}

// play is a replay that is over.
func play(src trace.Source, fleet *Fleet, sizer policy.Sizer, opt Options) (*replay, error) {
	r, err := newReplay(src, fleet, sizer, opt)
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
	return r, nil
}

// replay is a host of a policy.Controller whose world is a trace.
type replay struct {
	opt    Options
	fleet  *Fleet
	sum    trace.Summary
	ctrl   *policy.Controller
	ref    *referee.Referee // stands before ctrl; nil if there is none
	routes *routes
	leads  []leads // by pool
	fixed  bool    // all lead times are constant and equal to lead
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
	arrived           int64 // so far, this one included
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
	if err := fleet.knows(sum.Strings.Tenant); err != nil {
		return nil, fmt.Errorf("trace %s: %w", sum.Name, err)
	}
	opt.MeasureFrom = max(opt.MeasureFrom, sum.First)
	if opt.StartAt < 0 {
		return nil, fmt.Errorf("the start at %d ns is before 1970", opt.StartAt)
	}
	if opt.StartAt == 0 || opt.StartAt > sum.First {
		opt.StartAt = sum.First
	}
	r := &replay{opt: opt, fleet: fleet, sum: sum, routes: fleet.routes(sum.Strings), row: -1}
	if opt.Pools != nil {
		r.routes.restrict(opt.Pools)
	}
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
	r.m.census.keeps = opt.Pools != nil
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
	if r.ref = r.opt.Referee; r.ref == nil && referees != nil {
		r.ref = referees()
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
				r.announcer = newAnnouncer(src, r.routes, r.opt)
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
	if err := r.last(); err != nil {
		return err
	}
	if r.mark <= r.sum.Last { // the last samples
		r.look(r.sum.Last)
	}
	r.m.end(r.sum.Last)
	if r.days != nil {
		r.days.close(r.m.since(r.arrived))
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
