package provisionertest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
)

func startAndStop(t T, f *Fixture) {
	exist(t, f)
	i := start(t, f, "one")
	exist(t, f, "one")
	stop(t, f, "one")
	gone(t, f, i)
	exist(t, f)
	stop(t, f, "one")
	stop(t, f, "never-was")
}

func manyAtOnce(t T, f *Fixture) {
	var names []string
	var all sync.WaitGroup
	for n := range 6 {
		name := label("many", n)
		names = append(names, name)
		all.Go(func() {
			ctx, cancel := f.soon(t)
			defer cancel()
			if _, err := f.Provisioner.Start(ctx, f.spec(f.Category, name)); err != nil {
				t.Errorf("start of %s: %v", name, err)
			}
		})
	}
	all.Wait()
	exist(t, f, names...)
	for _, name := range names {
		all.Go(func() { stop(t, f, name) })
	}
	all.Wait()
	exist(t, f)
}

func cancelledBefore(t T, f *Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Provisioner.Start(ctx, f.spec(f.Category, "late")); err == nil {
		t.Errorf("a cancelled start succeeded")
	}
	exist(t, f)
}

func cancelledWhile(t T, f *Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	started := starting(ctx, f, f.spec(f.Category, "slow"))
	exist(t, f, "slow")
	cancel()
	// It may just have become warm: then it is there, and can be stopped.
	if r := await(t, f, "a cancelled start", started); r.err == nil {
		stop(t, f, "slow")
	}
	exist(t, f)
}

func broken(t T, f *Fixture) {
	need(t, f.Broken != "", "category whose launches fail")
	ctx, cancel := f.soon(t)
	defer cancel()
	if _, err := f.Provisioner.Start(ctx, f.spec(f.Broken, "broken")); err == nil {
		t.Errorf("a broken launch succeeded")
	} else if ctx.Err() != nil {
		t.Errorf("a broken launch was not noticed: %v", err)
	}
	exist(t, f)
}

func refused(t T, f *Fixture) {
	need(t, len(f.Refused) > 0, "category whose launches are refused")
	for _, category := range slices.Sorted(maps.Keys(f.Refused)) {
		ctx, cancel := f.soon(t)
		_, err := f.Provisioner.Start(ctx, f.spec(category, "refused"))
		cancel()
		if want := f.Refused[category]; !errors.Is(err, want) {
			t.Errorf("a launch of %s: %v, want what wraps: %v", category, err, want)
		}
		exist(t, f)
	}
}

func lost(t T, f *Fixture) {
	need(t, f.Kill != nil, "way to kill an instance")
	i := start(t, f, "lost")
	if err := f.Kill(i); err != nil {
		t.Fatalf("%v", err)
	}
	gone(t, f, i)
	exist(t, f)
	stop(t, f, "lost")
	again := start(t, f, "lost")
	stop(t, f, "lost")
	gone(t, f, again)
}

func stoppedWhile(t T, f *Fixture) {
	need(t, f.Slow != "", "category whose launches take long")
	ctx, cancel := f.soon(t)
	defer cancel()
	started := starting(ctx, f, f.spec(f.Slow, "slow"))
	exist(t, f, "slow")
	stop(t, f, "slow")
	if r := await(t, f, "the start of one that is stopped", started); r.err == nil {
		gone(t, f, r.instance)
	}
	exist(t, f)
}
