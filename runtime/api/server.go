package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A route is one operation. Those without verbs are for everyone; concerns all
// says that it takes somebody who is for all tenants.
type route struct {
	method, path string
	verbs        Verbs
	all          bool
	serve        func(*server, http.ResponseWriter, *http.Request, *Principal) *Problem
}

var routes = []route{
	{"POST", "/v1/claims", MayClaim, false, (*server).claim},
	{"GET", "/v1/claims", MayClaim | Read, false, (*server).claims},
	{"GET", "/v1/claims/{id}", MayClaim | Read, false, (*server).claimOf},
	{"GET", "/v1/claims/{id}/events", MayClaim | Read, false, (*server).claimEvents},
	{"DELETE", "/v1/claims/{id}", MayClaim, false, (*server).release},
	{"GET", "/v1/events", MayClaim | Read, false, (*server).allEvents},
	{"GET", "/v1/instances", MayClaim | Read, false, (*server).instances},
	{"POST", "/v1/hints", MayClaim, false, (*server).announce},
	{"DELETE", "/v1/hints/{id}", MayClaim, false, (*server).withdraw},
	{"GET", "/v1/status", Read, true, (*server).status},
	{"POST", "/v1/pools/{pool}/pause", Operate, true, (*server).pause},
	{"POST", "/v1/pools/{pool}/resume", Operate, true, (*server).resume},
	{"POST", "/v1/pools/{pool}/reset", Operate, true, (*server).reset},
	{"POST", "/v1/categories/{category}/invalidate", Operate, true, (*server).invalidate},
	{"POST", "/v1/drain", Operate, true, (*server).drain},
	{"GET", "/v1/configuration", Operate, true, (*server).configuration},
	{"PUT", "/v1/configuration", Operate, true, (*server).configure},
	{"GET", "/metrics", Read, true, (*server).metrics},
	{"GET", "/healthz", 0, false, (*server).healthy},
	{"GET", "/readyz", 0, false, (*server).ready},
	{"GET", "/openapi.yaml", 0, false, (*server).description},
}

// Handler serves a host.
func Handler(host Host, opt Options) http.Handler {
	opt.setDefaults()
	s := &server{
		host: host, opt: opt, gate: newGate(opt.Limits, opt.Events), slots: make(chan struct{}, opt.MaxRequests),
		kept: make(chan struct{}, opt.MaxRequests), streams: make(chan struct{}, max(opt.MaxRequests/4, 1)),
	}
	if opt.Events != nil {
		go opt.Events.follow(host)
	}
	s.traffic = newTraffic(s, host.Metrics())
	s.prometheus = promhttp.HandlerFor(host.Metrics(), promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	mux := http.NewServeMux()
	for i := range routes {
		mux.Handle(routes[i].method+" "+routes[i].path, s.handler(&routes[i], s.traffic.done[i]))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { elsewhere(mux, w, r) })
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		CrossOrigin.problem("a browser says that a page of another site asks").write(w)
	}))
	return guard.Handler(s.bounded(mux))
}

type server struct {
	host       Host
	opt        Options
	gate       *gate
	slots      chan struct{} // one a request in progress
	kept       chan struct{} // one a claim that waits without a client
	streams    chan struct{} // one a stream of events
	bytes      budget        // of deliveries
	deliveries deliveries
	failures   failures
	hints      hints
	traffic    traffic
	prometheus http.Handler
}

// bounded refuses what is too much at one time, and what does not mean this
// server.
func (s *server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		default:
			Overloaded.problem("too many requests are in progress").write(w)
			return
		}
		switch {
		case !ownName(r):
			UnknownHost.problem("use localhost or the address").write(w)
		case unclean(r.URL.Path):
			NotFound.problem("").write(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Protect serves something beside the API to those who have verbs and are for
// all tenants.
func Protect(opt Options, verbs Verbs, next http.Handler) http.Handler {
	return OwnName(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, problem := opt.who(r)
		if problem == nil {
			problem = who.may(verbs, true)
		}
		if problem != nil {
			problem.write(w)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// OwnName refuses names that merely resolve to the loopback interface: that
// is how a web page gets around the browser's rule of one origin.
func OwnName(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownName(r) {
			UnknownHost.problem("use localhost or the address").write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownName says whether a request names the server as it may.
func ownName(r *http.Request) bool {
	if r.Host == "localhost" || strings.HasPrefix(r.Host, "localhost:") {
		return true
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return local == nil || !local.IP.IsLoopback() || host == "localhost" || net.ParseIP(strings.Trim(host, "[]")) != nil
}

// unclean tells whether a path has parts that lead elsewhere; the multiplexer
// would send its client there.
func unclean(path string) bool {
	return !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.Contains(path, "/./") || strings.Contains(path, "/../") ||
		strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/..")
}

// elsewhere answers to what is no route.
func elsewhere(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		other := &http.Request{Method: method, Host: r.Host, URL: r.URL}
		if _, pattern := mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		NotFound.problem("").write(w)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	MethodNotAllowed.problem("this path takes %s", strings.Join(allowed, ", ")).write(w)
}

// handler serves a route to those who may.
func (s *server) handler(to *route, done prometheus.Counter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := anyone
		var problem *Problem
		if to.verbs != 0 {
			if who, problem = s.opt.who(r); problem == nil {
				problem = who.may(to.verbs, to.all)
			}
		}
		if problem == nil {
			problem = to.serve(s, w, r, who)
		}
		if problem == nil {
			done.Inc()
			if to.verbs == Operate && r.Method != http.MethodGet {
				s.opt.Logger.Info("an operator's order", "by", who.Name, "method", r.Method, "path", r.URL.Path)
			}
			return
		}
		if problem.Status == http.StatusInternalServerError {
			s.opt.Logger.Error("a request failed", "method", r.Method, "route", to.path, "error", problem.Detail)
		}
		s.traffic.problem(to, problem)
		problem.write(w)
	})
}

// readJSON reads a body of at most so many bytes strictly.
func readJSON(w http.ResponseWriter, r *http.Request, most int64, to any) *Problem {
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		if kind, _, err := mime.ParseMediaType(kind); err != nil || kind != "application/json" {
			return NotJSON.problem("send the header Content-Type: application/json")
		}
	}
	defer hasten(w)()
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
		err = errors.New("there is more after the object")
	}
	return unread(err)
}

// hasten ends the reading of a body that trickles in: it holds a slot. done is
// to be called when it was read.
func hasten(w http.ResponseWriter) (done func()) {
	late := time.AfterFunc(bodyTimeout, func() { _ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) })
	return func() { late.Stop() }
}

// unread is why a body could not be read. It repeats no value of it.
func unread(err error) *Problem {
	var long *http.MaxBytesError
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Malformed.problem("the body did not come within %v", bodyTimeout)
	case errors.As(err, &long):
		return TooLong.problem("the body may have %d bytes", long.Limit)
	case errors.As(err, &kind):
		return Malformed.problem("%s: want %s, not %s", kind.Field, kind.Type, strings.SplitN(kind.Value, " ", 2)[0])
	case errors.As(err, &syntax):
		return Malformed.problem("%v, at byte %d", err, syntax.Offset)
	}
	return Malformed.problem("%v", err)
}

// answer writes v as JSON, at once.
func answer(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// within bounds what is asked of the host for a request that waits for nothing.
func within(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), 30*time.Second)
}
