//go:build !race

package trial_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// A server is a process that is started again whenever it ends.
type server struct {
	world   *world
	name    string
	stopped bool          // for good
	skew    time.Duration // of its clock, from the next start on
	now     *lifetime
}

// A lifetime is a server from a start to its end.
type lifetime struct {
	*server
	number int
	dead   bool // guarded by world.mu
	host   *runtime.Host
	api    http.Handler
	held   *lead
	cancel context.CancelFunc
}

// run starts the server again and again.
func (s *server) run() {
	for number := 1; !s.stopped; number++ {
		ctx, cancel := context.WithCancel(context.Background())
		l := &lifetime{server: s, number: number, cancel: cancel}
		s.now = l
		l.serve(ctx)
		l.die()
		cancel()
		time.Sleep(time.Second)
	}
}

// die makes sure that nothing of a life goes on.
func (l *lifetime) die() {
	l.world.mu.Lock()
	l.dead = true
	l.world.mu.Unlock()
}

// serve waits for the lead and serves.
func (l *lifetime) serve(ctx context.Context) {
	w := l.world
	defer func() {
		if p := recover(); p != nil {
			w.failf("%s/%d: %v\n%s", l.name, l.number, p, debug.Stack())
		}
	}()
	lead, err := l.lead(ctx)
	if err != nil {
		return
	}
	l.held = lead
	w.note("%s/%d leads in term %d", l.name, l.number, lead.term)
	specs, err := policy.ParseSpecs(w.spec)
	if err != nil {
		w.failf("%v", err)
		return
	}
	log, events := new(bytes.Buffer), api.NewEvents()
	skew := l.skew
	host, err := runtime.New(runtime.Options{
		Policy: specs[0], Fleet: w.fleet, Provisioner: view{l}, Lead: lead, Recording: runtime.Recording{Events: log},
		Limits: runtime.Limits{Absence: 20 * time.Second}, EndTimeout: 24 * time.Hour, Logger: quiet(discard{}),
		Observers: []runtime.Observer{events}, Now: func() time.Time { return time.Now().Add(skew) },
	})
	if err != nil {
		w.failf("%v", err)
		return
	}
	w.logs = append(w.logs, log)
	l.api = api.Handler(host, api.Options{Events: events, Logger: quiet(discard{})})
	l.host = host
	err = host.Run(ctx)
	w.note("%s/%d ends: %v", l.name, l.number, err)
	for _, expected := range []error{nil, runtime.ErrFenced, errLost, errFailed, errCrashed} {
		if errors.Is(err, expected) {
			return
		}
	}
	w.failf("%s ends: %v", l.name, err)
}

// crash ends a life at once, wherever it is.
func (s *server) crash() {
	w, l := s.world, s.now
	if l == nil || l.dead {
		return
	}
	w.note("%s/%d crashes", s.name, l.number)
	l.die()
	if l.held != nil {
		l.held.lose()
		if w.store.holder == l.held && w.rng.IntN(4) > 0 { // its lock goes with it, or only later
			w.store.holder = nil
		}
	}
	l.cancel()
	for _, o := range w.pending() {
		if o.server == s && o.life == l.number {
			w.drop(o)
			if w.rng.IntN(2) == 0 { // it was on its way
				w.note("%s/%d %s %s, and nobody hears of it", s.name, o.life, o.kind, o.key)
				o.do(false)
			}
			o.fail(errCrashed)
			close(o.done)
		}
	}
}

// stop ends a life in order.
func (s *server) stop() {
	if s.now != nil {
		s.world.note("%s/%d is stopped", s.name, s.now.number)
		s.now.cancel()
	}
}

// pause waits a little, unless ctx ends.
func (l *lifetime) pause(ctx context.Context) error {
	select {
	case <-time.After(time.Second + time.Duration(l.name[1])*time.Millisecond):
		return nil
	case <-ctx.Done():
		return errCrashed
	}
}

// leads says whether a life serves requests.
func (l *lifetime) leads() bool {
	if l == nil || l.dead || l.host == nil {
		return false
	}
	select {
	case <-l.host.Ready():
	default:
		return false
	}
	select {
	case <-l.host.Done():
		return false
	default:
		return true
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
