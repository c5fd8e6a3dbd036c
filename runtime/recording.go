package runtime

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"shadowpool/policy"
)

// A Recording says what a host writes down; what is nil is not. The writers
// belong to the caller, who closes them after Run has returned.
type Recording struct {
	// Events gets the event log that Verify reads: JSON lines, one an event,
	// flushed whenever the loop has nothing else to do.
	Events io.Writer
	// LeadTimes gets CSV with the columns latency_ms, category and ordinal,
	// one line a launch that became warm, in the order in which they did;
	// ordinal is the launch's number among those of its category, from 0.
	LeadTimes io.Writer
	// Requests gets every request whose instance was released or lost, in
	// that order. Withdrawn requests are not among them.
	Requests RequestWriter
}

// A RequestWriter keeps requests, usually as a trace.
type RequestWriter interface {
	Write(Served) error
}

// An Observer is told of every event and what was decided on it, in order.
type Observer interface {
	// Observe is called by the loop: it must not wait for anything, and keep
	// nothing of the entry, which changes when it has returned.
	Observe(*Entry)
}

// Served is a request that is over.
type Served struct {
	Request
	Claim    string // its name
	Instance string // that served it
	Arrival  policy.Time
	Wait     int64 // ns, until an instance was promoted
	Duration int64 // ns, from then until its release
}

// A recorder writes a Recording. After its first error it is silent: serving
// goes on, and the error is told in status and log, and by Run at the end.
type recorder struct {
	Recording
	events *bufio.Writer
	leads  *csv.Writer
	err    error
	told   bool
}

func (r *recorder) open(h *Host, start policy.Time) error {
	to := h.opt.Recording
	r.Recording = to
	if to.Events != nil {
		r.events = bufio.NewWriter(to.Events)
		header := h.feed.header
		if h.started {
			var err error
			header.Restored, err = h.ctrl.Snapshot()
			r.keep(err)
		}
		b, err := json.Marshal(header)
		r.keep(err)
		r.line(b)
	}
	if to.LeadTimes != nil {
		_, err := fmt.Fprintf(to.LeadTimes, "# the pool was started at %d ns\n", start)
		r.keep(err)
		r.leads = csv.NewWriter(to.LeadTimes)
		r.keep(r.leads.Write([]string{"latency_ms", "category", "ordinal"}))
	}
	r.flushAll()
	return r.err
}

// line writes a line of the event log.
func (r *recorder) line(b []byte) {
	if r.err == nil {
		_, err := r.events.Write(b)
		r.keep(err)
		r.keep(r.events.WriteByte('\n'))
	}
}

func (r *recorder) keep(err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("recording stopped: %w", err)
	}
}

// write writes an event, and what was decided on it, into the event log and
// the journal.
func (h *Host) write(e *Entry) {
	log := h.record.events != nil && h.record.err == nil
	if !log && h.journal.lead == nil {
		return
	}
	b, err := json.Marshal(e)
	if err != nil { // of an entry of our own
		panic("runtime: " + err.Error())
	}
	if log {
		h.record.line(b)
	}
	if h.journal.lead != nil {
		h.journal.append(b)
	}
}

func (r *recorder) leadTime(lead int64, category string, ordinal int64) {
	if r.leads == nil || r.err != nil {
		return
	}
	ms := fmt.Sprintf("%d.%06d", lead/1e6, lead%1e6)
	r.keep(r.leads.Write([]string{ms, category, strconv.FormatInt(ordinal, 10)}))
}

func (h *Host) recordRequest(s Served) {
	if h.record.Requests != nil && h.record.err == nil {
		h.record.keep(h.record.Requests.Write(s))
	}
}

func (r *recorder) flushAll() {
	if r.events != nil && r.events.Buffered() > 0 && r.err == nil {
		r.keep(r.events.Flush())
	}
	if r.leads != nil && r.err == nil {
		r.leads.Flush()
		r.keep(r.leads.Error())
	}
}

// flush lets out what is buffered.
func (r *recorder) flush(h *Host) {
	r.flushAll()
	if r.err != nil && !r.told {
		r.told = true
		h.opt.Logger.Error(r.err.Error())
	}
}

func (r *recorder) close(h *Host) error {
	r.flushAll()
	if r.Requests != nil && h.totals.withdrawn > 0 {
		h.opt.Logger.Warn("requests that were withdrawn are not in the recorded trace", "count", h.totals.withdrawn)
	}
	return r.err
}
