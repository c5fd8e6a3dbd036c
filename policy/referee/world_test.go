package referee_test

import (
	"container/heap"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

var (
	oneSeed = flag.Int64("seed", -1, "run only this seed of the random worlds")
	seeds   = flag.Int("seeds", 10_000, "how many random worlds to run")
)

// Whatever the fleet, the policy, the load and the faults: no law is broken;
// and when faults and arrivals stop, every queue drains, every pool comes to
// its level, and a drained fleet is gone.
func TestWorlds(t *testing.T) {
	if *oneSeed >= 0 {
		runWorld(t, uint64(*oneSeed))
		return
	}
	n := *seeds
	if testing.Short() {
		n = min(n, 500)
	}
	const parts = 20
	seen := make([]map[string]int, parts)
	t.Run("parts", func(t *testing.T) {
		for part := range parts {
			t.Run(fmt.Sprint(part), func(t *testing.T) {
				t.Parallel()
				seen[part] = map[string]int{}
				for seed := part * n / parts; seed < (part+1)*n/parts; seed++ {
					for what, times := range runWorld(t, uint64(seed)) {
						seen[part][what] += times
					}
				}
			})
		}
	})
	if t.Failed() || n < 500 {
		return
	}
	for _, what := range happenings() {
		times := 0
		for _, s := range seen {
			times += s[what]
		}
		t.Logf("%7d %s", times, what)
		if times == 0 {
			t.Errorf("%s never happens in %d worlds", what, n)
		}
	}
}

// happenings are what worlds must have seen, so that their laws are of use: every
// reason, and what has none.
func happenings() []string {
	all := []string{"stop", "resume", "replace", "prepare", "notice", "hint", "hint for a dataset", "cancel", "configure", "restore", "drain", "reopen", "pause"}
	for why := policy.ForLevel; why <= policy.Reserved; why++ {
		all = append(all, why.String())
	}
	return append(all, "boot_failed", "no_capacity", "throttled", "over_quota")
}

// world is a host whose provisioner and users are random.
type world struct {
	t       testing.TB
	d       draw
	seed    uint64
	config  policy.Config
	spec    policy.Spec
	ref     *referee.Referee
	main    *port
	twin    *port // a controller that must decide as main does
	now     policy.Time
	still   int // steps at this instant
	events  events
	seq     int
	members map[policy.InstanceID]*member
	order   []policy.InstanceID // members by launch
	waiting []policy.Request
	next    policy.RequestID
	left    int // arrivals to come
	calm    bool
	done    []string // the actions of this event

	provider provider
	hints    map[policy.HintID]policy.Hint
	drained  bool
	picky    bool           // requests require, or refuse, warm instances
	seen     map[string]int // what has happened, by name
	rested   []bool         // pools that have come to rest in the calm
}

type member struct {
	pool    policy.PoolID
	on      policy.Capacity
	warm    bool
	request *policy.Request
	until   policy.Time // when it will be served
	aims    int         // preparations so far
	aimed   bool        // the last has not begun
	to      policy.Target
	stages  uint8
}

// events is a heap.
type events []event

func runWorld(t testing.TB, seed uint64) map[string]int {
	return runOn(t, seed, rand.NewPCG(seed, 2026))
}

// runOn runs a world, and tells what has happened in it, by name.
func runOn(t testing.TB, seed uint64, choices rand.Source) map[string]int {
	d := draw{rand.New(choices)}
	w := &world{t: t, d: d, seed: seed, members: map[policy.InstanceID]*member{}, hints: map[policy.HintID]policy.Hint{}, seen: map[string]int{}}
	w.config = d.fleet()
	w.provider = d.provider()
	w.picky = d.chance(0.4)
	w.spec = d.policy(t, d.family(int(seed)), w.config)
	defer func() {
		if p := recover(); p != nil {
			w.failf("panic: %v", p)
		}
	}()
	// At times just before summer time begins or ends.
	w.now = pickOf[int64](d, 1_750_000_000e9, 1_761_440_000e9, 1_774_745_000e9) + d.span(time.Hour)
	w.ref = &referee.Referee{}
	w.main = w.controller(w.ref)
	w.ref.Watch(w.main.ctrl, w.config, w.main.sizer, w)
	w.do(func(c referee.Controller) { c.Start(w.now) })
	w.left = 20 + d.IntN(60)
	w.schedule(w.now+d.span(10*time.Second), policy.ClassArrival, w.arrive)
	w.troubles()
	for w.left > 0 {
		w.step()
	}
	w.calmDown()
	return w.seen
}

func (w *world) failf(format string, args ...any) {
	w.t.Helper()
	what := fmt.Sprintf(format, args...)
	if err := w.ref.Err(); err != nil {
		what += "\n" + err.Error()
	} else {
		what += "\n" + strings.Join(w.ref.Trail(), "\n")
	}
	fleet, _ := json.Marshal(w.config)
	w.t.Fatalf("seed %d, %v, %s: %s\nrun it again with -run Worlds -seed %d", w.seed, w.spec, fleet, what, w.seed)
}

func (w *world) sizer() policy.Sizer {
	s, err := policy.Build(w.spec, policy.Fleet{Config: w.config})
	if err != nil {
		w.failf("%v", err)
	}
	return s
}

func (w *world) controller(host policy.Host) *port {
	p := &port{Host: host, sizer: w.sizer()}
	var err error
	if p.ctrl, err = policy.New(w.config, p.sizer, p); err != nil {
		w.failf("%v", err)
	}
	return p
}

func (w *world) schedule(t policy.Time, class policy.Class, do func()) {
	w.seq++
	heap.Push(&w.events, event{t, class, w.seq, do})
}

// step carries out what is next: an event of the world or a timer.
func (w *world) step() bool {
	if w.still++; w.still > 5000 {
		w.failf("time stands still")
	}
	due, of := w.ref.NextTimer()
	if len(w.events) == 0 && due == policy.Never {
		return false
	}
	if len(w.events) == 0 || due < w.events[0].time || due == w.events[0].time && of < w.events[0].class {
		w.advance(due)
		w.do(func(c referee.Controller) { c.Fire() })
		return true
	}
	e := heap.Pop(&w.events).(event)
	w.advance(e.time)
	e.do()
	return true
}

func (w *world) advance(t policy.Time) {
	if t > w.now {
		w.now, w.still = t, 0
	}
}

// do passes an event to the referee, and to the twin, which must agree.
func (w *world) do(event func(referee.Controller)) {
	w.done = w.done[:0]
	event(w.ref)
	if w.ref.Err() != nil {
		w.failf("a law is broken")
	}
	if w.ref.Alive() > 3000 {
		w.failf("%d instances live", w.ref.Alive())
	}
	if w.twin == nil {
		return
	}
	done := slices.Clone(w.done)
	w.done = w.done[:0]
	event(w.twin.ctrl)
	if !slices.Equal(done, w.done) {
		w.failf("a restored controller does %q, the other one %q", done, w.done)
	}
	a, of := w.ref.NextTimer()
	if b, other := w.twin.ctrl.NextTimer(); a != b || of != other {
		w.failf("a restored controller's next timer is at %d ns, the other one's at %d ns", a, b)
	}
}

// arrive lets a request come, and the next one after it.
func (w *world) arrive() {
	d := w.d
	q := policy.Request{ID: w.next, Pool: policy.PoolID(d.IntN(w.asked())), Tenant: uint32(d.IntN(4)), TaskType: uint32(d.IntN(3)), Dataset: uint32(d.IntN(5))}
	w.next++
	if tenant := w.config.Categories[q.Pool].ReservedFor; tenant != 0 {
		q.Tenant = tenant
	}
	q.Anywhere = d.chance(0.3)
	w.herald(&q)
	if w.picky {
		q.Warm = pickOf(d, policy.PreferWarm, policy.PreferWarm, policy.RequireWarm, policy.NeverWarm)
	}
	w.waiting = append(w.waiting, q)
	w.do(func(c referee.Controller) { c.Arrive(w.now, q) })
	if w.left--; w.left == 0 {
		return
	}
	t := w.now
	switch d.IntN(20) {
	case 0, 1, 2, 3, 4: // a tie
	case 5, 6: // with a tick, perhaps
		t += 15e9 - t%15e9
	case 7, 8, 9:
		t += d.span(time.Minute)
	case 10:
		t += d.span(20 * time.Minute)
	default:
		t += d.span(2 * time.Second)
	}
	w.schedule(t, policy.ClassArrival, w.arrive)
}

// asked is how many of the categories, the first ones, are asked for.
func (w *world) asked() int {
	n := 0
	for n < len(w.config.Categories) && w.config.Categories[n].Memory == 0 {
		n++
	}
	return n
}

// settled is nil when each pool has come to rest since it is calm.
func (w *world) settled() error {
	for len(w.rested) < len(w.config.Categories) {
		w.rested = append(w.rested, false)
	}
	var last error
	for i := range w.rested {
		if err := w.ref.Settled(policy.PoolID(i)); err == nil {
			w.rested[i] = true
		} else if !w.rested[i] {
			last = err
		}
	}
	return last
}

// calmDown ends faults and arrivals, and waits until all is at rest.
func (w *world) calmDown() {
	w.calm = true
	end := w.now + int64(7*24*time.Hour)
	for steps := 0; !w.drained && w.settled() != nil; steps++ {
		if !w.step() || w.now > end || steps > 200_000 {
			w.failf("after %d steps without faults and arrivals: %v", steps, w.settled())
		}
	}
	data, err := w.main.ctrl.Snapshot()
	if err != nil {
		w.failf("%v", err)
	}
	w.alike(data)
	early := w.drained // then some may wait for what does not come any more
	if !early {
		w.schedule(w.now, policy.ClassArrival, func() {
			w.drained = true
			w.do(func(c referee.Controller) { c.Drain(w.now) })
		})
	}
	for w.ref.Alive() > 0 || !w.drained {
		if !w.step() {
			w.failf("%d instances are left after draining", w.ref.Alive())
		}
	}
	left := slices.DeleteFunc(w.waiting, func(q policy.Request) bool { return early && q.Warm == policy.PreferWarm })
	if len(w.members) > 0 || len(left) > 0 {
		w.failf("the world has %d instances left and %d requests", len(w.members), len(left))
	}
}

// happens notes why an action was taken.
func (w *world) happens(why policy.Reason) { w.seen[why.String()]++ }

func (w *world) forget(id policy.InstanceID) {
	delete(w.members, id)
	w.order = slices.DeleteFunc(w.order, func(o policy.InstanceID) bool { return o == id })
}
