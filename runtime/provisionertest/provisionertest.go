// Package provisionertest has the tests that every runtime.Provisioner must
// pass.
package provisionertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"shadowpool/runtime"
)

// A Fixture is a provisioner under test and what the tests need of its world.
type Fixture struct {
	Provisioner runtime.Provisioner
	// Category is one whose launches succeed, Broken one whose launches fail.
	Category, Broken string
	// Kill ends an instance behind the provisioner's back.
	Kill func(runtime.Instance) error
}

// limit bounds every single wait of the tests.
const limit = 20 * time.Second

// Run runs the tests, each on a fixture of its own.
func Run(t *testing.T, fixture func(*testing.T) Fixture) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Fixture)
	}{
		{"start and stop", startAndStop},
		{"many at once", manyAtOnce},
		{"cancelled before its start", cancelledBefore},
		{"cancelled while it starts", cancelledWhile},
		{"a broken launch leaves nothing", broken},
		{"lost", lost},
		{"a name twice", twice},
		{"usage", usage},
		{"usage of those that end", usageAtEnd},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, fixture(t)) })
	}
}

func start(t *testing.T, f Fixture, name string) runtime.Instance {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	i, err := f.Provisioner.Start(ctx, runtime.InstanceSpec{Name: name, Pool: f.Category, Category: f.Category})
	if err != nil {
		t.Fatalf("start of %s: %v", name, err)
	}
	if i.Name != name {
		t.Errorf("asked for %s, got %s", name, i.Name)
	}
	select {
	case <-i.Gone:
		t.Errorf("%s is gone as soon as it is warm", name)
	default:
	}
	return i
}

func stop(t *testing.T, f Fixture, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if err := f.Provisioner.Stop(ctx, name); err != nil {
		t.Errorf("stop of %s: %v", name, err)
	}
}

func gone(t *testing.T, i runtime.Instance) {
	t.Helper()
	select {
	case <-i.Gone:
	case <-time.After(limit):
		t.Errorf("%s is not gone", i.Name)
	}
}

// exist waits until exactly the named instances exist.
func exist(t *testing.T, f Fixture, names ...string) {
	t.Helper()
	var listed []string
	var err error
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		if listed, err = f.Provisioner.List(t.Context()); err == nil && slices.Equal(listed, names) {
			return
		}
		select { // ask again
		case <-time.After(5 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
	t.Errorf("%q exist (%v), want %q", listed, err, names)
}

func startAndStop(t *testing.T, f Fixture) {
	exist(t, f)
	i := start(t, f, "one-1")
	exist(t, f, "one-1")
	stop(t, f, "one-1")
	gone(t, i)
	exist(t, f)
	stop(t, f, "one-1")
	stop(t, f, "never-was")
}

func manyAtOnce(t *testing.T, f Fixture) {
	var names []string
	var all sync.WaitGroup
	for n := range 6 {
		name := fmt.Sprintf("many-%d", n)
		names = append(names, name)
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if _, err := f.Provisioner.Start(ctx, runtime.InstanceSpec{Name: name, Pool: f.Category, Category: f.Category}); err != nil {
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

func cancelledBefore(t *testing.T, f Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Provisioner.Start(ctx, runtime.InstanceSpec{Name: "late-1", Pool: f.Category, Category: f.Category}); err == nil {
		t.Error("a cancelled start succeeded")
	}
	exist(t, f)
}

func cancelledWhile(t *testing.T, f Fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := f.Provisioner.Start(ctx, runtime.InstanceSpec{Name: "slow-1", Pool: f.Category, Category: f.Category})
		ended <- err
	}()
	exist(t, f, "slow-1")
	cancel()
	// It may just have become warm: then it is there, and can be stopped.
	if err := <-ended; err == nil {
		stop(t, f, "slow-1")
	}
	exist(t, f)
}

func broken(t *testing.T, f Fixture) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if _, err := f.Provisioner.Start(ctx, runtime.InstanceSpec{Name: "broken-1", Pool: f.Broken, Category: f.Broken}); err == nil {
		t.Error("a broken launch succeeded")
	} else if ctx.Err() != nil {
		t.Errorf("a broken launch was not noticed: %v", err)
	}
	exist(t, f)
}

func lost(t *testing.T, f Fixture) {
	i := start(t, f, "lost-1")
	if err := f.Kill(i); err != nil {
		t.Fatal(err)
	}
	gone(t, i)
	exist(t, f)
	stop(t, f, "lost-1")
}

func twice(t *testing.T, f Fixture) {
	start(t, f, "twin-1")
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if _, err := f.Provisioner.Start(ctx, runtime.InstanceSpec{Name: "twin-1", Pool: f.Category, Category: f.Category}); err == nil {
		t.Error("two instances have one name")
	}
	exist(t, f, "twin-1")
	stop(t, f, "twin-1")
}
