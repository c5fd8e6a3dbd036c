package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"shadowpool/runtime/wire"
)

// ErrOrphaned is the end of an agent whose server has been gone for too long.
var ErrOrphaned = errors.New("the server has been gone for too long")

// patience is how long the predictive workload may take to stop before the
// instance is promoted all the same.
const patience = time.Second

// serviceTime is how long a service that starts on promotion may take until it is
// ready.
const serviceTime = 5 * time.Minute

// An agent is run by one goroutine, its loop.
type agent struct {
	Options
	identity wire.Identity
	line     *regexp.Regexp
	dir      string // its folder
	client   *client
	contact  *contact
	reporter *reporter
	place    *place
	data     *dataServer

	settings chan wire.Settings
	orders   chan wire.Order
	over     chan struct{} // closed when the loop has ended

	// What follows belongs to the loop.
	now      *wire.Settings // nil before the first welcome
	work     *workload
	service  *service
	claim    *wire.Promotion // that is served
	since    time.Time
	told     bool // what it used
	isReady  bool
	started  time.Time
	starting <-chan string // address of a service that has become ready

	mu       sync.Mutex // for what registrations tell
	state    string
	address  string
	serving  string
	workload *workload
}

// Run is the life of an agent. It ends when the server says so, when ctx ends,
// when the service ends that it has started at once, or with ErrOrphaned.
func Run(ctx context.Context, opt Options) (err error) {
	line, err := opt.validate()
	if err != nil {
		return err
	}
	client, identity, err := newClient(opt.Server, opt.Token, opt.Authority)
	if err != nil {
		return err
	}
	if err := hide(); err != nil {
		return err
	}
	a := &agent{
		Options: opt, identity: identity, line: line, client: client, reporter: newReporter(), state: wire.Warming, address: opt.Address,
		settings: make(chan wire.Settings), orders: make(chan wire.Order), over: make(chan struct{}), started: time.Now(),
	}
	a.client.heard.Store(a.started.UnixNano())
	if a.dir, err = os.MkdirTemp(opt.State, "shadowpool-"+identity.Name+"-*"); err != nil {
		return err
	}
	// Commands of another user find their folders through it.
	if err := errors.Join(os.Chmod(a.dir, 0o711), os.Mkdir(a.scratch(), 0o700), os.Chmod(a.scratch(), 0o711)); err != nil {
		return errors.Join(err, os.RemoveAll(a.dir))
	}
	if a.place, err = newPlace(a.dir, opt.Memory); err != nil {
		return errors.Join(err, os.RemoveAll(a.dir))
	}
	folders := []string{a.dir}
	if a.place.secrets != "" {
		folders = append(folders, a.place.secrets)
	}
	keeper, err := keep(folders...)
	if err != nil {
		for _, dir := range folders {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return err
	}
	defer func() { err = errors.Join(err, keeper.Close()) }()
	if a.data, err = newDataServer(); err != nil {
		return err
	}
	defer a.data.close()
	if len(a.Command) > 0 && !a.OnPromote {
		if err := a.start(nil); err != nil {
			return err
		}
	}
	boot := secret()
	a.contact = &contact{
		client: client, reporter: a.reporter, log: opt.Logger,
		state:    func() wire.Registration { return a.registration(boot) },
		welcomed: func(s wire.Settings) { hand(a.settings, s, a.over) },
		ordered:  func(o wire.Order) { hand(a.orders, o, a.over) },
	}
	talking, hush := context.WithCancel(context.WithoutCancel(ctx))
	defer hush()
	go a.contact.run(talking)
	err = a.loop(ctx)
	close(a.over)
	a.finish()
	if errors.Is(err, ErrOrphaned) {
		err = errors.Join(err, a.orphaned())
	}
	return err
}

func hand[T any](to chan T, v T, over chan struct{}) {
	select {
	case to <- v:
	case <-over:
	}
}

func (a *agent) scratch() string { return filepath.Join(a.dir, "steps") }

// registration is what the server is told at first.
func (a *agent) registration(boot string) wire.Registration {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := wire.Registration{Version: wire.Version, Boot: boot, State: a.state, Address: a.address, Claim: a.serving}
	if a.workload != nil {
		r.Done = a.workload.all()
	}
	return r
}

// loop lives until there is a reason to end.
func (a *agent) loop(ctx context.Context) error {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		var ended <-chan struct{}
		if a.service != nil {
			ended = a.service.ended
		}
		select {
		case <-ctx.Done():
			return nil
		case s := <-a.settings:
			a.configure(s)
			a.getReady()
		case address := <-a.starting:
			a.starting = nil
			if address != "" {
				a.set(func() { a.address = address })
			}
			a.getReady()
		case o := <-a.orders:
			if o.Kind == wire.OrderStop {
				return nil
			}
			a.obey(o)
		case <-ended:
			err := a.service.err
			a.tellUsage()
			a.service = nil
			if !a.OnPromote {
				return fmt.Errorf("the service has ended: %w", errors.Join(err, errEnded))
			}
		case <-ticker.C:
			if a.alone() {
				return ErrOrphaned
			}
		}
	}
}

