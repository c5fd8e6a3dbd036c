package replica

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"shadowpool/runtime"
)

// A Server is one of those that share a store. Its fields are set before Run
// and not changed.
type Server struct {
	Store runtime.Store
	Self  runtime.Replica
	// Host makes a host that leads, and what serves its API. The host is run by
	// the Server.
	Host func(runtime.Lead) (Host, http.Handler, error)
	// Transport reaches the other servers; nil is http.DefaultTransport.
	Transport http.RoundTripper
	Logger    *slog.Logger

	leading atomic.Pointer[reign]
	leader  atomic.Pointer[sighting]
}

// A Host is a runtime.Host, or something around it.
type Host interface {
	Run(context.Context) error
	Ready() <-chan struct{}
	Done() <-chan struct{}
}

// A reign is a time in which this server leads.
type reign struct{ handler http.Handler }

// A sighting is who led at an instant.
type sighting struct {
	runtime.Replica
	at time.Time
}

// Bounds of how often the store is asked, and of a try to lead again.
const (
	sightingLasts = time.Second
	again         = time.Second
)

// Run leads until ctx ends or the lead is lost, and then waits for the next
// time. It returns when ctx has ended, or when a host cannot be made.
func (s *Server) Run(ctx context.Context) error {
	for {
		err := s.reign(ctx)
		if ctx.Err() != nil {
			return err
		}
		var impossible *impossibleError
		if errors.As(err, &impossible) {
			return err
		}
		s.Logger.Warn("this server does not lead any more", "error", err)
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return nil
		}
	}
}

// An impossibleError is one that another try would not mend.
type impossibleError struct{ error }

func (e *impossibleError) Unwrap() error { return e.error }

// reign waits for the lead and serves for as long as it has it.
func (s *Server) reign(ctx context.Context) error {
	lead, err := s.Store.Lead(ctx, s.Self)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	host, handler, err := s.Host(lead)
	if err != nil {
		return errors.Join(&impossibleError{err}, lead.Release(context.WithoutCancel(ctx)))
	}
	s.Logger.Info("this server leads", "term", lead.Term())
	serving := make(chan struct{})
	go func() {
		defer close(serving)
		select {
		case <-host.Ready():
			s.leading.Store(&reign{handler})
		case <-host.Done():
		}
	}()
	err = host.Run(ctx)
	<-serving
	s.leading.Store(nil)
	return errors.Join(err, s.letGo(ctx, lead))
}

// letGo lets another lead at once, where the host has not done so.
func (s *Server) letGo(ctx context.Context, lead runtime.Lead) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), again)
	defer cancel()
	if err := lead.Release(ctx); err != nil && !errors.Is(err, runtime.ErrFenced) {
		return err
	}
	return nil
}

// passedOn marks requests that come from another server, so that two who each
// believe that the other leads do not play ball.
const passedOn = "Shadowpool-Passed-On"

// ServeHTTP serves a request, or passes it on to who leads.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if reign := s.leading.Load(); reign != nil {
		reign.handler.ServeHTTP(w, r)
		return
	}
	if r.Header.Get(passedOn) != "" {
		s.nobody(w, "this server does not lead any more")
		return
	}
	leader, err := s.whoLeads(r.Context())
	if err != nil || leader.Address == "" || leader.Name == s.Self.Name {
		s.nobody(w, runtime.ErrNoLeader.Error())
		return
	}
	target, err := url.Parse(leader.Address)
	if err != nil || target.Host == "" {
		s.nobody(w, "who leads has no address that can be reached")
		return
	}
	proxy := &httputil.ReverseProxy{
		Transport: s.Transport, FlushInterval: -1,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Header.Set(passedOn, s.Self.Name)
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				s.leader.Store(nil)
				s.Logger.Warn("who leads cannot be reached", "leader", leader.Name, "error", err)
			}
			s.nobody(w, "who leads cannot be reached")
		},
		ErrorLog: slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug),
	}
	proxy.ServeHTTP(w, r)
}

// whoLeads asks the store, not more often than it changes.
func (s *Server) whoLeads(ctx context.Context) (runtime.Replica, error) {
	if seen := s.leader.Load(); seen != nil && time.Since(seen.at) < sightingLasts {
		return seen.Replica, nil
	}
	who, err := s.Store.Leader(ctx)
	if err != nil {
		return who, err
	}
	if who.Address != "" && !strings.Contains(who.Address, "://") {
		who.Address = "http://" + who.Address
	}
	s.leader.Store(&sighting{who, time.Now()})
	return who, nil
}

// nobody says that the request is to be made again.
func (s *Server) nobody(w http.ResponseWriter, why string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "urn:shadowpool:problem:no-leader", "title": "no leader", "status": http.StatusServiceUnavailable, "detail": why})
}
