package runtime

import (
	"context"

	"shadowpool/policy"
)

// busy carries out the inputs that have come already, and then lets the
// recording and the journal out of their buffers.
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
	h.flush()
}

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

// change lets the loop carry out f, and waits until what that has decided is
// durable.
func (h *Host) change(ctx context.Context, f func() error) error {
	ended := make(chan error, 1)
	input := func() {
		if err := f(); err != nil {
			h.answer(func() { ended <- err })
		} else {
			h.effect(func() { ended <- nil })
		}
	}
	select {
	case h.inputs <- input:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-h.done:
		return ErrStopped
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-h.done:
	}
	select {
	case err := <-ended: // the last thing that it did
		return err
	default:
		return ErrStopped
	}
}

// deliver passes an event to the controller, at an instant of its own and
// after the timers that are due before it, and carries out what is decided.
func (h *Host) deliver(class policy.Class, e Entry) {
	e.T = h.clock.next()
	for {
		due, of := h.ctrl.NextTimer()
		if due > e.T || due == e.T && of >= class {
			break
		}
		h.fire(due, of)
	}
	if e.moot == nil || !e.moot() {
		h.enter(&e)
	}
}

// enter applies an entry of the host's own.
func (h *Host) enter(e *Entry) {
	if err := h.apply(e); err != nil {
		panic("runtime: " + err.Error())
	}
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
	h.clock.passed(due)
	h.enter(&Entry{T: due, Event: "timer", Class: timerName(class)})
}
