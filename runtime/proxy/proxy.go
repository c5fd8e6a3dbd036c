package proxy

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"sync"

	"shadowpool/runtime"
)

// A Proxy forwards requests to the instances of their sessions. It is an
// http.Handler, and an Observer of its pool's host.
type Proxy struct {
	opt     Options
	pool    Pool
	metrics *metrics
	forward httputil.ReverseProxy
	direct  *http.Transport
	ctx     context.Context // until Close
	close   context.CancelCauseFunc

	mu        sync.Mutex          // never held while the pool is asked
	sessions  map[string]*session // by key
	members   map[string]*session // those that are open; see memberOf
	addresses map[string]int      // sessions by who began them
}

// New makes a proxy. The error says what is wrong with the options.
func New(pool Pool, opt Options) (*Proxy, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	p := &Proxy{
		opt: opt, pool: pool, direct: newTransport(),
		sessions: make(map[string]*session), members: make(map[string]*session), addresses: make(map[string]int),
	}
	p.ctx, p.close = context.WithCancelCause(context.Background())
	p.metrics = newMetrics(p)
	p.forward = p.newForward()
	return p, nil
}

// Close forgets all sessions and cuts off what they have open. What they have
// claimed stays so.
func (p *Proxy) Close() {
	p.close(errClosed)
	p.mu.Lock()
	for _, s := range p.sessions {
		s.end(reasonClosed)
	}
	p.mu.Unlock()
	p.direct.CloseIdleConnections()
}

// What is refused when there are too many sessions.
var (
	errFull     = errors.New("too many sessions are open")
	errFullHere = errors.New("too many sessions are open from this address")
)

// acquire finds the session of a key, or begins it, and waits for its instance.
// The session is entered if there is no error.
func (p *Proxy) acquire(ctx context.Context, key string, r runtime.Request, address string) (*session, error) {
	for {
		p.mu.Lock()
		s := p.sessions[key]
		if s == nil {
			var err error
			if s, err = p.begin(key, r, address); err != nil {
				p.mu.Unlock()
				return nil, err
			}
		}
		if s.state == ended {
			p.mu.Unlock()
			select {
			case <-s.over:
				continue
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		s.enter()
		p.mu.Unlock()
		select {
		case <-s.ready:
		case <-ctx.Done():
			s.leave()
			return nil, context.Cause(ctx)
		}
		if s.err == nil {
			return s, nil
		}
		s.leave()
		if !errors.Is(s.err, errLeft) {
			return nil, s.err
		}
	}
}

// begin starts a session. mu is held.
func (p *Proxy) begin(key string, r runtime.Request, address string) (*session, error) {
	if p.ctx.Err() != nil {
		return nil, errClosed
	}
	if len(p.sessions) >= p.opt.Limits.Sessions {
		return nil, errFull
	}
	if address != "" && p.addresses[address] >= p.opt.Limits.SessionsPerAddress {
		return nil, errFullHere
	}
	r.Key = newClaimKey(key)
	s := p.newSession(key, r)
	if s.address = address; address != "" {
		p.addresses[address]++
	}
	go s.run()
	return s, nil
}

func (p *Proxy) newSession(key string, r runtime.Request) *session {
	s := &session{
		proxy: p, key: key, request: r, asked: make(chan struct{}),
		ready: make(chan struct{}), ending: make(chan struct{}), over: make(chan struct{}),
	}
	s.ctx, s.cut = context.WithCancelCause(p.ctx)
	p.sessions[key] = s
	return s
}

// Adopt takes over a claim that a proxy made before the server was started
// again: its session goes on with the instance. If nobody asks for the session
// within the idle timeout the claim is released. To be called for all claims of
// the pool, by name and as they were asked for, before there are requests;
// adopted is false for those that no proxy has made.
func (p *Proxy) Adopt(claim string, r runtime.Request) (adopted bool) {
	key, ours := sessionKey(r.Key)
	if !ours {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil || p.sessions[key] != nil {
		return true
	}
	s := p.newSession(key, r)
	s.held = claim
	s.rest()
	go s.run()
	return true
}

// Observe implements runtime.Observer: a claim that someone else has released
// is no session's any more, and its instance may be another's in a moment.
func (p *Proxy) Observe(e *runtime.Entry) {
	if e.Event != "release" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.members[e.Instance]; s != nil && s.state == open {
		s.end(reasonReleased)
	}
}
