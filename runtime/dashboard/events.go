package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// writeTimeout bounds the writing of one batch of events to a page.
const writeTimeout = 20 * time.Second

// events sends a page the history of a pool, or of all, and then what is new,
// every second, as server-sent events:
//
//	state      a State
//	points     Points: those of the span at first, then the last of them anew
//	decisions  a list of Decision
//
// Each page is written to by a goroutine of its own: one that is slow misses
// some states, and keeps nobody waiting.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	b := s.board
	select {
	case b.viewers <- struct{}{}:
		defer func() { <-b.viewers }()
	default:
		w.Header().Set("Retry-After", "10")
		fail(w, http.StatusServiceUnavailable, fmt.Errorf("%d pages are open already", mostViewers))
		return
	}
	out := http.NewResponseController(w)
	var from, told int64
	for first := true; ; first = false {
		b.shown.RLock()
		q, err := s.query(r)
		if err != nil {
			b.shown.RUnlock()
			if first {
				fail(w, http.StatusBadRequest, err)
			}
			return
		}
		state, next := b.state, b.next
		points := b.points(q.pool, q.span, from)
		decided := b.decisions.since(q.pool, told, mostTold)
		b.shown.RUnlock()

		if first {
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Accel-Buffering", "no")
		}
		var batch bytes.Buffer
		if state != nil {
			fmt.Fprintf(&batch, "event: state\ndata: %s\n\n", state)
		}
		if n := len(points.At); n > 0 {
			from = points.At[n-1]
			send(&batch, "points", points)
		}
		if n := len(decided); n > 0 {
			told = decided[n-1].Number
			send(&batch, "decisions", decided)
		}
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(batch.Bytes()); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-next:
		case <-b.ended:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func send(to *bytes.Buffer, event string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // it is ours
	}
	fmt.Fprintf(to, "event: %s\ndata: %s\n\n", event, body)
}
