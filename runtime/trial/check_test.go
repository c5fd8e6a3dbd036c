//go:build !race

package trial_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"shadowpool/runtime"
)

// leader is the life that serves; nil if none does.
func (w *world) leader() *lifetime {
	for _, s := range w.servers {
		if s.now.leads() {
			return s.now
		}
	}
	return nil
}

// check holds the limits of every pool against what exists by the leader's books.
func (w *world) check() {
	synctest.Wait()
	l := w.leader()
	if l == nil || w.redrawn { // limits that become lower hold for what comes
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	all, err := l.host.Instances(ctx, "", 1<<20)
	if err != nil {
		return
	}
	for _, k := range w.fleet.Categories {
		exist, launching := 0, 0
		for _, i := range all {
			if i.Pool == k.Name {
				exist++
				if i.State == "launching" {
					launching++
				}
			}
		}
		if k.MaxInstances > 0 && exist > k.MaxInstances || k.MaxLaunching > 0 && launching > k.MaxLaunching {
			w.failf("pool %s has %d instances, %d of them launching; its limits are %d and %d", k.Name, exist, launching, k.MaxInstances, k.MaxLaunching)
		}
	}
}

// operate does something that operators do.
func (w *world) operate(s *server) {
	if !s.now.leads() {
		return
	}
	h := s.now.host
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	pool := w.asked[w.rng.IntN(len(w.asked))].Name
	var do func() error
	switch w.rng.IntN(5) {
	case 0:
		w.note("%s is paused", pool)
		do = func() error { return h.Pause(ctx, pool, true) }
		time.AfterFunc(30*time.Second, func() { w.unpause(pool) })
	case 1:
		w.note("%s is invalidated", pool)
		do = func() error { return h.Invalidate(ctx, pool) }
	case 2:
		w.note("the breaker of %s is reset", pool)
		do = func() error { return h.ResetBreaker(ctx, pool) }
	case 3:
		w.note("drained for a while")
		do = func() error { return h.Drain(ctx) }
		time.AfterFunc(20*time.Second, w.reopen)
	default:
		hint := runtime.Hint{Category: pool, Tenant: "t0", Count: 1 + w.rng.IntN(3), Probability: 0.8, Source: "calendar"}
		hint.From = time.Now().Add(time.Duration(w.rng.Int64N(int64(time.Minute))))
		hint.To = hint.From.Add(time.Minute)
		w.note("%d are announced for %s", hint.Count, pool)
		do = func() error { _, err := h.Announce(ctx, hint); return err }
	}
	go func() {
		defer cancel()
		_ = do() // it may crash
	}()
}

// again does something on whoever leads until it has worked.
func (w *world) again(do func(context.Context, *runtime.Host) error) {
	for !w.ended {
		if l := w.leader(); l != nil {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			err := do(ctx, l.host)
			cancel()
			if err == nil {
				return
			}
		}
		time.Sleep(3 * time.Second)
	}
}

func (w *world) unpause(pool string) {
	w.again(func(ctx context.Context, h *runtime.Host) error { return h.Pause(ctx, pool, false) })
}

func (w *world) reopen() {
	w.again(func(ctx context.Context, h *runtime.Host) error { return h.Reopen(ctx) })
}

// settle ends all faults and load, and checks that everything comes to rest:
// nobody waits, every pool comes to its level, what exists is what the leader
// knows, and a drained fleet is gone.
func (w *world) settle() {
	w.calm = true
	w.note("calm from here on")
	for _, c := range w.clients {
		c.stop()
	}
	for _, k := range w.asked {
		go w.unpause(k.Name)
	}
	go w.reopen()
	w.until("all requests are over", func() bool {
		return !slices.ContainsFunc(w.clients, func(c *client) bool { return !c.idle })
	})
	w.until("all pools rest", w.rests)
	if w.failure != "" {
		return
	}
	go w.again(func(ctx context.Context, h *runtime.Host) error { return h.Drain(ctx) })
	w.unrest = ""
	w.until("a drained fleet is gone", func() bool { return len(w.provider.instances) == 0 })
}

// rests says whether nothing waits or launches, and what exists is known.
func (w *world) rests() bool {
	synctest.Wait()
	l := w.leader()
	if l == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	status, err := l.host.Status(ctx)
	if err != nil {
		return false
	}
	for _, p := range status.Pools {
		if p.Waiting > 0 || p.InUse > 0 || p.Launching > 0 {
			w.unrest = fmt.Sprintf("pool %s has level %d, %d warm, %d launching, %d waiting, %d in use", p.Category, p.Level, p.Warm, p.Launching, p.Waiting, p.InUse)
			claims, _ := l.host.Claims(ctx, "", 10)
			for _, c := range claims {
				w.unrest += fmt.Sprintf("; claim %s of %s is %s", c.Claim, c.Key, c.State)
			}
			return false
		}
	}
	known, err := l.host.Instances(ctx, "", 1<<20)
	if err != nil || len(known) != len(w.provider.instances) {
		w.unrest = fmt.Sprintf("%d instances are known, %d exist", len(known), len(w.provider.instances))
		return false
	}
	for _, i := range known {
		if w.provider.instances[i.Name] == nil {
			return false
		}
	}
	return true
}

// verify holds every log of every leader against a fresh controller.
func (w *world) verify() {
	for i, log := range w.logs {
		if log.Len() == 0 {
			continue
		}
		if _, err := runtime.Verify(strings.NewReader(log.String())); err != nil {
			w.failf("log %d: %v", i, err)
		}
	}
}
