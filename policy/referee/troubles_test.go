package referee_test

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// troubles schedules what goes wrong, and what operators do.
func (w *world) troubles() {
	d := w.d
	at := func() policy.Time { return w.now + d.span(4*time.Minute) }
	for d.chance(0.7) {
		w.schedule(at(), policy.ClassRelease, w.lose)
	}
	for d.chance(0.7) {
		w.schedule(at(), policy.ClassArrival, w.cancel)
	}
	for d.chance(0.3) {
		w.schedule(at(), policy.ClassTick, w.restore)
	}
	for d.chance(0.3) {
		w.schedule(at(), policy.ClassArrival, w.configure)
	}
	for d.chance(0.4) {
		w.schedule(at(), policy.ClassRelease, w.turn)
	}
	if d.chance(0.06) {
		w.schedule(at(), policy.ClassArrival, w.drain)
	}
	for d.chance(0.2) {
		w.schedule(at(), policy.ClassArrival, w.pause)
	}
	for most := d.IntN(10); d.chance(0.5) && most > 0; most-- {
		w.schedule(at(), policy.ClassArrival, w.announce)
	}
}

// lose takes any instance away, sometimes with notice.
func (w *world) lose() {
	if w.calm || len(w.order) == 0 {
		return
	}
	if id := w.order[w.d.IntN(len(w.order))]; w.d.chance(0.3) {
		w.notify(id)
	} else {
		w.take(id)
	}
}

// drain ends the fleet before the load does.
func (w *world) drain() {
	if w.calm {
		return
	}
	w.drained = true
	w.seen["drain"]++
	w.do(func(c referee.Controller) { c.Drain(w.now) })
	if w.d.chance(0.6) {
		w.schedule(w.now+w.d.span(2*time.Minute), policy.ClassArrival, w.reopen)
	}
}

// reopen takes a drain back.
func (w *world) reopen() {
	if w.calm {
		return
	}
	w.drained = false
	w.seen["reopen"]++
	w.do(func(c referee.Controller) { c.Reopen(w.now) })
}

// pause stops a pool's launches for a while, and resets its breakers in the end.
func (w *world) pause() {
	if w.calm {
		return
	}
	id := policy.PoolID(w.d.IntN(w.asked()))
	w.seen["pause"]++
	w.do(func(c referee.Controller) { c.Pause(w.now, id, true) })
	w.schedule(w.now+w.d.span(2*time.Minute), policy.ClassArrival, func() {
		w.do(func(c referee.Controller) { c.Pause(w.now, id, false) })
	})
	w.schedule(w.now+w.d.span(2*time.Minute), policy.ClassArrival, func() {
		w.do(func(c referee.Controller) { c.Reset(w.now, id) })
	})
}

func (w *world) cancel() {
	if w.calm || len(w.waiting) == 0 {
		return
	}
	q := w.waiting[w.d.IntN(len(w.waiting))]
	w.seen["cancel"]++
	w.waiting = slices.DeleteFunc(w.waiting, func(o policy.Request) bool { return o.ID == q.ID })
	w.do(func(c referee.Controller) {
		if !c.Cancel(w.now, q.Pool, q.ID) {
			w.failf("request %d waits and cannot be cancelled", q.ID)
		}
		if c.Cancel(w.now, q.Pool, q.ID) {
			w.failf("request %d is cancelled twice", q.ID)
		}
	})
}

// restore goes on with a controller that was restored from a snapshot; the
// former becomes the twin.
func (w *world) restore() {
	data, err := w.main.ctrl.Snapshot()
	if err != nil {
		w.failf("%v", err)
	}
	fresh := w.controller(w.ref)
	if err := fresh.ctrl.Restore(data); err != nil {
		w.failf("%v", err)
	}
	w.alike(data)
	w.seen["restore"]++
	w.main.Host = echo{&w.done}
	w.main, w.twin = fresh, w.main
	w.ref.Continue(fresh.ctrl, fresh.sizer)
}

// alike checks that the twin's whole state is main's.
func (w *world) alike(main []byte) {
	if w.twin == nil {
		return
	}
	if twin, err := w.twin.ctrl.Snapshot(); err != nil || !bytes.Equal(main, twin) {
		w.failf("a restored controller and the other one come to differ, error %v:\n%s\n%s", err, main, twin)
	}
}

// configure lets another policy take over, changes terms, generations and
// limits, and adds a category.
func (w *world) configure() {
	if w.calm || w.drained {
		return
	}
	d := w.d
	next := w.config
	next.Categories = slices.Clone(w.config.Categories)
	if w.asked() == len(next.Categories) && d.chance(0.5) {
		k := d.category(fmt.Sprint("new", len(next.Categories)))
		k.Price = next.Categories[0].Price
		next.Categories = append(next.Categories, k)
	}
	if d.chance(0.3) {
		next.Tick = pickOf(d, 15*time.Second, 10*time.Second, 4*time.Second)
	}
	for i := range next.Categories {
		d.alter(&next, &next.Categories[i])
	}
	if next.Check() != nil { // terms that do not go together
		return
	}
	w.seen["configure"]++
	w.config = next
	if _, err := policy.Build(w.spec, policy.Fleet{Config: w.config}); err != nil || d.chance(0.5) {
		w.spec = d.policy(w.t, d.family(d.IntN(100)), w.config)
	}
	w.do(func(c referee.Controller) {
		if err := c.Configure(w.now, w.config, w.sizer()); err != nil {
			w.failf("%v", err)
		}
	})
}
