package api

import (
	"container/list"
	"context"
	"sync"
)

// lines let only so many claims of a place wait in the host at one time. The
// others stand in a line of their tenant's, and the lines take turns, so that
// one tenant's flood does not keep another's single request waiting.
type lines struct {
	most int

	mu     sync.Mutex
	places map[place]*crowd
	queued int // in all lines
}

// A place is where claims wait for the same instances.
type place struct{ category, zone string }

// A crowd is the claims of a place.
type crowd struct {
	inside  int
	tenants map[string]*line
	turns   list.List // of *line that have somebody standing, the next first
}

// A line is a tenant's in a place.
type line struct {
	tenant   string
	inside   int
	standing list.List // of chan struct{}
	turn     *list.Element
}

func newLines(most int) lines { return lines{most: most, places: make(map[place]*crowd)} }

// enter waits for a turn. The claim goes on to the host then, and leave is to
// be called when it waits there no more. The error is the context's.
func (l *lines) enter(ctx context.Context, at place, tenant string) error {
	l.mu.Lock()
	c := l.places[at]
	if c == nil {
		c = &crowd{tenants: make(map[string]*line)}
		l.places[at] = c
	}
	own := c.tenants[tenant]
	if own == nil {
		own = &line{tenant: tenant}
		c.tenants[tenant] = own
	}
	if own.inside == 0 || c.inside < l.most && c.turns.Len() == 0 {
		c.inside++
		own.inside++
		l.mu.Unlock()
		return nil
	}
	called := make(chan struct{})
	me := own.standing.PushBack(called)
	if own.turn == nil {
		own.turn = c.turns.PushBack(own)
	}
	l.queued++
	l.mu.Unlock()
	select {
	case <-called:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-called: // meanwhile
		l.out(at, c, own)
	default:
		own.standing.Remove(me)
		l.queued--
		c.tidy(own)
	}
	return context.Cause(ctx)
}

// leave makes room for the next.
func (l *lines) leave(at place, tenant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.places[at]
	l.out(at, c, c.tenants[tenant])
}

func (l *lines) out(at place, c *crowd, own *line) {
	c.inside--
	own.inside--
	if own.inside == 0 && own.standing.Len() > 0 {
		l.call(c, own)
	}
	c.tidy(own)
	for c.inside < l.most && c.turns.Len() > 0 {
		l.call(c, c.turns.Front().Value.(*line))
	}
	if c.inside == 0 {
		delete(l.places, at)
	}
}

// call lets the first of a line in; the line's next turn comes last.
func (l *lines) call(c *crowd, next *line) {
	close(next.standing.Remove(next.standing.Front()).(chan struct{}))
	l.queued--
	next.inside++
	c.inside++
	c.turns.MoveToBack(next.turn)
	c.tidy(next)
}

// tidy forgets a line in which nobody stands, and a tenant that has nothing here.
func (c *crowd) tidy(own *line) {
	if own.standing.Len() > 0 {
		return
	}
	if own.turn != nil {
		c.turns.Remove(own.turn)
		own.turn = nil
	}
	if own.inside == 0 {
		delete(c.tenants, own.tenant)
	}
}

// length is how many stand in line.
func (l *lines) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queued
}
