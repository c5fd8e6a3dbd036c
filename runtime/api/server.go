package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// Handler serves a host.
func Handler(host *runtime.Host, opt Options) http.Handler {
	if opt.ClaimDeadline == 0 {
		opt.ClaimDeadline = time.Minute
	}
	if opt.MaxDeadline == 0 {
		opt.MaxDeadline = 10 * time.Minute
	}
	if opt.MaxRequests == 0 {
		opt.MaxRequests = 12_000
	}
	s := &server{host: host, opt: opt, slots: make(chan struct{}, opt.MaxRequests)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/claims", s.claim)
	mux.HandleFunc("DELETE /v1/claims/{id}", s.release)
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("POST /v1/drain", s.drain)
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("GET /metrics", promhttp.HandlerFor(host.Metrics(), promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return http.NewCrossOriginProtection().Handler(s.bounded(ownName(mux)))
}

type server struct {
	host  *runtime.Host
	opt   Options
	slots chan struct{}
}

// bounded refuses what is too much at one time.
func (s *server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
			next.ServeHTTP(w, r)
		default:
			fail(w, &Problem{Title: "too many requests are in progress", Status: http.StatusServiceUnavailable})
		}
	})
}

// ownName refuses names that merely resolve to the loopback interface: that
// is how a web page gets around the browser's rule of one origin.
func ownName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if local != nil && local.IP.IsLoopback() && host != "localhost" && net.ParseIP(host) == nil {
			fail(w, &Problem{Title: "unknown host name", Status: http.StatusMisdirectedRequest, Detail: "use localhost or the address"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) claim(w http.ResponseWriter, r *http.Request) {
	most := int64(maxBody)
	if s.opt.Deliver != nil {
		most = 2 << 20
	}
	q, problem := readClaim(w, r, most)
	if problem != nil {
		fail(w, problem)
		return
	}
	deadline := s.opt.ClaimDeadline
	switch most := s.opt.MaxDeadline.Seconds(); {
	case !(q.DeadlineS >= 0 && q.DeadlineS <= most):
		fail(w, &Problem{Title: "impossible request", Status: http.StatusUnprocessableEntity, Field: "deadline_s", Detail: fmt.Sprintf("deadline_s: %v is not between 0 and %v seconds", q.DeadlineS, most)})
		return
	case q.DeadlineS > 0:
		deadline = time.Duration(q.DeadlineS * float64(time.Second))
	}
	warm, err := policy.ParseWarmth(q.Warm)
	if err != nil {
		fail(w, &Problem{Title: "impossible request", Status: http.StatusUnprocessableEntity, Field: "warm", Detail: "warm: " + err.Error()})
		return
	}
	if s.opt.Deliver == nil && len(q.Environment)+len(q.Secrets)+len(q.Files) > 0 {
		fail(w, &Problem{Title: "impossible request", Status: http.StatusUnprocessableEntity, Detail: "this server delivers nothing to instances"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), deadline)
	defer cancel()
	g, err := s.host.Claim(ctx, runtime.Request{
		Category: q.Category, Tenant: q.Tenant, TaskType: q.TaskType, Zone: q.Zone, Image: q.Image, Dataset: q.Dataset, Warm: warm,
	})
	if err != nil {
		fail(w, problemOf(err, deadline))
		return
	}
	if s.opt.Deliver != nil {
		if err := s.opt.Deliver(ctx, g, Delivery{q.Environment, q.Secrets, q.Files}); err != nil {
			_ = s.host.Release(context.WithoutCancel(r.Context()), g.Claim)
			fail(w, &Problem{Title: "the instance did not take what is for it", Status: http.StatusBadGateway, Detail: err.Error()})
			return
		}
	}
	err = answer(w, http.StatusCreated, Claim{
		Claim: g.Claim, Category: g.Category, Zone: g.Zone, Instance: g.Instance.Name, Address: g.Instance.Address, PID: g.Instance.PID,
		Environment: g.Instance.Environment, Outcome: g.Outcome.String(), Reason: g.Reason.String(), WaitS: g.Wait.Seconds(),
	})
	if err != nil || r.Context().Err() != nil { // nobody knows of the claim
		_ = s.host.Release(context.WithoutCancel(r.Context()), g.Claim)
	}
}

// readClaim reads a claim's body strictly.
func readClaim(w http.ResponseWriter, r *http.Request, most int64) (q ClaimRequest, _ *Problem) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return q, &Problem{Title: "not JSON", Status: http.StatusUnsupportedMediaType, Detail: "send the header Content-Type: application/json"}
	}
	// A body that trickles in holds a slot.
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(bodyTimeout))
	defer func() { _ = deadline.SetReadDeadline(time.Time{}) }()
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	d.DisallowUnknownFields()
	err := d.Decode(&q)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return q, nil
		}
		err = errors.New("there is more after the object")
	}
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return q, &Problem{Title: "too long", Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body may have %d bytes", most)}
	}
	return q, &Problem{Title: "not a claim", Status: http.StatusBadRequest, Detail: err.Error()}
}

func (s *server) release(w http.ResponseWriter, r *http.Request) {
	if err := s.host.Release(r.Context(), r.PathValue("id")); err != nil {
		fail(w, problemOf(err, 0))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	status, err := s.host.Status(r.Context())
	if err != nil {
		fail(w, problemOf(err, 0))
		return
	}
	_ = answer(w, http.StatusOK, status)
}

func (s *server) drain(w http.ResponseWriter, r *http.Request) {
	if err := s.host.Drain(r.Context()); err != nil {
		fail(w, problemOf(err, 0))
		return
	}
	s.status(w, r)
}

func (s *server) health(w http.ResponseWriter, r *http.Request) {
	switch status, err := s.host.Status(r.Context()); {
	case err != nil:
		fail(w, problemOf(err, 0))
	case status.Draining:
		fail(w, problemOf(runtime.ErrDraining, 0))
	default:
		fmt.Fprintln(w, "ok")
	}
}

func answer(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

func fail(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", "application/problem+json")
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

func problemOf(err error, deadline time.Duration) *Problem {
	p := &Problem{Title: "failed", Status: http.StatusInternalServerError, Detail: err.Error()}
	var bad *runtime.BadRequest
	switch {
	case errors.As(err, &bad):
		p.Title, p.Status, p.Field = "impossible request", http.StatusUnprocessableEntity, bad.Field
	case errors.Is(err, runtime.ErrNotWarm):
		p.Title, p.Status = "nothing warm", http.StatusConflict
	case errors.Is(err, runtime.ErrNoClaim):
		p.Title, p.Status = "unknown claim", http.StatusNotFound
	case errors.Is(err, runtime.ErrDraining), errors.Is(err, runtime.ErrStopped), errors.Is(err, runtime.ErrFull):
		p.Title, p.Status = "not available", http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		p.Title, p.Status, p.Detail = "no instance in time", http.StatusGatewayTimeout, fmt.Sprintf("none was promoted within %v; the request was withdrawn", deadline)
	case errors.Is(err, context.Canceled): // no one reads it
		p.Title, p.Status = "withdrawn", 499
	}
	return p
}
