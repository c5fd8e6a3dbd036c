package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"shadowpool/runtime"
)

// A session is a claim and the requests that go to its instance. A goroutine of
// its own accompanies it: claim, then the end of it.
type session struct {
	proxy   *Proxy
	key     string // of its claim
	request runtime.Request
	address string // of who began it
	began   time.Time

	// ctx ends when the claim is not wanted any more, or nothing may be
	// forwarded any more, with the reason as its cause.
	ctx context.Context
	cut context.CancelCauseFunc

	asked  chan struct{} // closed by its first request
	ready  chan struct{} // closed when the claim was answered: then
	grant  runtime.Grant // it is this
	target *url.URL      // and the instance is here,
	err    error         // or this is why there is none

	ending chan struct{} // closed when it is to end, after reason is set
	over   chan struct{} // closed when another may begin in its place

	// What follows belongs to who holds Proxy.mu.
	state  state
	held   string // the claim that it was taken over with; see Proxy.Adopt
	reason string // why it ends
	active int    // requests that wait for it or are forwarded
	used   time.Time
	timer  *time.Timer // runs while active is 0
}

type state uint8

const (
	adopted state = iota // its claim is held, but nobody has asked for it yet
	waiting
	open
	ended
)

// Why sessions end, and why what they have open is cut off.
const (
	reasonIdle     = "idle"
	reasonLost     = "lost"
	reasonReleased = "released" // by someone else
	reasonLeft     = "left"     // nobody waited any more
	reasonFailed   = "failed"   // there was nothing to forward to
	reasonClosed   = "closed"
)

var (
	// errLeft is a deadline that has passed: the claim is not to be kept for
	// those who may come back.
	errLeft   = fmt.Errorf("nobody waits for the session any more: %w", context.DeadlineExceeded)
	errLost   = errors.New("the instance is lost")
	errEnded  = errors.New("the session's claim has been released")
	errClosed = errors.New("the proxy has stopped")
)

const (
	// leaveAfter is for how long a claim waits on when nobody asks for it: for
	// longer than it takes a page, or a client, to ask again.
	leaveAfter = 15 * time.Second
	// lostGrace is what is left to what a lost instance has sent.
	lostGrace = time.Second
	// findDelay is how long to leave a pool, that was started again, to find an
	// instance that serves.
	findDelay = 50 * time.Millisecond
)

// enter is to be called with mu held, once for each leave.
func (s *session) enter() {
	if s.state == adopted {
		s.state, s.began = waiting, time.Now()
		close(s.asked)
	}
	s.active++
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *session) leave() {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	s.active--
	s.rest()
}

// rest lets the time run for a session that nobody uses. mu is held.
func (s *session) rest() {
	if s.active > 0 || s.state == ended {
		return
	}
	s.used = time.Now()
	if s.timer == nil {
		s.timer = time.AfterFunc(s.patience(), s.expire)
	} else {
		s.timer.Reset(s.patience())
	}
}

func (s *session) patience() time.Duration {
	if s.state == waiting {
		return leaveAfter
	}
	return s.proxy.opt.Session.IdleTimeout
}

// expire ends a session that nobody has used.
func (s *session) expire() {
	s.proxy.mu.Lock()
	defer s.proxy.mu.Unlock()
	switch {
	case s.active > 0 || time.Since(s.used) < s.patience(): // it was used while this was on its way
	case s.state == waiting:
		s.end(reasonLeft)
		s.cut(errLeft)
	case s.state != ended:
		s.end(reasonIdle)
	}
}

// end begins the end. mu is held.
func (s *session) end(reason string) {
	if s.state == ended {
		return
	}
	s.state, s.reason = ended, reason
	if s.timer != nil {
		s.timer.Stop()
	}
	close(s.ending)
}

