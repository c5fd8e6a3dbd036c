package sim

import (
	"shadowpool/policy"
	"shadowpool/trace"
)

// A window keeps the chunks of a trace that still have waiting requests, so
// that a streamed trace needs memory for those only.
type window struct {
	first   int64 // chunk number of kept[0]
	kept    []*keptChunk
	waiting int64
	// here is set while the request that arrives has no instance yet.
	here bool
}

type keptChunk struct {
	chunk   *trace.Chunk
	waiting int
	read    bool // all of its requests have arrived
}

func (w *window) add(c *trace.Chunk) {
	w.kept = append(w.kept, &keptChunk{chunk: c})
}

// arriving and arrived enclose the routing of a request of the last chunk.
func (w *window) arriving() { w.here = true }

func (w *window) arrived() {
	if w.here {
		w.here = false
		w.kept[len(w.kept)-1].waiting++
		w.waiting++
	}
}

// read says that all requests of the last chunk have arrived.
func (w *window) read() {
	w.kept[len(w.kept)-1].read = true
	w.drop()
}

// take finds a request that waited and now has an instance.
func (w *window) take(row int64) (arrival, duration int64) {
	k := w.kept[row/trace.ChunkRows-w.first]
	i := row - k.chunk.First
	arrival, duration = k.chunk.Arrival[i], k.chunk.Duration[i]
	k.waiting--
	w.waiting--
	if k.waiting == 0 && k.read {
		w.drop()
	}
	return arrival, duration
}

// find is where a request is kept that has no instance yet.
func (w *window) find(row int64) (c *trace.Chunk, i int) {
	c = w.kept[row/trace.ChunkRows-w.first].chunk
	return c, int(row - c.First)
}

// request is one that waits, as its pool was asked for it.
func (w *window) request(row int64, pool policy.PoolID) policy.Request {
	c, i := w.find(row)
	r := policy.Request{ID: policy.RequestID(row), Pool: pool}
	identify(&r, &c.Columns, i)
	return r
}

// drop lets go of the chunks that no one waits in.
func (w *window) drop() {
	for _, k := range w.kept {
		if k.read && k.waiting == 0 {
			k.chunk = nil
		}
	}
	for len(w.kept) > 0 && w.kept[0].chunk == nil {
		w.kept = w.kept[1:]
		w.first++
	}
}
