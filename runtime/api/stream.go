package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// heartbeat is how often a stream with nothing to tell shows that it lives, and
// writeTimeout how long its client may take to read something.
const (
	heartbeat    = 15 * time.Second
	writeTimeout = 10 * time.Second
)

// A stream is a response of server-sent events.
type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

// stream begins one, or refuses.
func (s *server) stream(w http.ResponseWriter) (st *stream, done func(), _ *Problem) {
	if s.opt.Events == nil {
		return nil, nil, NotSupported.problem("this server does not tell of events")
	}
	select {
	case s.streams <- struct{}{}:
	default:
		return nil, nil, Overloaded.problem("too many watch events")
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	st = &stream{w, http.NewResponseController(w)}
	return st, func() {
		_ = st.c.SetWriteDeadline(time.Time{})
		<-s.streams
	}, nil
}

// send writes an event; one without a name is a heartbeat.
func (st *stream) send(id, name string, data any) error {
	_ = st.c.SetWriteDeadline(time.Now().Add(writeTimeout))
	if name == "" {
		if _, err := fmt.Fprint(st.w, ": still here\n\n"); err != nil {
			return err
		}
		return st.c.Flush()
	}
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(st.w, "id: %s\nevent: %s\ndata: %s\n\n", id, name, body); err != nil {
		return err
	}
	return st.c.Flush()
}

// claimEvents tells of one claim until it is over: waiting, delivering, ready
// and failed with the claim as it is then, ended when it is there no more. A
// client that comes back is not told again what it was told last.
func (s *server) claimEvents(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	name := r.PathValue("id")
	changed, stop := s.opt.Events.watch(name)
	defer stop()
	claim, problem := s.find(r.Context(), name, who)
	if problem != nil {
		return problem
	}
	st, done, problem := s.stream(w)
	if problem != nil {
		return problem
	}
	defer done()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	told := r.Header.Get("Last-Event-ID")
	if st.send("", "", nil) != nil {
		return nil
	}
	for {
		kind := claim.State
		switch {
		case problem != nil:
			kind, claim = "ended", Claim{Claim: name, State: "ended", Category: claim.Category, Tenant: claim.Tenant}
		case kind == Held:
			kind = "ready"
		}
		if kind != told {
			if st.send(kind, kind, &claim) != nil {
				return nil
			}
			told = kind
		}
		if problem != nil || claim.State == Ended {
			return nil
		}
		if !s.changes(r, st, changed, beat.C) {
			return nil
		}
		last := claim
		if claim, problem = s.find(r.Context(), name, who); problem != nil {
			claim = last
		}
	}
}

// changes waits for one, and shows the client meanwhile that the stream lives.
// It is false when the stream is over.
func (s *server) changes(r *http.Request, st *stream, changed <-chan struct{}, beat <-chan time.Time) bool {
	for {
		select {
		case <-changed:
			return true
		case <-beat:
			if st.send("", "", nil) != nil {
				return false
			}
		case <-r.Context().Done():
			return false
		case <-s.host.Done():
			return false
		}
	}
}

// An Event is one of GET /v1/events.
type Event struct {
	// Event is waiting, ready, released, lost, withdrawn or refused; and missed
	// where some are not told because the client was away for too long.
	Event  string     `json:"event"`
	Claim  string     `json:"claim,omitempty"`
	Tenant string     `json:"tenant,omitempty"`
	At     *time.Time `json:"at,omitempty"`
}

// allEvents tells of all claims that a client may see, from now on, or from
// where it was told the last one.
func (s *server) allEvents(w http.ResponseWriter, r *http.Request, who *Principal) *Problem {
	tenant := r.URL.Query().Get("tenant")
	p := page{tenant: tenant}
	if tenant != "" && !who.sees(tenant) {
		problem := Forbidden.problem("tenant: the token is not for %.100q", tenant)
		problem.Field = "tenant"
		return problem
	}
	st, done, problem := s.stream(w)
	if problem != nil {
		return problem
	}
	defer done()
	e := s.opt.Events
	latest := e.now()
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		run, number, _ := strings.Cut(id, "-")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || run != e.run || n < 0 || n > latest {
			n = 0
			if st.send(e.id(latest), "missed", Event{Event: "missed"}) != nil {
				return nil
			}
		} else {
			latest = n
		}
	}
	if st.send("", "", nil) != nil {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		list, first, complete, news := e.since(latest)
		if !complete && st.send(e.id(first-1), "missed", Event{Event: "missed"}) != nil {
			return nil
		}
		for i, one := range list {
			latest = first + int64(i)
			if !p.shows(one.tenant, who) {
				continue
			}
			at := time.Unix(0, one.at).UTC()
			if st.send(e.id(latest), one.kind, Event{one.kind, s.host.ClaimName(one.claim), one.tenant, &at}) != nil {
				return nil
			}
		}
		if len(list) > 0 {
			continue
		}
		if !s.changes(r, st, news, beat.C) {
			return nil
		}
	}
}

func (e *Events) id(number int64) string { return e.run + "-" + strconv.FormatInt(number, 10) }
