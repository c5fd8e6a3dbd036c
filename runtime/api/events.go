package api

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// Events tell what becomes of claims. Make them first, add them to the
// runtime.Options.Observers of the host, then give them to Handler.
type Events struct {
	mu       sync.Mutex
	run      string // marks the ids of this server's events
	latest   int64  // the number of the last one
	kept     []event
	claims   map[policy.RequestID]*followed
	keys     map[key]policy.RequestID
	serving  map[policy.InstanceID]policy.RequestID
	held     map[string]int // claims by tenant
	brings   map[key]int    // claims that are made now and bring something
	news     chan struct{}  // closed when there is something new
	watched  bool           // somebody waits for news
	name     func(policy.RequestID) string
	watchers map[string][]chan struct{} // by claim
	over     map[policy.InstanceID]bool // ended before what was there at the start is known; nil after that
	gone     map[policy.RequestID]bool  // and those withdrawn
}

// A key is a request's, within its tenant.
type key struct{ tenant, name string }

// A followed claim is one that waits or is held.
type followed struct {
	key
	delivering bool
	held       bool
	instance   policy.InstanceID // if held
	granted    *Claim            // that the client was told of
}

// An event is what became of a claim.
type event struct {
	at     policy.Time
	kind   string
	claim  policy.RequestID
	tenant string
}

// keepEvents is how many a client that comes back may have missed.
const keepEvents = 8192

// NewEvents makes events of a host that has not started.
func NewEvents() *Events {
	return &Events{
		run: strconv.FormatInt(time.Now().UnixNano(), 36), kept: make([]event, keepEvents), claims: make(map[policy.RequestID]*followed),
		keys: make(map[key]policy.RequestID), serving: make(map[policy.InstanceID]policy.RequestID),
		held: make(map[string]int), brings: make(map[key]int), news: make(chan struct{}), watchers: make(map[string][]chan struct{}),
		over: make(map[policy.InstanceID]bool), gone: make(map[policy.RequestID]bool),
	}
}

// Observe implements runtime.Observer.
func (e *Events) Observe(entry *runtime.Entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch entry.Event {
	case "arrive":
		f := &followed{key: key{entry.TenantName, keyOf(entry)}}
		e.claims[*entry.Request] = f
		if f.name != "" {
			e.keys[f.key] = *entry.Request
			f.delivering = e.brings[f.key] > 0
		}
		e.add(entry.T, Waiting, *entry.Request, f.tenant)
	case "cancel":
		e.end(entry.T, *entry.Request, "withdrawn")
	case "release":
		e.free(entry, "released")
	case "lose":
		e.free(entry, "lost")
	}
	for i := range entry.Actions {
		switch a := &entry.Actions[i]; a.Action {
		case policy.Assigned:
			if f := e.claims[a.Request]; f == nil && e.over != nil {
				e.serving[a.Instance] = a.Request // its claim is not known yet
			} else if f != nil {
				f.held, f.instance = true, a.Instance
				e.serving[a.Instance] = a.Request
				e.held[f.tenant]++
				if !f.delivering {
					e.add(a.Time, "ready", a.Request, f.tenant)
				}
			}
		case policy.Refused:
			e.end(a.Time, a.Request, "refused")
		}
	}
}

// free ends the claim that an instance served, if any.
func (e *Events) free(entry *runtime.Entry, kind string) {
	instance := instanceNumber(entry.Instance)
	if claim, serves := e.serving[instance]; serves {
		e.end(entry.T, claim, kind)
	} else if e.over != nil {
		e.over[instance] = true
	}
}

// instanceNumber reads an entry's name of an instance: slot and generation.
func instanceNumber(name string) policy.InstanceID {
	slot, generation, _ := strings.Cut(name, "-")
	s, _ := strconv.ParseUint(slot, 10, 32)
	g, _ := strconv.ParseUint(generation, 10, 32)
	return policy.InstanceID(g<<32 | s)
}

func (e *Events) end(t policy.Time, claim policy.RequestID, kind string) {
	f := e.claims[claim]
	if f == nil {
		if e.gone != nil {
			e.gone[claim] = true
		}
		return
	}
	delete(e.claims, claim)
	if f.name != "" && e.keys[f.key] == claim {
		delete(e.keys, f.key)
	}
	if f.held {
		delete(e.serving, f.instance)
		if e.held[f.tenant]--; e.held[f.tenant] == 0 {
			delete(e.held, f.tenant)
		}
	}
	e.add(t, kind, claim, f.tenant)
}

func (e *Events) add(t policy.Time, kind string, claim policy.RequestID, tenant string) {
	e.latest++
	e.kept[e.latest%keepEvents] = event{at: t, kind: kind, claim: claim, tenant: tenant}
	if e.watched {
		close(e.news)
		e.news, e.watched = make(chan struct{}), false
	}
	if len(e.watchers) > 0 && e.name != nil {
		e.tell(e.name(claim))
	}
}

// heldBy counts a tenant's claims that have an instance.
func (e *Events) heldBy(tenant string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.held[tenant]
}

// tenantOf is whose a claim is; otherwise if it is not known.
func (e *Events) tenantOf(claim policy.RequestID, otherwise string) string {
	if e == nil {
		return otherwise
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if f := e.claims[claim]; f != nil {
		return f.tenant
	}
	return otherwise
}

// joins tells whether a request of the key is another's that is under way.
func (e *Events) joins(tenant, name string) bool {
	if e == nil || name == "" {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	_, joins := e.keys[key{tenant, name}]
	return joins
}

// since are the events after the one numbered so, and the channel that is
// closed when there are more. complete is false when some of them are
// forgotten.
func (e *Events) since(number int64) (list []event, first int64, complete bool, news <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	first = max(number+1, e.latest-keepEvents+1, 1)
	complete = first == number+1
	for i := first; i <= e.latest && len(list) < 256; i++ {
		list = append(list, e.kept[i%keepEvents])
	}
	e.watched = true
	return list, first, complete, e.news
}

// now is the number of the latest event.
func (e *Events) now() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.latest
}

// keyOf is that of the request that arrives.
func keyOf(entry *runtime.Entry) string {
	if entry.Asked == nil {
		return ""
	}
	return entry.Asked.Key
}
