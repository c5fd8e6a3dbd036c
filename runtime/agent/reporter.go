package agent

import (
	"context"
	"sync"

	"shadowpool/runtime/wire"
)

// A reporter keeps what has happened until the server has heard it.
type reporter struct {
	mu     sync.Mutex
	first  int64 // number of the first event that is kept
	events []wire.Event
	more   chan struct{} // has something when there may be more to tell
}

// mostEvents is how many are kept. A server that is away for longer misses the
// oldest ones.
const mostEvents = 256

func newReporter() *reporter { return &reporter{more: make(chan struct{}, 1)} }

func (r *reporter) tell(e wire.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if over := len(r.events) - mostEvents; over > 0 {
		r.events = r.events[over:]
		r.first += int64(over)
	}
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// send tells what is kept, if anything is.
func (r *reporter) send(ctx context.Context, c *client, session string) error {
	r.mu.Lock()
	report := wire.Report{Session: session, First: r.first, Events: r.events[:len(r.events):len(r.events)]}
	r.mu.Unlock()
	if len(report.Events) == 0 {
		return nil
	}
	got, err := call[wire.Received](ctx, c, "report", report)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if heard := got.Next - r.first; heard > 0 {
		heard = min(heard, int64(len(r.events)))
		r.events = r.events[heard:]
		r.first += heard
	}
	return nil
}
