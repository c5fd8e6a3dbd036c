package tournament

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"shadowpool/policy"
)

// A Tournament is an observer of a host, to be given to it in
// runtime.Options.Observers. Close it after the host has ended.
type Tournament struct {
	opt     Options
	notes   chan note
	done    chan struct{}
	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	closing sync.Once
	dropped atomic.Int64 // notes

	cut bool // the loop's: the last note was dropped

	mu sync.Mutex // of what follows
	known
	real     reality
	all      []*contender
	live     int // of all
	most     int // inputs, see mostInputs
	began    policy.Time
	broken   string // why it is over before its time; empty if it is not
	drained  bool
	torn     int64 // times that notes were missing
	foreign  int64 // events that were not understood
	damage   damage
	history  []BlockFigures // the latest
	sum      observation
	counted  int64 // observations
	lost     int64 // observations that were not whole
	busy     time.Duration
	heard    policy.Time // of the latest note
	heardAt  time.Time   // when that came
	proposal *Proposal
	switches []Switched
	trial    *trial
	wrong    bias // of the model of the live policy
	// undecided is set when there is an observation that nothing was decided on yet.
	undecided bool
	unsaved   bool // there is evidence that was not kept yet
}

// A contender is a policy that takes part.
type contender struct {
	*world
	spec     policy.Spec
	baseline bool // is there to be compared with, not to be chosen
	barred   bool // was chosen, and taken back
	evidence evidence
}

// New makes a tournament and starts its goroutine. The error names what is
// impossible in the options.
func New(opt Options) (*Tournament, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	t := &Tournament{opt: opt, notes: make(chan note, opt.Buffer), done: make(chan struct{}), most: mostInputs}
	t.line(&opt)
	if err := t.begin(0); err != nil { // so that errors come now
		return nil, err
	}
	t.restart()
	if opt.Saved != nil {
		if err := t.restore(opt.Saved); err != nil {
			opt.Logger.Warn("the tournament begins anew: what was kept of it does not fit", "problem", err)
		}
	}
	t.ctx, t.stop = context.WithCancel(context.Background())
	go t.run()
	return t, nil
}

// line lets the policies line up, and forgets all but the lead times that were learned.
func (t *Tournament) line(opt *Options) {
	learned := make(map[string]leads)
	for i := range t.leads {
		learned[t.fleet.Categories[i].Name] = t.leads[i]
	}
	t.known = known{
		fleet: opt.Fleet, terms: termsOf(&opt.Fleet), now: t.now, first: t.first + int64(len(t.inputs)),
		requests: make(map[policy.RequestID]*request),
	}
	for i := range opt.Fleet.Categories {
		k := &opt.Fleet.Categories[i]
		l, known := learned[k.Name]
		if !known {
			l = newLeads(k, opt.Seed)
		}
		l.expected = int64(k.LeadTime)
		t.leads = append(t.leads, l)
	}
	t.all, t.live = []*contender{{spec: opt.Live, baseline: baselineOf(opt.Live)}}, 0
	if !baselineOf(opt.Live) {
		t.all = append(t.all, &contender{spec: none, baseline: true})
	}
	for _, spec := range opt.Contenders {
		if !baselineOf(spec) {
			t.all = append(t.all, &contender{spec: spec})
		}
	}
	t.worlds = len(t.all)
}

// begin makes the worlds, empty.
func (t *Tournament) begin(start policy.Time) error {
	for _, c := range t.all {
		w, err := newWorld(c.spec, &t.known, int64(t.opt.Block), start)
		if err != nil {
			return fmt.Errorf("tournament: %s: %w", c.spec, err)
		}
		c.world = w
	}
	t.real = reality{books: newBooks(t.terms, int64(t.opt.Block), start), instances: make(map[policy.InstanceID]*instance)}
	return nil
}

// restart begins to gather evidence anew.
func (t *Tournament) restart() {
	judged := 0
	for i, c := range t.all {
		if !c.baseline && i != t.live {
			judged++
		}
	}
	for _, c := range t.all {
		c.evidence = newEvidence(t.opt.Alpha/float64(max(judged, 1)), t.opt.Least)
	}
	t.counted = 0
	t.proposal = nil
}

// Close carries out what is known, and ends the goroutine. The figures can still be
// asked for.
func (t *Tournament) Close() {
	t.closing.Do(func() {
		t.stop()
		close(t.notes)
	})
	<-t.done
}

// atOnce is how many notes are taken before others may look.
const atOnce = 1024

func (t *Tournament) run() {
	defer close(t.done)
	ticker := time.NewTicker(quiet)
	defer ticker.Stop()
	for {
		var n note
		more := true
		select {
		case n, more = <-t.notes:
		case <-ticker.C:
			var begun bool
			if n, begun = t.pause(); !begun {
				continue
			}
		}
		if !more {
			break
		}
		before := t.busy
		if to := t.work(n); to >= 0 {
			t.change(to)
		}
		t.keep()
		// At most half a processor is the tournament's: a burst makes it late, and not the
		// server slow.
		if spent := t.busy - before; spent > time.Millisecond && t.ctx.Err() == nil {
			time.Sleep(spent)
		}
	}
	if _, begun := t.pause(); begun {
		t.work(note{t: t.now + 1})
	}
}

// pause is the note that time has passed, if there was any other.
func (t *Tournament) pause() (note, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return note{t: t.elapsed()}, t.began != 0
}

const (
	// quiet is how often it is looked whether time passes although nothing happens.
	quiet = 5 * time.Second
	// underway is what a note may take at most from the loop to here; one that takes
	// longer counts as having happened later.
	underway = time.Second
)

// elapsed is what time it is by the host's clock at least, going by the latest note.
func (t *Tournament) elapsed() policy.Time {
	if t.heardAt.IsZero() {
		return t.now
	}
	return max(t.now, t.heard+int64(time.Since(t.heardAt)-underway))
}

// work takes a note, and those that are there already, and lets the worlds follow. It
// returns the contender that is to run from now on; below zero there is none.
func (t *Tournament) work(n note) (change int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken != "" {
		return -1
	}
	since := time.Now()
	defer func() {
		t.busy += time.Since(since)
		if p := recover(); p != nil { // the server must not end with it
			t.broken, change = fmt.Sprint(p), -1
			t.opt.Logger.Error("the tournament is over", "error", p, "stack", string(debug.Stack()))
		}
	}()
	t.take(n)
	for range atOnce {
		var more bool
		select {
		case n, more = <-t.notes:
		default:
		}
		if !more {
			break
		}
		t.take(n)
	}
	if t.heardAt.IsZero() || n.t > t.elapsed() {
		t.heard, t.heardAt = n.t, since
	}
	t.follow()
	t.settle()
	return t.decide()
}

// mostInputs bounds what the worlds may be behind by: beyond it the slowest one goes on
// without knowing all, and what turns out to have been over already is released late.
const mostInputs = 1 << 18

// follow lets every world go on as far as is known.
func (t *Tournament) follow() {
	forced := policy.Time(0)
	if beyond := len(t.inputs) - t.most; beyond > 0 {
		forced = t.inputs[beyond].t
	}
	first := t.first + int64(len(t.inputs))
	for _, c := range t.all {
		c.advance(forced)
		first = min(first, c.seen)
	}
	t.forget(first)
	t.real.books.upTo(t.now)
}
