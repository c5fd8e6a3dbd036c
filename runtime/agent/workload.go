package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/runtime/wire"
)

// errEnough is why a step stops: the instance is promoted, or something better
// is to be done.
var errEnough = errors.New(wire.Stopped)

// A workload carries out plans, one step after another.
type workload struct {
	identity wire.Identity
	scratch  string // a folder for those of commands
	data     string // URL of the datasets
	report   func(wire.Event)

	mu      sync.Mutex
	source  *source
	plan    plan.Plan
	done    []wire.Step
	failed  []plan.Step // of this plan
	halted  bool        // nothing is to run
	current *plan.Step
	cancel  context.CancelCauseFunc // of the current step
	stopped chan struct{}           // closed when nothing runs; nil before the first plan
}

// use sets where things come from, from the next step on.
func (w *workload) use(s *source) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.source = s
}

func (w *workload) from() *source {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.source
}

// follow carries out a plan in the place of the one before. A step that is being
// done goes on if the new plan has it too.
func (w *workload) follow(p plan.Plan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plan, w.failed = p, nil
	if w.current != nil && !slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return same(s, *w.current) }) {
		w.cancel(errEnough)
	}
	w.halted = false
	if w.stopped == nil || closed(w.stopped) {
		w.stopped = make(chan struct{})
		go w.work(w.stopped)
	}
}

func same(a, b plan.Step) bool {
	return a.Kind == b.Kind && a.Name == b.Name && a.Fraction == b.Fraction
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// halt stops all, and returns how long that took. What does not stop within
// patience is left to itself.
func (w *workload) halt(patience time.Duration) time.Duration {
	began := time.Now()
	w.mu.Lock()
	w.halted = true
	if w.current != nil {
		w.cancel(errEnough)
	}
	stopped := w.stopped
	w.mu.Unlock()
	if stopped != nil {
		select {
		case <-stopped:
		case <-time.After(patience):
		}
	}
	return time.Since(began)
}

// all are the steps that are done.
func (w *workload) all() []wire.Step {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.done)
}

// work does one step after another until none is left.
func (w *workload) work(stopped chan struct{}) {
	for {
		w.mu.Lock()
		s, tenant, more := w.next()
		if !more {
			w.current = nil
			close(stopped)
			w.mu.Unlock()
			return
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		w.current, w.cancel = &s, cancel
		w.mu.Unlock()

		began := time.Now()
		fraction, bytes, whole, err := w.step(ctx, tenant, s)
		cancel(nil)
		done := wire.StepOf(s, fraction, time.Since(began), bytes, whole)
		w.mu.Lock()
		if err != nil && !errors.Is(err, errEnough) {
			w.failed = append(w.failed, s)
		}
		if err == nil || fraction > 0 {
			w.done = append(slices.DeleteFunc(w.done, func(d wire.Step) bool { return d.Kind == done.Kind && d.Name == done.Name }), done)
		}
		w.mu.Unlock()
		e := wire.Event{Kind: wire.EventStep, Step: &done}
		if err != nil {
			e.Error = wire.Clip(err.Error())
		}
		w.report(e)
	}
}

// next is the first step that is neither done nor has failed.
func (w *workload) next() (s plan.Step, tenant string, more bool) {
	if w.halted {
		return s, "", false
	}
	past := slices.Clone(w.failed)
	for _, d := range w.done {
		if p, err := d.Plan(); err == nil {
			past = append(past, p)
		}
	}
	left := w.plan.Remaining(past)
	if len(left) == 0 {
		return s, "", false
	}
	return left[0], w.plan.Tenant, true
}

// step does one. fraction is how much of a dataset is there afterwards, whole
// its size.
func (w *workload) step(ctx context.Context, tenant string, s plan.Step) (fraction float64, bytes, whole int64, err error) {
	from := w.from()
	r, ok := from.settings.Find(s.Kind, s.Name)
	if !ok {
		return 0, 0, 0, fmt.Errorf("no recipe for %s %q", s.Kind, s.Name)
	}
	if r.Private && tenant == "" {
		return 0, 0, 0, fmt.Errorf("%s %q is private to a tenant, and this plan is anyone's", s.Kind, s.Name)
	}
	fill := func(list []string) ([]string, error) {
		out := make([]string, len(list))
		for i, text := range list {
			if strings.Contains(text, "{tenant}") && !wire.Plain(tenant) {
				return nil, fmt.Errorf("the recipe for %s %q goes by tenant, and %q cannot be put into it", s.Kind, s.Name, tenant)
			}
			out[i] = strings.NewReplacer("{name}", s.Name, "{tenant}", tenant).Replace(text)
		}
		return out, nil
	}
	switch {
	case r.URL != "":
		return prefetch(ctx, from, tenant, s)
	case len(r.Files) > 0:
		patterns, err := fill(r.Files)
		if err != nil {
			return 0, 0, 0, err
		}
		bytes, err = readFiles(ctx, patterns)
		return 0, bytes, 0, err
	}
	command, err := fill(r.Command)
	if err != nil {
		return 0, 0, 0, err
	}
	l := from.settings.Limits
	return 0, 0, 0, confined(ctx, w.scratch, command, []string{
		"SHADOWPOOL_INSTANCE=" + w.identity.Name, "SHADOWPOOL_CATEGORY=" + w.identity.Category, "SHADOWPOOL_ZONE=" + w.identity.Zone,
		"SHADOWPOOL_TENANT=" + tenant, "SHADOWPOOL_STEP=" + s.Name, "SHADOWPOOL_DATA_URL=" + w.data,
	}, from.settings.User, limits{
		Time: time.Duration(l.Seconds * 1e9), Memory: l.MemoryBytes, Processes: l.Processes, File: from.settings.DiskBytes,
	})
}

func prefetch(ctx context.Context, from *source, tenant string, s plan.Step) (fraction float64, bytes, whole int64, err error) {
	at, err := from.locate(s.Name, tenant)
	if err != nil {
		return 0, 0, 0, err
	}
	f, err := from.cache.fetch(ctx, from.client, s.Name, at, s.Fraction)
	switch {
	case err == nil:
		fraction = s.Fraction
		if f.Have >= f.Size {
			fraction = 1
		}
	case f.Size > 0:
		fraction = float64(f.Have) / float64(f.Size)
	}
	return fraction, f.Read, max(f.Size, 0), err
}
