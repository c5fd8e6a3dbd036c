package api

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"shadowpool/runtime"
)

func (s *server) announce(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	var h Hint
	if problem := readJSON(w, r, maxBody, &h); problem != nil {
		return problem
	}
	if problem := who.actFor(&h.Tenant); problem != nil {
		return problem
	}
	switch {
	case h.Count < 1 || h.Count > maxCount:
		return impossible("count", "%d is not between 1 and %d", h.Count, maxCount)
	case h.To.Before(h.From):
		return impossible("to", "it is before from")
	case !(h.Probability >= 0 && h.Probability <= 1):
		return impossible("probability", "%v is not between 0 and 1", h.Probability)
	}
	if h.Probability == 0 {
		h.Probability = 1
	}
	ctx, cancel := within(r)
	defer cancel()
	id, err := s.host.Announce(ctx, runtime.Hint{
		Category: h.Category, Tenant: h.Tenant, TaskType: h.TaskType, Zone: h.Zone, Image: h.Image, Dataset: h.Dataset,
		Count: h.Count, From: h.From, To: h.To, Probability: h.Probability, Source: h.Source,
	})
	if err != nil {
		return problemOf(err)
	}
	s.hints.add(id, h.Tenant)
	_ = answer(w, http.StatusCreated, Announced{id})
	return nil
}

// maxCount bounds the requests that a hint announces.
const maxCount = 1_000_000

func (s *server) withdraw(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	id := r.PathValue("id")
	if len(who.tenants) > 0 && !s.hints.isOf(id, who) {
		return UnknownHint.problem("there is none of that name that the token may withdraw")
	}
	ctx, cancel := within(r)
	defer cancel()
	if err := s.host.Withdraw(ctx, id); err != nil {
		return problemOf(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// hints are whose those are that were announced here lately, so that a tenant
// can withdraw its own.
type hints struct {
	mu    sync.Mutex
	by    map[string]string
	order []string // the oldest first
}

const keepHints = 100_000

func (h *hints) add(id, tenant string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by == nil {
		h.by = make(map[string]string)
	}
	h.by[id] = tenant
	if h.order = append(h.order, id); len(h.order) > keepHints {
		delete(h.by, h.order[0])
		h.order = h.order[1:]
	}
}

func (h *hints) isOf(id string, who *Principal) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	tenant, known := h.by[id]
	return known && who.sees(tenant)
}

func (s *server) pause(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	return s.onPool(w, r, func(ctx context.Context, pool string) error { return s.host.Pause(ctx, pool, true) })
}

func (s *server) resume(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	return s.onPool(w, r, func(ctx context.Context, pool string) error { return s.host.Pause(ctx, pool, false) })
}

func (s *server) reset(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	return s.onPool(w, r, s.host.ResetBreaker)
}

// onPool carries out an order for the pool that the path names; - is all.
func (s *server) onPool(w http.ResponseWriter, r *http.Request, order func(context.Context, string) error) *Problem {
	pool := r.PathValue("pool")
	if pool == "-" {
		pool = ""
	}
	return ordered(w, r, func(ctx context.Context) error { return order(ctx, pool) })
}

func ordered(w http.ResponseWriter, r *http.Request, order func(context.Context) error) *Problem {
	ctx, cancel := within(r)
	defer cancel()
	if err := order(ctx); err != nil {
		return problemOf(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) invalidate(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	return ordered(w, r, func(ctx context.Context) error { return s.host.Invalidate(ctx, r.PathValue("category")) })
}

func (s *server) drain(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	if err := s.host.Drain(r.Context()); err != nil {
		return problemOf(err)
	}
	return s.status(w, r, who)
}

func (s *server) reopen(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	return ordered(w, r, s.host.Reopen)
}

func (s *server) status(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	ctx, cancel := within(r)
	defer cancel()
	status, err := s.host.Status(ctx)
	if err != nil {
		return problemOf(err)
	}
	_ = slowly(w, status)
	return nil
}

func (s *server) configuration(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	if s.opt.Configuration == nil {
		return NotSupported.problem("this server has no configuration file")
	}
	which := r.URL.Query().Get("version")
	if which != "" && which != "current" && which != "former" {
		return impossible("version", "%.100q is neither current nor former", which)
	}
	file, err := s.opt.Configuration.Read(r.Context(), which == "former")
	if errors.Is(err, os.ErrNotExist) {
		return NotFound.problem("no other configuration held before")
	}
	if err != nil {
		return problemOf(err)
	}
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(file)
	return nil
}

func (s *server) configure(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	if s.opt.Configuration == nil {
		return NotSupported.problem("this server has no configuration file")
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/yaml" {
		problem := NotJSON.problem("send the header Content-Type: application/yaml")
		problem.Title = "not YAML"
		return problem
	}
	done := hasten(w)
	file, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxConfiguration))
	done()
	if err != nil {
		return unread(err)
	}
	if err := s.opt.Configuration.Change(r.Context(), file); err != nil {
		return problemOf(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// maxConfiguration bounds a file, in bytes.
const maxConfiguration = 4 << 20

// healthy says that the loop answers: a server that does not is to be started
// again. ready says that it takes claims.
func (s *server) healthy(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	return s.fit(w, r, false)
}

func (s *server) ready(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	return s.fit(w, r, true)
}

func (s *server) fit(w http.ResponseWriter, r *http.Request, toClaim bool) *Problem {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	switch status, err := s.host.Status(ctx); {
	case errors.Is(err, context.DeadlineExceeded):
		return Overloaded.problem("the loop has not answered for 5 s")
	case err != nil:
		return problemOf(err)
	case toClaim && status.Draining:
		return problemOf(runtime.ErrDraining)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
	return nil
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request, _ *Principal) *Problem {
	s.prometheus.ServeHTTP(w, r)
	return nil
}

//go:embed openapi.yaml
var openapi []byte

func (s *server) description(w http.ResponseWriter, _ *http.Request, _ *Principal) *Problem {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openapi)
	return nil
}