func (a *agent) set(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
}

// configure takes over what the server says of how to work.
func (a *agent) configure(s wire.Settings) {
	g, err := newGuard(s.Allowed)
	if err != nil {
		a.Logger.Error("what the server allows cannot be read; nothing is", "error", err)
		g = &guard{}
	}
	src := &source{settings: &s, guard: g, client: g.client()}
	if a.work == nil {
		c, err := newCache(filepath.Join(a.dir, "cache"), s.DiskBytes)
		if err != nil {
			a.Logger.Error("there is no cache", "error", err)
			return
		}
		src.cache = c
		a.work = &workload{identity: a.identity, scratch: a.scratch(), data: a.data.url(a.data.warm), report: a.reporter.tell}
		a.data.begin(a.identity.Tenant)
	} else {
		src.cache = a.work.from().cache
		src.cache.limit(s.DiskBytes)
	}
	a.work.use(src)
	a.data.use(src)
	a.now = &s
	a.set(func() { a.workload = a.work })
}

// getReady says that the instance is warm once the server has been reached and
// the service, if it is started at once, is ready.
func (a *agent) getReady() {
	if a.isReady || a.now == nil || a.starting != nil {
		return
	}
	a.isReady = true
	var address string
	a.set(func() {
		if a.state == wire.Warming {
			a.state = wire.Ready
		}
		address = a.address
	})
	a.reporter.tell(wire.Event{Kind: wire.EventReady, Address: address})
	fmt.Fprintf(a.Out, "ready %s\n", address)
}

// alone tells whether nobody needs this instance any more: its server is gone
// for long, and so is what it serves, or has to be.
func (a *agent) alone() bool {
	silence := time.Since(time.Unix(0, a.client.heard.Load()))
	if a.now == nil {
		return silence > a.OrphanTimeout
	}
	if a.claim != nil && (!a.OnPromote || a.service != nil) {
		return silence.Seconds() > a.now.OrphanServingS
	}
	return silence.Seconds() > a.now.OrphanS
}

// lastWords is how long an agent that ends tries to report.
const lastWords = 2 * time.Second

// finish ends everything and tells the server.
func (a *agent) finish() {
	if a.work != nil {
		a.work.halt(patience)
	}
	if a.service != nil {
		a.service.end(a.StopGrace)
	}
	a.tellUsage()
	a.reporter.tell(wire.Event{Kind: wire.EventStopped})
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	if session := a.contact.current(); session != "" {
		if err := a.reporter.send(ctx, a.client, session); err != nil {
			a.Logger.Warn("the server has not heard all", "error", err)
		}
	}
}

// orphaned does what is configured for the end of an instance without a server:
// one that costs money by being there is to end with its agent.
func (a *agent) orphaned() error {
	if a.now == nil || len(a.now.OrphanCommand) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := a.now.OrphanCommand
	cmd := exec.CommandContext(ctx, c[0], c[1:]...)
	cmd.Stdout, cmd.Stderr = io.Discard, a.Errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", c[0], err)
	}
	return nil
}
