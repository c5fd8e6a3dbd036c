package agents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"shadowpool/runtime/wire"
)

// bodyTime is how long a body may take to come in.
const bodyTime = 10 * time.Second

// mostCalls is how many bodies are read at one time: who has no token can make
// the server do that much.
const mostCalls = 64

// Handler serves the agents under /v1/agents/. It needs no other authentication
// before it: an answer is signed for the instance that asks, and a question that
// its instance has not signed is refused.
func (o *Office) Handler() http.Handler {
	h := &handler{o, make(chan struct{}, mostCalls)}
	mux := http.NewServeMux()
	mux.Handle("POST /v1/agents/{name}/register", endpoint(h, h.register))
	mux.Handle("POST /v1/agents/{name}/orders", endpoint(h, h.orders))
	mux.Handle("POST /v1/agents/{name}/report", endpoint(h, h.report))
	return mux
}

type handler struct {
	*Office
	reading chan struct{}
}

// A status is an error with the status of its answer.
type status struct {
	code int
	error
}

// errSession tells an agent to register again.
var errSession = status{http.StatusConflict, errors.New("there is no such session; register")}

// endpoint reads a signed message, and signs the answer.
func endpoint[T wire.Message](h *handler, answer func(context.Context, wire.Identity, T) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := h.read(w, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		identity, err := wire.DecodeIdentity(r.Header.Get(wire.HeaderIdentity))
		nonce := r.Header.Get(wire.HeaderNonce)
		secret := wire.Secret(h.opt.Key, r.Header.Get(wire.HeaderIdentity))
		if err != nil || identity.Name != r.PathValue("name") || len(nonce) < 16 || len(nonce) > 64 ||
			!wire.Same(r.Header.Get(wire.HeaderMAC), wire.SignRequest(secret, r.Method, r.URL.Path, nonce, body)) {
			http.Error(w, "this is not signed by the agent of that instance", http.StatusUnauthorized)
			return
		}
		code, text := http.StatusOK, []byte(nil)
		var out any
		message, err := wire.Decode[T](body)
		if err != nil {
			err = status{http.StatusBadRequest, err}
		} else {
			out, err = answer(r.Context(), identity, message)
		}
		if err == nil {
			text, err = json.Marshal(out)
		}
		if err != nil {
			code, text = http.StatusInternalServerError, []byte(err.Error())
			var s status
			if errors.As(err, &s) {
				code = s.code
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set(wire.HeaderMAC, wire.SignAnswer(secret, nonce, code, text))
		w.WriteHeader(code)
		_, _ = w.Write(text)
	})
}

// read reads a body, if not too many are read already.
func (h *handler) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Header.Get(wire.HeaderMAC) == "" || strings.Contains(r.URL.RawPath, "%") {
		return nil, errors.New("this is not signed")
	}
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(bodyTime))
	defer func() { _ = deadline.SetReadDeadline(time.Time{}) }()
	return io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
}

func (h *handler) register(_ context.Context, i wire.Identity, r wire.Registration) (any, error) {
	w, err := h.enter(i, &r)
	if err == nil {
		h.assign(i.Name, make(plans))
	}
	return w, err
}

func (h *handler) enter(i wire.Identity, r *wire.Registration) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions[i.Name] == nil && len(h.sessions) >= mostSessions {
		return nil, status{http.StatusServiceUnavailable, fmt.Errorf("%d agents are known already", mostSessions)}
	}
	s := h.session(i.Name)
	s.register(i, r, time.Now())
	if r.Claim != "" {
		h.owed.expect(r.Claim)
	}
	return wire.Welcome{Session: s.id, Settings: h.opt.Settings}, nil
}

// of is the session of an agent; the lock is held.
func (h *handler) of(i wire.Identity, id string) (*session, error) {
	s := h.sessions[i.Name]
	if s == nil || id == "" || s.id != id {
		return nil, errSession
	}
	s.heard = time.Now()
	return s, nil
}

func (h *handler) orders(ctx context.Context, i wire.Identity, a wire.Ask) (any, error) {
	deadline := time.NewTimer(time.Duration(a.WaitS * float64(time.Second)))
	defer deadline.Stop()
	for {
		h.mu.Lock()
		s, err := h.of(i, a.Session)
		if err != nil {
			h.mu.Unlock()
			return nil, err
		}
		out := wire.Orders{Orders: append([]wire.Order(nil), s.after(a.After)...)}
		changed := s.changed
		h.mu.Unlock()
		if len(out.Orders) > 0 {
			return out, nil
		}
		select {
		case <-changed:
		case <-deadline.C:
			return out, nil
		case <-h.closed:
			return nil, status{http.StatusServiceUnavailable, errors.New("the server is stopping")}
		case <-ctx.Done():
			return nil, status{http.StatusServiceUnavailable, ctx.Err()}
		}
	}
}

func (h *handler) report(_ context.Context, i wire.Identity, r wire.Report) (any, error) {
	got, again, err := h.hear(i, &r)
	if again {
		h.assign(i.Name, make(plans))
	}
	return got, err
}

// hear takes a report. again says that the instance serves nobody any more.
func (h *handler) hear(i wire.Identity, r *wire.Report) (got any, again bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, err := h.of(i, r.Session)
	if err != nil {
		return nil, false, err
	}
	for n := range r.Events {
		if r.First+int64(n) < s.next {
			continue // told twice
		}
		e := &r.Events[n]
		if e.Kind == wire.EventUsage {
			h.use(s, e, s.heard)
		}
		s.report(e)
		h.log(s, e)
		again = again || e.Kind == wire.EventReady && e.Claim != ""
	}
	s.next = max(s.next, r.First+int64(len(r.Events)))
	s.change()
	if n := len(r.Events); n > 0 && r.Events[n-1].Kind == wire.EventStopped {
		h.forget(i.Name)
		again = false
	}
	return wire.Received{Next: s.next}, again, nil
}

// log says what has happened; nothing of what was delivered.
func (h *handler) log(s *session, e *wire.Event) {
	switch {
	case e.Kind == wire.EventStep && (e.Error == "" || e.Error == wire.Stopped):
		h.opt.Logger.Info("a step of the predictive workload is over", "instance", s.name, "kind", e.Step.Kind, "name", e.Step.Name,
			"fraction", e.Step.Fraction, "seconds", e.Step.Seconds, "bytes", e.Step.Bytes, "stopped", e.Error != "")
	case e.Kind == wire.EventStep:
		h.opt.Logger.Warn("a step of the predictive workload was not done", "instance", s.name, "kind", e.Step.Kind, "name", e.Step.Name,
			"seconds", e.Step.Seconds, "error", e.Error)
	case e.Kind == wire.EventPromoted:
		h.opt.Logger.Info("promoted", "instance", s.name, "claim", e.Claim, "workload_stopped_s", e.StoppedS, "applied_s", e.AppliedS, "error", e.Error)
	}
}
