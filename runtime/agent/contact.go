package agent

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"shadowpool/runtime/wire"
)

// fraction draws from [0, 1).
func fraction() float64 { return rand.Float64() }

// A contact keeps in touch with the server: it registers, asks for orders and
// reports, again and again, whatever happens to the server.
type contact struct {
	client   *client
	reporter *reporter
	log      *slog.Logger
	// state is what to register with.
	state func() wire.Registration
	// welcomed and ordered are called with what the server says, one at a time.
	welcomed func(wire.Settings)
	ordered  func(wire.Order)

	wait time.Duration // that the server may keep a question for orders

	mu      sync.Mutex
	session string
	renewed chan struct{} // closed when there is another session
}

// orderWait is how long the server may keep a question for orders, unless an
// agent is to notice sooner that it is gone; callTime is how long any other call
// may take.
const (
	orderWait = 25 * time.Second
	callTime  = 10 * time.Second
)

// run keeps in touch until ctx ends.
func (c *contact) run(ctx context.Context) {
	c.renewed = make(chan struct{})
	go c.reports(ctx)
	var wait backoff
	for ctx.Err() == nil {
		err := c.register(ctx)
		for after := int64(0); err == nil; {
			wait.tries = 0
			var o wire.Orders
			if o, err = c.ask(ctx, after); err != nil {
				break
			}
			for _, one := range o.Orders {
				after = one.Seq
				c.ordered(one)
			}
		}
		if ctx.Err() != nil {
			return
		}
		if !errors.Is(err, errSession) {
			c.log.Warn("no contact with the server", "error", err, "tries", wait.tries+1)
		}
		wait.pause(ctx)
	}
}

func (c *contact) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	w, err := call[wire.Welcome](ctx, c.client, "register", c.state())
	if err != nil {
		return err
	}
	c.wait = min(orderWait, time.Duration(min(w.Settings.OrphanS, w.Settings.OrphanServingS)/3*float64(time.Second)))
	c.welcomed(w.Settings)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session = w.Session
	close(c.renewed)
	c.renewed = make(chan struct{})
	return nil
}

func (c *contact) ask(ctx context.Context, after int64) (wire.Orders, error) {
	ctx, cancel := context.WithTimeout(ctx, c.wait+callTime)
	defer cancel()
	return call[wire.Orders](ctx, c.client, "orders", wire.Ask{Session: c.current(), After: after, WaitS: c.wait.Seconds()})
}

func (c *contact) current() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// reports sends reports as they come, in the sessions that there are.
func (c *contact) reports(ctx context.Context) {
	var wait backoff
	for ctx.Err() == nil {
		c.mu.Lock()
		session, renewed := c.session, c.renewed
		c.mu.Unlock()
		err := errSession
		if session != "" {
			err = c.report(ctx, session)
		}
		switch {
		case err == nil:
			wait.tries = 0
			select {
			case <-c.reporter.more:
			case <-ctx.Done():
			}
		case errors.Is(err, errSession):
			select {
			case <-renewed:
			case <-ctx.Done():
			}
		default:
			wait.pause(ctx)
		}
	}
}

func (c *contact) report(ctx context.Context, session string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return c.reporter.send(ctx, c.client, session)
}
