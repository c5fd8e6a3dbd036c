package runtime

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
)

// A Host drives a policy.Controller live. Make one with New, then Run it;
// its other methods may be called by any goroutine.
type Host struct {
	opt     Options
	metrics *metrics

	inputs chan func()     // carried out by the loop, in order
	life   context.Context // ends when the host leaves all as it is
	depart context.CancelCauseFunc
	ready  chan struct{}
	done   chan struct{}
	hurry  chan struct{}

	// What follows belongs to the loop.
	run         string // names the store's pool, or this run, in the names of claims and instances
	places      *config.Directory
	ctrl        *policy.Controller
	feed        feed
	clock       clock
	decided     scribe // what is not carried out yet
	journal     journal
	restoring   bool    // what is entered is from the journal
	wanted      *Header // what is to be taken over once all is restored; nil if nothing
	unfit       error   // why the controller cannot be restored; nil if it is
	era         int     // how often the host was rebuilt
	estate      *estate // what it takes over while it is rebuilt
	started     bool
	members     map[policy.InstanceID]*member
	alive       int // goroutines that accompany instances
	serving     int // claims that have an instance
	claims      map[policy.RequestID]*claim
	keys        map[string]*claim // by tenant and key
	spent       spent             // keys of claims that are over
	nextRequest policy.RequestID
	nextHint    policy.HintID
	tenants     names
	tasks       names
	sources     names   // of hints
	ordinals    []int64 // launches so far, by pool
	paused      []bool  // by pool
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
	opt.Fleet.Categories = slices.Clone(opt.Fleet.Categories)
	for i := range opt.Fleet.Categories {
		opt.Fleet.Categories[i].PromotionDelay = 0
	}
	h := &Host{
		opt:     opt,
		inputs:  make(chan func(), 256),
		ready:   make(chan struct{}),
		done:    make(chan struct{}),
		hurry:   make(chan struct{}, 1),
		journal: journal{lead: opt.Lead},
	}
	h.life, h.depart = context.WithCancelCause(context.Background())
	if err := h.afresh(); err != nil {
		return nil, err
	}
	h.show()
	h.metrics = newMetrics(h)
	return h, nil
}

// afresh empties the books, and makes a controller that holds nothing.
func (h *Host) afresh() error {
	h.members, h.claims, h.keys = make(map[policy.InstanceID]*member), make(map[policy.RequestID]*claim), make(map[string]*claim)
	most := h.opt.Limits.Names
	h.tenants, h.tasks, h.sources, h.spent = newNames(most), newNames(most), newNames(most), newSpent(mostSpent)
	h.totals, h.serving, h.nextRequest, h.nextHint, h.draining, h.started = totals{}, 0, 0, 1, false, false
	h.books, h.ordinals, h.paused = nil, nil, nil
	var id [4]byte
	rand.Read(id[:])
	h.run = hex.EncodeToString(id[:])
	header, err := h.header(&h.opt.Fleet, h.opt.Places, h.opt.Policy.String())
	if err != nil {
		return err
	}
	return h.control(header)
}

// control makes the controller that a header describes.
func (h *Host) control(header Header) error {
	config, sizer, err := header.build()
	if err != nil {
		return err
	}
	h.decided.actions = h.decided.actions[:0]
	if h.ctrl, err = policy.New(config, sizer, &h.decided); err != nil {
		return err
	}
	h.feed = feed{to: h.ctrl, header: header, sizer: sizer}
	h.reconfigured()
	return nil
}

// reconfigured takes over what the feed's header describes.
func (h *Host) reconfigured() {
	header := &h.feed.header
	h.opt.Fleet, _ = header.fleet() // the controller has taken it
	h.opt.Places = header.places()
	specs, _ := policy.ParseSpecs(header.Policy)
	h.opt.Policy = specs[0]
	h.places = config.NewDirectory(h.opt.Places)
	for len(h.books) < len(header.Categories) {
		h.books, h.ordinals, h.paused = append(h.books, books{}), append(h.ordinals, 0), append(h.paused, false)
	}
}

// Run starts the pool and serves until ctx ends; then it drains: no new
// claims, what waits is still served, and when all is released or
// Options.StopTimeout is over (or at once after Hurry), every instance is
// ended. It returns when no instance is left.
//
// With a lead it goes on where the last leader was, and when ctx ends it stops
// at once and leaves all as it is to the next. It returns an error when the
// lead is lost. To be called once.
func (h *Host) Run(ctx context.Context) error {
	defer h.depart(ErrLeft)
	defer close(h.done)
	if err := h.begin(ctx); err != nil {
		return err
	}
	close(h.ready)
	if meter, ok := h.opt.Provisioner.(Meter); ok {
		looking, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		go h.look(looking, meter)
	}
	stop := ctx.Done()
	var overdue <-chan time.Time
	var lost <-chan struct{}
	if h.journal.lead != nil {
		lost = h.journal.lead.Lost()
		go h.patrol()
	}
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
		case err := <-h.journal.written:
			if err != nil {
				return errors.Join(fmt.Errorf("the store does not take what happens: %w", err), h.record.close(h))
			}
			h.durable()
		case <-lost:
			return errors.Join(ErrFenced, h.record.close(h))
		case <-stop:
			stop = nil
			if h.journal.lead != nil {
				return errors.Join(h.handOver(), h.record.close(h))
			}
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

// begin starts the controller, or goes on with what the store has.
func (h *Host) begin(ctx context.Context) error {
	if h.journal.lead != nil {
		if err := h.recall(ctx); err != nil {
			return err
		}
	}
	h.clock = newClock(h.opt.Now(), h.clock.last)
	if h.started {
		if err := h.refit(ctx); err != nil {
			return err
		}
	}
	now := h.clock.next()
	if err := h.record.open(h, now); err != nil {
		return err
	}
	if !h.started {
		h.started = true
		h.enter(&Entry{T: now, Event: "start"})
		return nil
	}
	return h.goOn()
}

// Ready is closed when the host serves.
func (h *Host) Ready() <-chan struct{} { return h.ready }

// Done is closed when Run has returned.
func (h *Host) Done() <-chan struct{} { return h.done }
