package runtime

import (
	"context"
	"time"
)

// A journal makes what the loop decides durable before anybody hears of it.
// Lines and effects gather in a batch while the one before it is written
// (group commit); when a batch is durable its effects are carried out, by the
// loop and in order. Without a lead nothing is written, and effects are
// carried out at once.
type journal struct {
	lead    Lead
	written chan error // of the batch under way; nil while there is none
	running []func()   // its effects
	lines   [][]byte   // of the next batch
	effects []func()
	asks    bool // the next batch is to be written even if it has no lines
	bytes   int  // of lines since the latest snapshot
}

// A snapshot is taken when the journal has grown by so many bytes: a restart
// replays a few seconds' worth of the busiest server.
const snapshotEvery = 16 << 20

// writeTimeout bounds a write of the store.
const writeTimeout = 30 * time.Second

// effect carries f out when all that was decided until now is durable.
func (h *Host) effect(f func()) {
	j := &h.journal
	if j.written == nil && len(j.lines)+len(j.effects) == 0 {
		f()
		return
	}
	j.effects = append(j.effects, f)
}

// answer carries f out, with which somebody is told of the state as it is, when
// that is durable, and it is sure that no other leader has gone on from there.
func (h *Host) answer(f func()) {
	if h.journal.lead == nil {
		f()
		return
	}
	h.journal.effects = append(h.journal.effects, f)
	h.journal.asks = true
}

// flush begins to write what has gathered, unless a write is under way.
func (h *Host) flush() {
	j := &h.journal
	if j.written != nil || len(j.lines) == 0 && !j.asks {
		return // an effect without a line waits for the lines before it only
	}
	lines := j.lines
	j.running, j.effects, j.lines, j.asks = j.effects, nil, nil, false
	write := func(ctx context.Context) error { return j.lead.Append(ctx, lines) }
	if j.bytes > snapshotEvery {
		if state, err := h.snapshot(); err != nil {
			h.opt.Logger.Error("cannot take a snapshot", "error", err)
		} else { // it has those lines in it
			write = func(ctx context.Context) error { return j.lead.Snapshot(ctx, state) }
		}
		j.bytes = 0
	}
	written := make(chan error, 1)
	j.written = written
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
		defer cancel()
		written <- write(ctx)
	}()
}

// append adds a line to the batch.
func (j *journal) append(line []byte) {
	j.lines = append(j.lines, line)
	j.bytes += len(line)
}

// durable carries out what a written batch decided.
func (h *Host) durable() {
	j := &h.journal
	running := j.running
	j.written, j.running = nil, nil
	for _, f := range running {
		f()
	}
	if j.lead == nil || j.written != nil || len(j.lines) > 0 || j.asks {
		return
	}
	for _, f := range j.effects { // they came after the last line that is durable now
		f()
	}
	j.effects = nil
}
