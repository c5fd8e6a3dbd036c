package dashboard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// A Host is the server that is shown.
type Host interface {
	Status(ctx context.Context) (runtime.Status, error)
	Instances(ctx context.Context, after string, most int) ([]runtime.InstanceStatus, error)
}

// A Board observes a host and keeps what its page shows. Make it with New, give
// it to the host as an observer, Run it, and serve its Handler.
type Board struct {
	// The loop fills a tally, with what it needs for that.
	mu      sync.Mutex
	filling *tally
	spare   *tally
	waiting map[policy.RequestID]policy.Time // arrivals of those that wait
	owners  []policy.PoolID                  // by slot of an instance
	unheard group                            // of decisions for which a tally has no room
	view    runtime.View

	// What the page shows.
	shown     sync.RWMutex
	status    runtime.Status
	seen      time.Time // when that was
	latest    int64     // the same, in seconds
	priced    bool      // a pool has a price
	state     []byte    // for every page, see State
	fine      *ring
	coarse    *ring
	decisions decisions
	next      chan struct{} // closed with the next look
	ended     chan struct{} // closed when there is none any more
	viewers   chan struct{}
}

// New makes a board for a host of so many pools.
func New(pools int) *Board {
	return &Board{
		filling: newTally(), spare: newTally(),
		waiting: make(map[policy.RequestID]policy.Time),
		fine:    newRing(time.Second, fineRows),
		coarse:  newRing(15*time.Second, coarseRows(pools)),
		next:    make(chan struct{}), ended: make(chan struct{}),
		viewers: make(chan struct{}, mostViewers),
	}
}

// mostViewers bounds the pages that are told of news at one time.
const mostViewers = 200

// View implements runtime.Viewer.
func (b *Board) View(v runtime.View) { b.view = v }

// Run looks at the host every second until ctx ends or the host has stopped.
func (b *Board) Run(ctx context.Context, host Host) {
	defer close(b.ended)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		asking, cancel := context.WithTimeout(ctx, 5*time.Second)
		status, err := host.Status(asking)
		cancel()
		switch {
		case err == nil:
			b.enter(time.Now(), status)
		case ctx.Err() != nil || errors.Is(err, runtime.ErrStopped):
			return
		} // else it is busy, or another server's turn
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// take gives what has been counted, and lets the loop count anew.
func (b *Board) take() *tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	full := b.filling
	b.filling, b.spare = b.spare, nil
	return full
}

// enter enters a look at t.
func (b *Board) enter(t time.Time, status runtime.Status) {
	counted := b.take()
	b.shown.Lock()
	b.status, b.seen = status, t
	b.priced = slices.ContainsFunc(status.Pools, func(p runtime.PoolStatus) bool { return p.PriceUSD > 0 })
	for len(counted.pools) < len(status.Pools) {
		counted.pools = append(counted.pools, poolTally{})
	}
	second := t.Unix()
	row, coarse := b.fine.row(second, len(status.Pools)), b.coarse.row(second, len(status.Pools))
	for i := range status.Pools {
		s := sampled(&status.Pools[i], &counted.pools[i])
		s.total += b.total(i)
		b.came(&s, i, second)
		row.pools[i].add(&s)
		coarse.pools[i].add(&s)
	}
	b.latest = second
	b.decisions.enter(t, counted, status.Pools)
	b.state = b.tell()
	close(b.next)
	b.next = make(chan struct{})
	b.shown.Unlock()
	counted.reset()
	b.mu.Lock()
	b.spare = counted
	b.mu.Unlock()
}
