package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/proxy"
)

// sessions listen where the configuration's proxy section, or --proxy, says,
// for the proxy of whichever host there is.
type sessions struct {
	config.Proxy
	key      []byte // that signs cookies; nil: one is made
	address  string // with the scheme
	listener net.Listener
	server   *http.Server
	log      *slog.Logger

	mu    sync.Mutex
	now   *proxy.Proxy  // nil while there is none
	there chan struct{} // closed when there is one
}

// sessions are nil where neither the file nor the flag asks for them.
func (f *serveFlags) sessions(file *config.File, fleet *policy.Config) (*sessions, error) {
	s := &sessions{Proxy: config.DefaultProxy(), there: make(chan struct{})}
	switch {
	case file.Proxy != nil:
		s.Proxy = *file.Proxy
	case f.proxy == "":
		return nil, nil
	case fleet.Isolation == policy.ByTenant:
		return nil, fmt.Errorf("--proxy: instances are isolated by tenant, so sessions need one: give proxy.tenant, or proxy.headers.tenant, in %s", f.config)
	}
	if f.proxy != "" {
		s.Listen = f.proxy
	}
	return s, nil
}

// open listens; what comes before serve waits.
func (s *sessions) open(log *slog.Logger) (err error) {
	if s == nil {
		return nil
	}
	s.log = log
	if s.Session.KeyFile != "" {
		s.key, err = os.ReadFile(s.Session.KeyFile)
		if s.key = bytes.TrimSpace(s.key); err == nil {
			err = proxy.CheckKey(s.key)
		}
	} else { // the same for all hosts of this server
		s.key, err = proxy.NewKey(), nil
	}
	if err != nil {
		return usage(fmt.Errorf("proxy.session.key_file: %w", err))
	}
	var identity *api.Identity
	if s.secure() {
		if identity, err = api.LoadIdentity(api.TLSFiles{Cert: s.TLS.CertFile, Key: s.TLS.KeyFile}, log); err != nil {
			return usage(fmt.Errorf("proxy.tls: %w", err))
		}
	}
	if s.listener, err = net.Listen("tcp", s.Listen); err != nil {
		return fmt.Errorf("cannot listen for sessions: %w; choose another address with --proxy", err)
	}
	s.address = "http://" + s.listener.Addr().String()
	if s.secure() {
		s.address = "https://" + s.listener.Addr().String()
		s.listener = tls.NewListener(s.listener, identity.Config())
	}
	return nil
}

func (s *sessions) secure() bool { return s.TLS != config.ProxyTLS{} }

// serve answers requests until close; failed is told if it cannot go on.
func (s *sessions) serve(failed func(error)) {
	if s == nil {
		return
	}
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("serving sessions: %w", err))
		}
	}()
	s.log.Info("serving sessions", "address", s.address, "idle_timeout", s.Session.IdleTimeout)
}

// hostAfter is how long a request waits for a host to begin.
const hostAfter = 10 * time.Second

// ServeHTTP forwards a request, if there is a host.
func (s *sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), hostAfter)
	defer cancel()
	if p := s.await(ctx); p != nil {
		p.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Retry-After", "1")
	w.Header().Set("Refresh", "1") // for browsers
	http.Error(w, "This server has no pool at the moment.", http.StatusServiceUnavailable)
}

// await is the proxy that there is, or is before ctx ends.
func (s *sessions) await(ctx context.Context) *proxy.Proxy {
	s.mu.Lock()
	there := s.there
	s.mu.Unlock()
	select {
	case <-there:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// set says which proxy there is now; nil takes the one that was there away.
func (s *sessions) set(p, was *proxy.Proxy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.now != was: // another is there already
	case p != nil:
		s.now = p
		close(s.there)
	case was != nil:
		s.now, s.there = nil, make(chan struct{})
	}
}

// close lets what is being answered come to its end until ctx ends.
func (s *sessions) close(ctx context.Context) {
	if s == nil || s.listener == nil {
		return
	}
	s.listener.Close()
	if s.server != nil && s.server.Shutdown(ctx) != nil {
		_ = s.server.Close()
	}
}

// A reign is the proxy of one host, and what that tells it.
type reign struct {
	*sessions
	proxy atomic.Pointer[proxy.Proxy]
}

// reign is for a host that is to be made of the options; nil where there are no
// sessions.
func (s *sessions) reign(options *runtime.Options) *reign {
	if s == nil {
		return nil
	}
	r := &reign{sessions: s}
	options.Observers = append(options.Observers[:len(options.Observers):len(options.Observers)], r)
	return r
}

// Observe implements runtime.Observer.
func (r *reign) Observe(e *runtime.Entry) {
	if p := r.proxy.Load(); p != nil {
		p.Observe(e)
	}
}

// begin forwards requests to the host's instances from now on.
func (r *reign) begin(host *runtime.Host) error {
	if r == nil {
		return nil
	}
	p, err := proxy.New(host, proxy.Options{Proxy: r.Proxy, CookieKey: r.key, Metrics: host.Metrics(), Logger: r.log})
	if err != nil {
		return err
	}
	r.proxy.Store(p)
	if err := adopt(host, p); err != nil {
		return err
	}
	r.set(p, nil)
	return nil
}

// adopt takes over the sessions of before the server was started again, or of
// who led before.
func adopt(host *runtime.Host, p *proxy.Proxy) error {
	const most = 1000
	for after := ""; ; {
		held, err := host.Claims(context.Background(), after, most)
		if err != nil {
			return err
		}
		for _, c := range held {
			p.Adopt(c.Claim, c.Request)
			after = c.Claim
		}
		if len(held) < most {
			return nil
		}
	}
}

// reignEnd is for how long what is being answered when the host has ended may
// go on.
const reignEnd = 5 * time.Second

// end forwards nothing any more.
func (r *reign) end() {
	if r == nil {
		return
	}
	if p := r.proxy.Load(); p != nil {
		r.set(nil, p)
		time.AfterFunc(reignEnd, p.Close)
	}
}
