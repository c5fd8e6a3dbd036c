package provisionertest

import (
	"errors"
	"time"

	"shadowpool/runtime"
)

// restart goes on with another provisioner.
func (f *Fixture) restart(t T) {
	t.Helper()
	p, err := f.Restart()
	if err != nil {
		t.Fatalf("the provisioner of the server that is started again: %v", err)
	}
	f.Provisioner = p
}

func adoptAfter(t T, f *Fixture) {
	need(t, f.Restart != nil, "restart")
	first, other := start(t, f, "one"), start(t, f, "two")
	f.restart(t)
	exist(t, f, "one", "two")
	adoptNothingOf(t, f, "never-was")
	i := adopted(t, f, "one")
	same(t, first, i)
	same(t, other, adopted(t, f, "two"))
	for key, want := range first.Environment {
		if i.Environment[key] != want {
			t.Errorf("%s was %q, and is %q after the restart", key, want, i.Environment[key])
		}
	}
	stop(t, f, "one")
	gone(t, f, i)
	exist(t, f, "two")
	adoptNothingOf(t, f, "one")
	f.restart(t) // once more, with one that was adopted
	same(t, other, adopted(t, f, "two"))
	exist(t, f, "two")
}

func startAfter(t T, f *Fixture) {
	need(t, f.Restart != nil, "restart")
	first := start(t, f, "one")
	f.restart(t)
	same(t, first, start(t, f, "one"))
	exist(t, f, "one")
}

func stopAfter(t T, f *Fixture) {
	need(t, f.Restart != nil, "restart")
	start(t, f, "one")
	start(t, f, "two")
	f.restart(t)
	i := adopted(t, f, "one")
	stop(t, f, "one")
	gone(t, f, i)
	exist(t, f, "two")
	stop(t, f, "two") // without having adopted it
	exist(t, f)
}

func lostAfter(t T, f *Fixture) {
	need(t, f.Restart != nil, "restart")
	need(t, f.Kill != nil, "way to kill an instance")
	start(t, f, "one")
	start(t, f, "two")
	f.restart(t)
	i := adopted(t, f, "one")
	if err := f.Kill(i); err != nil {
		t.Fatalf("%v", err)
	}
	gone(t, f, i)
	exist(t, f, "two")
	adoptNothingOf(t, f, "one")
}

// cut begins a launch and restarts. It returns how long ago it began.
func cut(t T, f *Fixture) (began time.Time) {
	t.Helper()
	need(t, f.Restart != nil, "restart")
	need(t, f.Slow != "", "category whose launches take long")
	began = time.Now()
	starting(t.Context(), f, f.spec(f.Slow, "cut"))
	exist(t, f, "cut")
	f.restart(t)
	return began
}

func cutOff(t T, f *Fixture) {
	began := cut(t, f)
	exist(t, f, "cut")
	ctx, cancel := f.soon(t)
	defer cancel()
	_, err := f.Provisioner.Adopt(ctx, f.spec(f.Slow, "cut"))
	if time.Since(began) < f.SlowTakes && !errors.Is(err, runtime.ErrGone) {
		t.Errorf("adopt one whose launch was cut off: %v, want ErrGone", err)
	}
	r := await(t, f, "the start", starting(ctx, f, f.spec(f.Slow, "cut")))
	if r.err != nil {
		t.Fatalf("start of one whose launch was cut off: %v", r.err)
	}
	isWarm(t, f, r.instance, "cut")
	exist(t, f, "cut")
	same(t, r.instance, adopted(t, f, "cut"))
	stop(t, f, "cut")
	gone(t, f, r.instance)
	exist(t, f)
}

func cutOffStopped(t T, f *Fixture) {
	cut(t, f)
	exist(t, f, "cut")
	stop(t, f, "cut")
	exist(t, f)
	adoptNothingOf(t, f, "cut")
}
