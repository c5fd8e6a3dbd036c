package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"shadowpool/policy"
)

// recall brings the host to where the last leader was: the books by the
// snapshot and the lines of the journal after it, and the controller likewise.
// Where the controller cannot be had again, as after an upgrade to a program
// that decides otherwise, a new one takes over what the books have.
func (h *Host) recall(ctx context.Context) error {
	snapshot, lines, err := h.journal.lead.Load(ctx)
	if err != nil {
		return fmt.Errorf("reading the store: %w", err)
	}
	if snapshot == nil {
		if len(lines) > 0 {
			return fmt.Errorf("the store has a journal of %d lines, but no snapshot before it", len(lines))
		}
		return h.save(ctx)
	}
	var s state
	if err := json.Unmarshal(snapshot, &s); err != nil {
		return fmt.Errorf("the store's snapshot: %w", err)
	}
	if s.Version != stateVersion {
		return fmt.Errorf("the store was written by version %s of this program, with state %d; this one reads %d", s.Program, s.Version, stateVersion)
	}
	wanted := h.opt // what the configuration asks for now
	if err := h.afresh(); err != nil {
		return err
	}
	if h.unfit = h.replay(&s, lines, false); h.unfit != nil { // the books are enough
		if err := errors.Join(h.afresh(), h.replay(&s, lines, true)); err != nil {
			return fmt.Errorf("the store: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.opt.Keepers)) {
		if b, ok := s.Keepers[name]; ok {
			if err := h.opt.Keepers[name].Restore(b); err != nil {
				h.opt.Logger.Warn("what was learned is lost", "of", name, "error", err)
			}
		}
	}
	return h.wants(&wanted)
}

// replay applies a snapshot and what the journal has after it, to the books
// alone or to the controller too.
func (h *Host) replay(s *state, lines [][]byte, books bool) error {
	h.restoring = true
	defer func() { h.restoring = false }()
	if err := h.control(s.Header); err != nil {
		return err
	}
	if books {
		h.feed.to = deaf{}
	} else if s.Controller != nil {
		if err := h.ctrl.Restore(s.Controller); err != nil {
			return err
		}
	}
	if err := h.recallState(s); err != nil {
		return err
	}
	h.journal.bytes = 0
	for i, line := range lines {
		if err := h.replayLine(line); err != nil {
			return fmt.Errorf("line %d of the journal: %w", i+1, err)
		}
		h.journal.bytes += len(line)
	}
	return nil
}

func (h *Host) replayLine(line []byte) (err error) {
	var e Entry
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return err
	}
	defer func() { // the controller panics on what cannot be
		if p := recover(); p != nil {
			err = fmt.Errorf("%s cannot happen here: %v", e.Event, p)
		}
	}()
	_, books := h.feed.to.(deaf)
	switch due, of := h.ctrl.NextTimer(); {
	case e.Event == "start":
		h.started = true
	case !books && e.Event == "timer" && (due != e.T || timerName(of) != e.Class):
		return fmt.Errorf("a %s at %d ns, but the controller's next timer is a %s at %d ns", e.Class, e.T, timerName(of), due)
	}
	h.clock.last = max(h.clock.last, e.T)
	if err := h.apply(&e); err != nil {
		return err
	}
	if !books && !slices.Equal(e.Actions, h.decided.actions) {
		return fmt.Errorf("the controller decides otherwise on %s", e.Event)
	}
	h.act(e.Actions)
	h.decided.actions = h.decided.actions[:0]
	return nil
}

// wants notes what the configuration asks for now.
func (h *Host) wants(o *Options) error {
	header, err := h.header(&o.Fleet, o.Places, o.Policy.String())
	if err != nil {
		return err
	}
	header.Version = h.feed.header.Version // says who wrote it, and decides nothing
	a, err := json.Marshal(header)
	if err != nil {
		return err
	}
	b, err := json.Marshal(h.feed.header)
	if err == nil && (h.unfit != nil || !bytes.Equal(a, b)) {
		h.wanted = &header
	}
	return err
}

// refit rebuilds the host if its controller cannot be restored, or cannot take
// over what the configuration asks for.
func (h *Host) refit(ctx context.Context) error {
	if h.wanted != nil && h.unfit == nil {
		h.unfit = h.feed.check(h.wanted)
	}
	if h.unfit == nil {
		return nil
	}
	h.opt.Logger.Warn("the policy begins to learn anew, as its state cannot be restored", "error", h.unfit)
	if err := h.rebuild(*h.wanted); err != nil {
		return err
	}
	h.wanted, h.unfit = nil, nil
	return h.save(ctx)
}

// goOn is the start of a host that was recalled: what was launching is
// launched again, what was warm is taken over, and who waited and can not come
// back is withdrawn.
func (h *Host) goOn() error {
	for _, m := range h.ordered() {
		h.attend(m, h.spec(m), m.warm)
	}
	h.catchUp()
	if h.wanted != nil {
		header := *h.wanted
		h.wanted = nil
		if err := h.reconfigure(header); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(h.claims)) {
		switch c := h.claims[id]; {
		case c == nil || c.member != nil:
		case c.Key == "":
			h.cancel(c)
		default:
			h.mind(c)
		}
	}
	h.opt.Logger.Info("going on", "claims_in_use", h.serving, "claims_waiting", len(h.claims)-h.serving, "instances", len(h.members))
	return nil
}

// reconfigure makes the controller take over a configuration.
func (h *Host) reconfigure(header Header) error {
	if err := h.feed.check(&header); err != nil {
		return err
	}
	h.deliver(policy.ClassArrival, Entry{Event: "configure", Config: &header})
	return nil
}

// save writes a snapshot.
func (h *Host) save(ctx context.Context) error {
	b, err := h.snapshot()
	if err == nil {
		err = h.journal.lead.Snapshot(ctx, b)
	}
	return err
}

// handOver makes what was decided durable, and leaves it to the next leader.
func (h *Host) handOver() error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	if h.journal.written != nil {
		if err := <-h.journal.written; err != nil {
			return fmt.Errorf("the store does not take what happens: %w", err)
		}
		h.durable()
	}
	if err := h.save(ctx); err != nil { // with what is in no batch yet
		return fmt.Errorf("saving the state: %w", err)
	}
	h.journal.lines, h.journal.asks = nil, false
	h.durable()
	return h.journal.lead.Release(ctx)
}
