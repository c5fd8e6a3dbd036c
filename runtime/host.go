package runtime

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
)

// A Host drives a policy.Controller live. Make one with New, then Run it;
// its other methods may be called by any goroutine.
type Host struct {
	opt     Options
	run     string // names this run in the names of claims and instances
	places  *config.Directory
	metrics *metrics

	inputs chan func() // carried out by the loop, in order
	done   chan struct{}
	hurry  chan struct{}

	// What follows belongs to the loop.
	ctrl        *policy.Controller
	clock       clock
	decided     scribe // what is not carried out yet
	members     map[policy.InstanceID]*member
	alive       int // members, and instances that are being ended
	serving     int // claims that have an instance
	claims      map[policy.RequestID]*claim
	nextRequest policy.RequestID
	tenants     names
	tasks       names
	ordinals    []int64 // launches so far, by pool
	totals      totals
	books       []books     // by pool
	usageAt     policy.Time // of the latest look that found something; 0: none
	usageErr    error       // of the latest look
	draining    bool
	stopping    bool
	forced      bool
	record      recorder
}

// New makes a host that has not started yet. The error names what is
// impossible in the options.
func New(opt Options) (*Host, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	// What a promotion takes is seen, not planned.
	opt.Fleet.Categories = append([]policy.Category(nil), opt.Fleet.Categories...)
	for i := range opt.Fleet.Categories {
		opt.Fleet.Categories[i].PromotionDelay = 0
	}
	h := &Host{
		opt:      opt,
		places:   config.NewDirectory(opt.Places),
		inputs:   make(chan func(), 256),
		done:     make(chan struct{}),
		hurry:    make(chan struct{}, 1),
		members:  make(map[policy.InstanceID]*member),
		claims:   make(map[policy.RequestID]*claim),
		tenants:  newNames(opt.Limits.Names),
		tasks:    newNames(opt.Limits.Names),
		ordinals: make([]int64, len(opt.Fleet.Categories)),
		books:    make([]books, len(opt.Fleet.Categories)),
	}
	for i, p := range opt.Places {
		if p.Tenant == "" {
			continue
		}
		own := &opt.Fleet.Categories[i].ReservedFor
		if *own, _ = h.tenants.id(p.Tenant); *own == 0 {
			return nil, fmt.Errorf("runtime: more tenants have something reserved than the %d that are told apart", opt.Limits.Names)
		}
	}
	var id [4]byte
	rand.Read(id[:])
	h.run = hex.EncodeToString(id[:])
	sizer, err := policy.Build(opt.Policy, policy.Fleet{Config: opt.Fleet})
	if err != nil {
		return nil, err
	}
	if h.ctrl, err = policy.New(opt.Fleet, sizer, &h.decided); err != nil {
		return nil, err
	}
	h.show()
	h.metrics = newMetrics(h)
	return h, nil
}

// Run starts the pool and serves until ctx ends; then it drains: no new
// claims, what waits is still served, and when all is released or
// Options.StopTimeout is over (or at once after Hurry), every instance is
// ended. It returns when no instance is left. To be called once.
func (h *Host) Run(ctx context.Context) error {
	defer close(h.done)
	h.clock = newClock()
	start := h.clock.next()
	if err := h.record.open(h.opt.Recording, h.header(), start); err != nil {
		return err
	}
	h.ctrl.Start(start)
	h.settle(Entry{T: start, Event: "start"})

	if meter, ok := h.opt.Provisioner.(Meter); ok {
		looking, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		go h.look(looking, meter)
	}
	stop := ctx.Done()
	var overdue <-chan time.Time
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		h.busy()
		if h.stopping && h.over() {
			break
		}
		if due, _ := h.ctrl.NextTimer(); due < policy.Never {
			timer.Reset(time.Duration(due - h.clock.now()))
		} else {
			timer.Stop()
		}
		select {
		case input := <-h.inputs:
			input()
		case <-timer.C:
			h.catchUp()
		case <-stop:
			stop = nil
			h.stopping = true
			h.drain()
			deadline := time.NewTimer(h.opt.StopTimeout)
			defer deadline.Stop()
			overdue = deadline.C
			h.opt.Logger.Info("draining", "claims_in_use", h.serving, "claims_waiting", len(h.claims)-h.serving)
		case <-overdue:
			h.opt.Logger.Warn("ending what is still in use", "after", h.opt.StopTimeout)
			h.force()
		case <-h.hurry:
			h.force()
		}
	}
	h.left()
	return h.record.close(h)
}

