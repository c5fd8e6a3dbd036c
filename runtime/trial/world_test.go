//go:build !race

package trial_test

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shadowpool/policy"
)

// A world is a provider, a store, the servers that share them, and their
// clients. Everything that leaves a server waits as an op until the world lets
// it go on: one at a time, in an order that the seed draws.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	seed    uint64
	fleet   policy.Config
	asked   []policy.Category // by clients: those that every configuration has
	redrawn bool
	spec    string
	calm    bool
	ended   bool

	mu      sync.Mutex // ops come from goroutines of the servers
	ops     []*op
	trail   []string
	failure string
	unrest  string // why pools do not rest

	store    *store
	provider *provider
	servers  []*server
	clients  []*client
	logs     []*bytes.Buffer // event logs of all that led

	books   sync.Mutex        // of what follows
	holders map[string]*claim // by instance: who knows that it is his
	served  map[string]string // by instance: the claim that it served last
	tenants map[string]string // by instance: whose it is
}

// An op is a call of a server's that waits for the world.
type op struct {
	server *server
	kind   string // such as append, start
	key    string // tells ops of a kind apart
	life   int    // of the server's lives, that which calls
	// do carries it out; the answer is lost if !heard.
	do   func(heard bool)
	fail func(error) // answers without doing anything
	done chan struct{}
}

// wait makes the calling goroutine wait until the world has carried out an op,
// and returns once it is answered.
func (w *world) wait(l *lifetime, kind, key string, do func(heard bool), fail func(error)) {
	o := &op{server: l.server, kind: kind, key: key, life: l.number, do: do, fail: fail, done: make(chan struct{})}
	w.mu.Lock()
	if l.dead {
		w.mu.Unlock()
		fail(errCrashed)
		return
	}
	w.ops = append(w.ops, o)
	w.mu.Unlock()
	<-o.done
}

// random is the part of names that is not the seed's.
var random = regexp.MustCompile(`[0-9a-f]{8}-`)

// note adds a line to the trail.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%12.6f ", time.Since(epoch).Seconds()) + random.ReplaceAllString(fmt.Sprintf(format, args...), "")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trail = append(w.trail, line)
}

// digest tells worlds apart. Of what happens at one instant the order does not
// count: goroutines run side by side.
func (w *world) digest() uint64 {
	h := fnv.New64a()
	for _, line := range slices.Sorted(slices.Values(w.trail)) {
		fmt.Fprintln(h, line)
	}
	return h.Sum64()
}

// failf notes the first thing that is wrong.
func (w *world) failf(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	w.note("WRONG: %s", message)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == "" {
		w.failure = message
	}
}

// epoch is when time begins in a bubble.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// pending are the ops that wait, in an order that does not depend on goroutines.
func (w *world) pending() []*op {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.SortStableFunc(w.ops, func(a, b *op) int {
		return cmp.Or(cmp.Compare(a.server.name, b.server.name), cmp.Compare(a.life, b.life), cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
	})
	return slices.Clone(w.ops)
}

func (w *world) drop(o *op) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ops = slices.DeleteFunc(w.ops, func(p *op) bool { return p == o })
}

// answer lets an op go on: done and heard, done and not heard, or neither.
func (w *world) answer(o *op) {
	w.drop(o)
	fate := w.rng.Float64()
	switch {
	case w.calm || fate < 0.9:
		w.note("%s/%d %s %s", o.server.name, o.life, o.kind, o.key)
		o.do(true)
	case fate < 0.95:
		w.note("%s/%d %s %s, and the answer is lost", o.server.name, o.life, o.kind, o.key)
		o.do(false)
		o.fail(errLost)
	default:
		w.note("%s/%d %s %s fails", o.server.name, o.life, o.kind, o.key)
		o.fail(errFailed)
	}
	close(o.done)
}

// step does one thing.
func (w *world) step() {
	synctest.Wait()
	ops := w.pending()
	if len(ops) > 0 && (w.calm || w.rng.Float64() < 0.6) {
		w.answer(ops[w.rng.IntN(len(ops))])
		return
	}
	if !w.calm && w.rng.Float64() < 0.08 {
		w.trouble()
		return
	}
	// Time goes on: mostly a little, so that much happens at nearly one time.
	span := time.Duration(w.rng.ExpFloat64() * float64(300*time.Millisecond))
	if w.rng.Float64() < 0.05 {
		span *= 40
	}
	time.Sleep(span + time.Duration(1+w.rng.IntN(1000)))
}

