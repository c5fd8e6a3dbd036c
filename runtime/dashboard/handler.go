package dashboard

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"shadowpool/runtime"
)

//go:embed page.html page.css page.js chart.js stream.js table.js
var files embed.FS

// policyOfContent lets the page load what is its own, and nothing else.
const policyOfContent = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Page serves the page, at / and below /dashboard/. It tells nothing of the
// server, so anyone may have it.
func Page() http.Handler {
	mux := http.NewServeMux()
	for path, name := range map[string]string{
		"/{$}": "page.html", "/dashboard/page.css": "page.css", "/dashboard/page.js": "page.js", "/dashboard/chart.js": "chart.js", "/dashboard/stream.js": "stream.js",
		"/dashboard/table.js": "table.js",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, files, name)
		})
	}
	return secured(mux)
}

// Handler serves what the page shows, below /v1/dashboard/, with further
// panels. Where it answers 401 the page asks for a token, which it then sends as
// Authorization: Bearer.
func (b *Board) Handler(host Host, panels ...Panel) http.Handler {
	s := &server{b, host, panels}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/dashboard/state", s.state)
	mux.HandleFunc("GET /v1/dashboard/points", s.points)
	mux.HandleFunc("GET /v1/dashboard/decisions", s.decisions)
	mux.HandleFunc("GET /v1/dashboard/instances", s.instances)
	mux.HandleFunc("GET /v1/dashboard/panels", s.tables)
	mux.HandleFunc("GET /v1/dashboard/events", s.events)
	return secured(mux)
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyOfContent)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

type server struct {
	board  *Board
	host   Host
	panels []Panel
}

// A query is what of the board is asked for.
type query struct {
	pool int // below zero: all
	span string
}

// query reads pool and span of a request; the board is locked for reading.
func (s *server) query(r *http.Request) (query, error) {
	q := query{pool: -1, span: "1h"}
	if name := r.FormValue("pool"); name != "" {
		q.pool = slices.IndexFunc(s.board.status.Pools, func(p runtime.PoolStatus) bool { return p.Category == name })
		if q.pool < 0 {
			return q, fmt.Errorf("there is no pool %.100q", name)
		}
	}
	if span := r.FormValue("span"); span != "" {
		if _, ok := spans[span]; !ok {
			return q, fmt.Errorf("the span %.20q is none of 5m, 15m, 1h, 6h, 24h", span)
		}
		q.span = span
	}
	return q, nil
}

// look answers with what of reads of the board.
func (s *server) look(w http.ResponseWriter, r *http.Request, of func(q query) any) {
	s.board.shown.RLock()
	q, err := s.query(r)
	var v any
	if err == nil {
		v = of(q)
	}
	s.board.shown.RUnlock()
	if err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	answer(w, v)
}

func (s *server) state(w http.ResponseWriter, _ *http.Request) {
	s.board.shown.RLock()
	body := s.board.state
	s.board.shown.RUnlock()
	if body == nil {
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusServiceUnavailable, fmt.Errorf("nothing has been seen of the server yet"))
		return
	}
	answer(w, json.RawMessage(body))
}

func (s *server) points(w http.ResponseWriter, r *http.Request) {
	s.look(w, r, func(q query) any { return s.board.points(q.pool, q.span, 0) })
}

// mostTold is how many decisions an answer has.
const mostTold = 200

func (s *server) decisions(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.FormValue("after"), 10, 64)
	if err != nil && r.FormValue("after") != "" {
		fail(w, http.StatusBadRequest, fmt.Errorf("after is not a number"))
		return
	}
	s.look(w, r, func(q query) any { return s.board.decisions.since(q.pool, after, mostTold) })
}

// An Instance is one as the page shows it.
type Instance struct {
	Instance   string    `json:"instance"`
	Pool       string    `json:"pool"`
	Zone       string    `json:"zone,omitempty"`
	Tenant     string    `json:"tenant,omitempty"`
	State      string    `json:"state"` // launching, idle or serving
	Since      time.Time `json:"since"`
	Ordered    time.Time `json:"ordered"`
	Address    string    `json:"address,omitempty"`
	Claim      string    `json:"claim,omitempty"`
	Generation string    `json:"generation,omitempty"`
}

// An answer has so many instances, found among at most mostSearched.
const (
	mostInstances = 200
	mostSearched  = 5000
)

// instances answers with those of a pool whose names come after one.
func (s *server) instances(w http.ResponseWriter, r *http.Request) {
	found := []Instance{}
	pool, after := r.FormValue("pool"), r.FormValue("after")
	for searched := 0; len(found) < mostInstances && searched < mostSearched; {
		some, err := s.host.Instances(r.Context(), after, 1000)
		if err != nil {
			fail(w, http.StatusServiceUnavailable, err)
			return
		}
		for _, i := range some {
			if len(found) < mostInstances && (pool == "" || i.Pool == pool) {
				found = append(found, Instance{i.Name, i.Pool, i.Zone, i.Tenant, i.State, i.Since, i.Ordered, i.Address, i.Claim, i.Generation})
			}
			after = i.Name
		}
		searched += len(some)
		if len(some) < 1000 {
			break
		}
	}
	answer(w, found)
}

func (s *server) tables(w http.ResponseWriter, r *http.Request) {
	tables := []Table{}
	for _, p := range s.panels {
		t, err := p.Table(r.Context())
		if err != nil {
			t.Note = "cannot be told: " + err.Error()
		}
		tables = append(tables, t)
	}
	answer(w, tables)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": err.Error()})
}