// busy carries out the inputs that have come already, and then lets the
// recording out of its buffers.
func (h *Host) busy() {
	for range cap(h.inputs) {
		select {
		case input := <-h.inputs:
			input()
			continue
		default:
		}
		break
	}
	h.record.flush(h)
}

// Hurry makes a stopping host end at once.
func (h *Host) Hurry() {
	select {
	case h.hurry <- struct{}{}:
	default:
	}
}

// Done is closed when Run has returned.
func (h *Host) Done() <-chan struct{} { return h.done }

// ask lets the loop carry out f and waits until it has.
func (h *Host) ask(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	select {
	case h.inputs <- func() { f(); close(ran) }:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-h.done:
		return ErrStopped
	}
	select {
	case <-ran:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-h.done:
		return ErrStopped
	}
}

// later lets the loop carry out f.
func (h *Host) later(f func()) {
	select {
	case h.inputs <- f:
	case <-h.done:
	}
}

// deliver passes an event to the controller, at an instant of its own and
// after the timers that are due before it, and carries out what is decided.
func (h *Host) deliver(class policy.Class, e Entry, call func(t policy.Time)) {
	e.T = h.clock.next()
	for {
		due, of := h.ctrl.NextTimer()
		if due > e.T || due == e.T && of >= class {
			break
		}
		h.fire(due, of)
	}
	call(e.T)
	h.settle(e)
}

// catchUp fires the timers that are due by now.
func (h *Host) catchUp() {
	now := h.clock.now()
	for {
		due, class := h.ctrl.NextTimer()
		if due > now {
			return
		}
		h.fire(due, class)
	}
}

func (h *Host) fire(due policy.Time, class policy.Class) {
	h.ctrl.Fire()
	h.clock.passed(due)
	h.settle(Entry{T: due, Event: "timer", Class: timerName(class)})
}

// Drain stops the taking of claims, ends what is idle, and ends every other
// instance as soon as it is released.
func (h *Host) Drain(ctx context.Context) error { return h.ask(ctx, h.drain) }

func (h *Host) drain() {
	if h.draining {
		return
	}
	h.draining = true
	h.deliver(policy.ClassArrival, Entry{Event: "drain"}, h.ctrl.Drain)
}

// over tells whether a stopping host has come to its end. It cancels the
// launches that no one waits for, and those who wait for nothing.
func (h *Host) over() bool {
	if len(h.claims) == h.serving {
		for _, m := range h.members {
			if !m.warm {
				m.cancel()
			}
		}
	}
	if h.alive == 0 {
		h.force()
	}
	return h.alive == 0 && len(h.claims) == 0
}

// force ends all claims of a stopping host. Their holders are told when they
// release them.
func (h *Host) force() {
	if !h.stopping || h.forced {
		return
	}
	h.forced = true
	for _, id := range slices.Sorted(maps.Keys(h.claims)) {
		switch c := h.claims[id]; {
		case c == nil:
		case c.member != nil:
			h.release(c)
		default:
			h.cancel(c)
			c.reply <- answer{err: ErrStopped}
		}
	}
}

// left says what the provisioner could not end.
func (h *Host) left() {
	ctx, cancel := context.WithTimeout(context.Background(), h.opt.EndTimeout)
	defer cancel()
	names, err := h.opt.Provisioner.List(ctx)
	if err != nil {
		h.opt.Logger.Error("could not list the instances that are left", "error", err)
	} else if len(names) > 0 {
		h.opt.Logger.Error("instances are left", "count", len(names), "names", fmt.Sprintf("%.200q", names))
	}
}