// trouble is something that goes wrong, or that an operator does.
func (w *world) trouble() {
	s := w.servers[w.rng.IntN(len(w.servers))]
	switch w.rng.IntN(14) {
	case 0, 1, 2:
		s.crash()
	case 3:
		s.stop()
	case 4:
		w.store.expire() // another may lead, while the former does not know
	case 5, 6, 7:
		w.provider.vanish()
	case 8:
		w.provider.breakFor(time.Duration(w.rng.Int64N(int64(20 * time.Second))))
	case 9:
		s.skew = time.Duration(w.rng.Int64N(int64(time.Hour))) - 30*time.Minute
		w.note("%s: the clock is %v off from its next start on", s.name, s.skew)
	case 10:
		w.redrawn = true
		w.fleet, w.spec = redraw(w.rng, w.fleet)
		w.note("servers that start have another configuration, %s", w.spec)
	case 11:
		w.store.outdate()
	default:
		w.operate(s)
	}
}

// run lets a world live.
func (w *world) run(steps int) {
	for _, s := range w.servers {
		go s.run()
	}
	for _, c := range w.clients {
		go c.run()
	}
	for range steps {
		if w.failure != "" {
			break
		}
		w.step()
		w.check()
	}
	if w.failure == "" {
		w.settle()
	}
	w.end()
}

// until makes steps until something is so; it is wrong if it never is.
func (w *world) until(what string, is func() bool) {
	for range 20_000 {
		if w.failure != "" || is() {
			return
		}
		w.step()
		w.check()
	}
	w.failf("never: %s; %s", what, w.unrest)
}

// end stops everything, so that nothing is left in the bubble.
func (w *world) end() {
	w.calm, w.ended = true, true
	for _, c := range w.clients {
		c.stop()
	}
	for _, s := range w.servers {
		s.stopped = true
		s.crash()
	}
	for range 10 {
		synctest.Wait()
		for _, o := range w.pending() {
			w.drop(o)
			o.fail(errCrashed)
			close(o.done)
		}
		time.Sleep(time.Minute)
	}
}

// life runs the world of a seed and returns its digest.
func life(t *testing.T, seed uint64, steps int) (digest uint64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed)
		w.run(steps)
		w.verify()
		if w.failure != "" {
			from := max(0, len(w.trail)-120)
			t.Errorf("seed %d: %s\n%s\nrun it again with -run Worlds -seed %d -v", seed, w.failure, strings.Join(w.trail[from:], "\n"), seed)
		}
		if *one != 0 && testing.Verbose() {
			show(w.trail)
		}
		digest = w.digest()
	})
	return digest
}

func newWorld(t *testing.T, seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 0x5eed))
	w := &world{t: t, rng: rng, seed: seed, holders: map[string]*claim{}, served: map[string]string{}, tenants: map[string]string{}}
	w.fleet, w.spec = draw(rng)
	w.asked = w.fleet.Categories
	w.store, w.provider = newStore(w), newProvider(w)
	for i := range 1 + rng.IntN(2) {
		w.servers = append(w.servers, &server{world: w, name: fmt.Sprintf("s%d", i)})
	}
	for i := range 2 + rng.IntN(5) {
		w.clients = append(w.clients, newClient(w, i))
	}
	return w
}

// redraw draws other terms for the same categories, and perhaps one more.
func redraw(rng *rand.Rand, c policy.Config) (policy.Config, string) {
	other, spec := draw(rng)
	was := c.Categories
	c.Tick, c.Binding = other.Tick, other.Binding
	c.Categories = slices.Clone(other.Categories)
	for i := len(c.Categories); i < len(was); i++ {
		c.Categories = append(c.Categories, was[i])
	}
	for i := range was {
		c.Categories[i].Reusable = was[i].Reusable // clients go by that
	}
	return c, spec
}

// draw draws a fleet and its policy.
func draw(rng *rand.Rand) (policy.Config, string) {
	c := policy.Config{Tick: time.Duration(1+rng.IntN(5)) * time.Second, Isolation: policy.Isolation(rng.IntN(2)), Binding: policy.Binding(rng.IntN(2))}
	for i := range 1 + rng.IntN(3) {
		k := policy.Category{Name: string(rune('a' + i)), LeadTime: time.Duration(1+rng.IntN(10)) * time.Second, Reusable: rng.IntN(2) == 0}
		if rng.IntN(2) == 0 {
			k.MaxInstances = 2 + rng.IntN(6)
		}
		if rng.IntN(3) == 0 {
			k.MaxLaunching = 1 + rng.IntN(3)
		}
		if rng.IntN(4) == 0 {
			k.MaxAge = time.Duration(1+rng.IntN(5)) * time.Minute
		}
		c.Categories = append(c.Categories, k)
	}
	specs := []string{"static:level=1", "static:level=2", "none", "keepalive:ttl=20s", "adaptive", "adaptive:hit_rate=0.99", "adaptive:wait_price=50", "ewma", "openwhisk-reactive:min=1", "greedy-dual:memory=5"}
	return c, specs[rng.IntN(len(specs))]
}

func quiet(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
