package dashboard

import (
	"strconv"
	"strings"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// A tally counts what has happened since the last look. The loop fills one
// while the other is read.
type tally struct {
	pools  []poolTally
	groups []group
	find   map[groupKey]int32 // in groups
}

// A poolTally is that of one pool.
type poolTally struct {
	arrivals, launches, failures int32
	outcomes                     [3]int32 // by policy.Outcome
	waits                        histogram
}

// mostGroups bounds the groups of a tally: of a second, in which a pool has few.
const mostGroups = 4096

// A groupKey tells decisions apart that are told in one sentence.
type groupKey struct {
	pool   policy.PoolID
	action policy.Action
	reason policy.Reason
	event  event
}

// A group is one decision, or several alike within a second.
type group struct {
	groupKey
	first, last policy.Time
	count       int32
	events      int32 // in which they were taken
	// Of launches: what the pool held before the first of them, and its level.
	stock policy.Stock
	level int32
	// Of assignments: the longest wait, ns.
	wait int64
	note string // of what failed
}

// An event is the kind of an entry.
type event uint8

const (
	otherEvent event = iota
	startEvent
	arriveEvent
	cancelEvent
	warmEvent
	releaseEvent
	failEvent
	loseEvent
	drainEvent
	timerEvent
)

func eventOf(e *runtime.Entry) event {
	switch e.Event {
	case "arrive":
		return arriveEvent
	case "release":
		return releaseEvent
	case "warm":
		return warmEvent
	case "timer":
		return timerEvent
	case "cancel":
		return cancelEvent
	case "fail":
		return failEvent
	case "lose":
		return loseEvent
	case "drain":
		return drainEvent
	case "start":
		return startEvent
	}
	return otherEvent
}

func newTally() *tally { return &tally{find: make(map[groupKey]int32)} }

func (t *tally) reset() {
	clear(t.pools)
	clear(t.groups) // lets go of notes
	t.groups = t.groups[:0]
	clear(t.find)
}

// pool is where a pool is counted.
func (t *tally) pool(id policy.PoolID) *poolTally {
	for int(id) >= len(t.pools) {
		t.pools = append(t.pools, poolTally{})
	}
	return &t.pools[id]
}

// group finds the group of a decision, or begins it; nil if there is no room.
func (t *tally) group(at policy.Time, k groupKey) *group {
	i, ok := t.find[k]
	if !ok {
		if len(t.groups) == mostGroups {
			return nil
		}
		i = int32(len(t.groups))
		t.groups = append(t.groups, group{groupKey: k, first: at})
		t.find[k] = i
	}
	g := &t.groups[i]
	g.last = at
	return g
}

// unknownPool is the pool of an instance of which nothing is known.
const unknownPool = ^policy.PoolID(0)

// Observe implements runtime.Observer.
func (b *Board) Observe(e *runtime.Entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t, kind := b.filling, eventOf(e)
	switch {
	case kind == arriveEvent && e.Pool != nil:
		t.pool(*e.Pool).arrivals++
	case kind == cancelEvent && e.Request != nil:
		delete(b.waiting, *e.Request)
	case kind == failEvent, kind == loseEvent:
		b.gone(t, e, kind)
	}
	if kind == arriveEvent && e.Request != nil {
		b.waiting[*e.Request] = e.T
	}
	for i := range e.Actions {
		a := &e.Actions[i]
		g := t.group(a.Time, groupKey{a.Pool, a.Action, a.Reason, kind})
		if g == nil {
			g = &b.unheard
		}
		g.count++
		if i == 0 || e.Actions[i-1].Pool != a.Pool || e.Actions[i-1].Action != a.Action {
			g.events++
		}
		switch a.Action {
		case policy.Launched:
			b.owner(a.Instance, a.Pool)
			t.pool(a.Pool).launches++
			b.held(g, e, a.Pool)
		case policy.Moved:
			b.owner(a.Instance, a.Pool)
		case policy.Assigned:
			b.served(t.pool(a.Pool), g, a)
		case policy.Refused:
			delete(b.waiting, a.Request)
		}
	}
}

// served counts a request that has got its instance.
func (b *Board) served(p *poolTally, g *group, a *runtime.Decision) {
	p.outcomes[a.Outcome]++
	arrived, known := b.waiting[a.Request]
	if !known { // it came before the server was started again
		return
	}
	delete(b.waiting, a.Request)
	wait := a.Time - arrived + a.Delay
	p.waits[bin(time.Duration(wait))]++
	g.wait = max(g.wait, wait)
}

// held notes a pool's level, and what it held before the first launch of a
// group: the view is of after the entry.
func (b *Board) held(g *group, e *runtime.Entry, pool policy.PoolID) {
	if b.view == nil {
		return
	}
	g.level = b.view.LevelOf(pool).Stock
	if g.count > 1 {
		return
	}
	g.stock = b.view.Stock(pool)
	for i := range e.Actions {
		if a := &e.Actions[i]; a.Action == policy.Launched && a.Pool == pool {
			g.stock.Launching--
		}
	}
}

// owner keeps whose an instance is, by its slot.
func (b *Board) owner(id policy.InstanceID, pool policy.PoolID) {
	for int(id.Slot()) >= len(b.owners) {
		b.owners = append(b.owners, unknownPool)
	}
	b.owners[id.Slot()] = pool
}

// gone counts an instance that failed or was lost: the entry does not say whose.
func (b *Board) gone(t *tally, e *runtime.Entry, kind event) {
	pool := unknownPool
	slot, _, _ := strings.Cut(e.Instance, "-")
	if n, err := strconv.Atoi(slot); err == nil && n < len(b.owners) {
		pool = b.owners[n]
	}
	if pool == unknownPool {
		return
	}
	if kind == failEvent {
		t.pool(pool).failures++
	}
	if g := t.group(e.T, groupKey{pool: pool, action: happened, event: kind}); g != nil {
		g.count++
		g.note = e.Error
	}
}

// happened stands in a group's key for an event that is no decision.
const happened = policy.Action(255)