// run claims an instance and stays until the session is over.
func (s *session) run() {
	p := s.proxy
	defer s.forget()
	select {
	case <-s.asked:
	case <-s.ending:
		s.release(s.held)
		return
	}
	grant, target, err := s.claim()
	p.mu.Lock()
	if s.state == ended && err == nil {
		err = context.Cause(s.ctx)
	}
	if err != nil {
		s.err = err
		s.end(reasonFailed)
		close(s.ready)
		p.mu.Unlock()
		s.release(grant.Claim)
		return
	}
	s.grant, s.target, s.state = grant, target, open
	member := memberOf(grant.Instance)
	p.members[member] = s
	s.rest()
	close(s.ready)
	p.mu.Unlock()
	p.metrics.wait.Observe(time.Since(s.began).Seconds())

	select {
	case <-grant.Instance.Gone:
	case <-s.ending:
	}
	p.mu.Lock()
	s.end(reasonLost)
	if p.members[member] == s {
		delete(p.members, member)
	}
	idle := s.reason == reasonIdle
	p.mu.Unlock()
	if idle {
		s.release(grant.Claim)
	}
}

// claim waits for an instance that is there.
func (s *session) claim() (runtime.Grant, *url.URL, error) {
	request, taken := s.request, s.held != ""
	for {
		grant, err := s.proxy.pool.Claim(s.ctx, request)
		switch {
		case s.ctx.Err() != nil:
			return grant, nil, context.Cause(s.ctx)
		case err != nil && !taken:
			return runtime.Grant{}, nil, err
		case err == nil && grant.Instance.Name == "":
			// The pool has not found the instance again yet.
			wait := time.NewTimer(findDelay)
			select {
			case <-wait.C:
			case <-s.ctx.Done():
				wait.Stop()
			}
			continue
		case err == nil && !gone(grant.Instance):
			target, err := targetOf(grant.Instance)
			return grant, target, err
		}
		// What was taken over is over, or the instance has been lost on the way
		// here, of which the pool learns, too.
		request.Key, taken = newClaimKey(s.key), false
	}
}

func gone(i runtime.Instance) bool {
	select {
	case <-i.Gone:
		return true
	default:
		return false
	}
}

// release gives a claim back. It tries again until the pool has taken it: the
// instance would be held for ever.
func (s *session) release(claim string) {
	if claim == "" || s.proxy.ctx.Err() != nil {
		return
	}
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := s.proxy.pool.Release(s.proxy.ctx, claim)
		if err == nil || errors.Is(err, runtime.ErrNoClaim) || errors.Is(err, runtime.ErrStopped) || s.proxy.ctx.Err() != nil {
			return
		}
		s.proxy.opt.Logger.Warn("a claim could not be released; trying again", "claim", claim, "after", wait, "error", err)
		again := time.NewTimer(wait)
		select {
		case <-again.C:
		case <-s.proxy.ctx.Done():
			again.Stop()
			return
		}
	}
}

// forget takes a session that has ended out of the table.
func (s *session) forget() {
	p := s.proxy
	p.mu.Lock()
	delete(p.sessions, s.key)
	if s.address != "" {
		if p.addresses[s.address]--; p.addresses[s.address] == 0 {
			delete(p.addresses, s.address)
		}
	}
	reason := s.reason
	p.mu.Unlock()
	close(s.over)
	if reason == reasonLost {
		time.AfterFunc(lostGrace, func() { s.cut(errLost) })
	} else {
		s.cut(errEnded)
	}
	p.metrics.ended.WithLabelValues(reason).Inc()
}

// targetOf is where an instance is reached: at http://HOST:PORT, with a path or
// not, or at HOST:PORT.
func targetOf(i runtime.Instance) (*url.URL, error) {
	address := i.Address
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("requests cannot be forwarded to instance %s, at %.200q: want http://HOST:PORT", i.Name, i.Address)
	}
	return u, nil
}

// memberOf is an instance as the events of a host name it: the last two parts
// of its name.
func memberOf(i runtime.Instance) string {
	parts := strings.Split(i.Name, "-")
	return strings.Join(parts[max(0, len(parts)-2):], "-")
}
