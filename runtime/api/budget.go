package api

import "sync"

// A budget bounds the bytes of large bodies that are read and kept at one time.
type budget struct {
	mu    sync.Mutex
	bytes int64
}

const maxBytes = 256 << 20

// take takes some until done is called.
func (b *budget) take(n int64) (done func(), _ *Problem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes+n > maxBytes {
		return nil, Overloaded.problem("requests with much in them fill the memory for such")
	}
	b.bytes += n
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.bytes -= n
	}, nil
}

// deliveries make those to one claim come one after the other: a client may
// have repeated its request.
type deliveries struct {
	mu sync.Mutex
	by map[string]*turn
}

type turn struct {
	sync.Mutex
	users int
}

func (d *deliveries) lock(claim string) (unlock func()) {
	d.mu.Lock()
	if d.by == nil {
		d.by = make(map[string]*turn)
	}
	t := d.by[claim]
	if t == nil {
		t = &turn{}
		d.by[claim] = t
	}
	t.users++
	d.mu.Unlock()
	t.Lock()
	return func() {
		t.Unlock()
		d.mu.Lock()
		defer d.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(d.by, claim)
		}
	}
}
