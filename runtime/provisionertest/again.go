package provisionertest

import (
	"errors"
	"time"

	"shadowpool/runtime"
)

func twice(t T, f *Fixture) {
	first := start(t, f, "twin")
	second := start(t, f, "twin")
	same(t, first, second)
	exist(t, f, "twin")
	stop(t, f, "twin")
	gone(t, f, first)
	gone(t, f, second)
}

// agree waits for several Starts of one name.
func agree(t T, f *Fixture, started []<-chan result) {
	var all []runtime.Instance
	for _, s := range started {
		r := await(t, f, "a start", s)
		if r.err != nil {
			t.Errorf("start of one that is launching: %v", r.err)
			continue
		}
		isWarm(t, f, r.instance, "twin")
		all = append(all, r.instance)
	}
	for _, i := range all {
		same(t, all[0], i)
	}
	exist(t, f, "twin")
	stop(t, f, "twin")
	for _, i := range all {
		gone(t, f, i)
	}
}

func twiceAtOnce(t T, f *Fixture) {
	ctx, cancel := f.soon(t)
	defer cancel()
	var started []<-chan result
	for range 5 {
		started = append(started, starting(ctx, f, f.spec(f.Category, "twin")))
	}
	agree(t, f, started)
}

func twiceWhile(t T, f *Fixture) {
	need(t, f.Slow != "", "category whose launches take long")
	ctx, cancel := f.soon(t)
	defer cancel()
	first := starting(ctx, f, f.spec(f.Slow, "twin"))
	exist(t, f, "twin")
	agree(t, f, []<-chan result{first, starting(ctx, f, f.spec(f.Slow, "twin"))})
}

// adopted adopts an instance of the category.
func adopted(t T, f *Fixture, name string) runtime.Instance {
	t.Helper()
	ctx, cancel := f.soon(t)
	defer cancel()
	i, err := f.Provisioner.Adopt(ctx, f.spec(f.Category, name))
	if err != nil {
		t.Fatalf("adopt %s: %v", name, err)
	}
	isWarm(t, f, i, name)
	return i
}

func adoptNothingOf(t T, f *Fixture, name string) {
	t.Helper()
	ctx, cancel := f.soon(t)
	defer cancel()
	if _, err := f.Provisioner.Adopt(ctx, f.spec(f.Category, name)); !errors.Is(err, runtime.ErrGone) {
		t.Errorf("adopt %s: %v, want ErrGone", name, err)
	}
}

func adopt(t T, f *Fixture) {
	i := start(t, f, "one")
	same(t, i, adopted(t, f, "one"))
	second := adopted(t, f, "one")
	same(t, i, second)
	exist(t, f, "one")
	stop(t, f, "one")
	gone(t, f, i)
	gone(t, f, second)
}

func adoptNothing(t T, f *Fixture) {
	adoptNothingOf(t, f, "never-was")
	start(t, f, "one")
	adoptNothingOf(t, f, "other")
	stop(t, f, "one")
	adoptNothingOf(t, f, "one")
	exist(t, f)
}

func adoptLaunching(t T, f *Fixture) {
	need(t, f.Slow != "", "category whose launches take long")
	ctx, cancel := f.soon(t)
	defer cancel()
	began := time.Now()
	started := starting(ctx, f, f.spec(f.Slow, "slow"))
	exist(t, f, "slow")
	_, err := f.Provisioner.Adopt(ctx, f.spec(f.Slow, "slow"))
	if time.Since(began) < f.SlowTakes && !errors.Is(err, runtime.ErrGone) {
		t.Errorf("adopt one that is launching: %v, want ErrGone", err)
	}
	if r := await(t, f, "the start", started); r.err != nil {
		t.Errorf("somebody wanted to adopt it, and it fails: %v", r.err)
	}
	exist(t, f, "slow")
}
