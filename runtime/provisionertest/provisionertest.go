// Package provisionertest has the tests that every runtime.Provisioner must
// pass: Run them under go test, or Check a provisioner that is running
// elsewhere.
package provisionertest

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/runtime"
)

// A Fixture is a provisioner under test, of a pool with nothing in it, and what
// the tests need of its world. A test whose fields are not set is skipped.
type Fixture struct {
	Provisioner runtime.Provisioner
	// Category is one whose launches succeed, Broken one whose launches fail.
	Category, Broken string
	// Slow is one whose launches succeed after SlowTakes or more: long enough
	// to look at one that is on its way.
	Slow      string
	SlowTakes time.Duration
	// Refused are categories whose launches the provider refuses, by the error
	// that then has to be found in what Start returns.
	Refused map[string]error
	// Restart makes another provisioner of the same instances, as a server does
	// that is started again after a crash: the one before does nothing any
	// more, and its Starts in progress return with an error, without any
	// clearing up, or not at all.
	Restart func() (runtime.Provisioner, error)
	// Kill ends an instance behind the provisioner's back.
	Kill func(runtime.Instance) error
	// Left names what is left in the world of this pool's instances, whether or
	// not the provisioner knows of it.
	Left func() ([]string, error)
	// Limit bounds every single wait of the tests; zero is 20 s.
	Limit time.Duration

	run string // names the instances of this fixture
}

// A Test is a test of the suite.
type Test struct {
	Name string
	run  func(T, *Fixture)
}

// Run runs the test.
func (test Test) Run(t T, f Fixture) {
	if f.Limit == 0 {
		f.Limit = 20 * time.Second
	}
	// A provider may remember a name for days.
	f.run = "t" + strings.ToLower(rand.Text()[:8])
	defer clear(t, &f)
	test.run(t, &f)
}

// Tests are the suite's, each of which needs a fixture of its own.
func Tests() []Test {
	return []Test{
		{"start and stop", startAndStop},
		{"many at once", manyAtOnce},
		{"cancelled before its start", cancelledBefore},
		{"cancelled while it starts", cancelledWhile},
		{"a broken launch leaves nothing", broken},
		{"a refusal says why", refused},
		{"lost", lost},
		{"a name twice makes no other", twice},
		{"a name twice at one time makes no other", twiceAtOnce},
		{"the name of one that is launching makes no other", twiceWhile},
		{"stopped while it starts", stoppedWhile},
		{"adopt", adopt},
		{"nothing to adopt", adoptNothing},
		{"one that is launching is not adopted", adoptLaunching},
		{"adopted after a restart", adoptAfter},
		{"started again after a restart", startAfter},
		{"stopped after a restart", stopAfter},
		{"lost after a restart", lostAfter},
		{"a launch that was cut off goes on", cutOff},
		{"a launch that was cut off is stopped", cutOffStopped},
		{"usage", usage},
		{"usage of those that end", usageAtEnd},
		{"usage after a restart", usageAfter},
	}
}

// Run runs the tests.
func Run(t *testing.T, fixture func(*testing.T) Fixture) {
	for _, test := range Tests() {
		t.Run(test.Name, func(t *testing.T) { test.Run(t, fixture(t)) })
	}
}

// name is an instance's, in the order of the alphabet.
func (f *Fixture) name(short string) string { return f.run + "-" + short }

func (f *Fixture) spec(category, name string) runtime.InstanceSpec {
	return runtime.InstanceSpec{Name: f.name(name), Pool: category, Category: category}
}

// soon is a context that ends when the patience of the tests does.
func (f *Fixture) soon(t T) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.Context()), f.Limit)
}

func start(t T, f *Fixture, name string) runtime.Instance {
	t.Helper()
	ctx, cancel := f.soon(t)
	defer cancel()
	i, err := f.Provisioner.Start(ctx, f.spec(f.Category, name))
	if err != nil {
		t.Fatalf("start of %s: %v", name, err)
	}
	isWarm(t, f, i, name)
	return i
}

func isWarm(t T, f *Fixture, i runtime.Instance, name string) {
	t.Helper()
	if i.Name != f.name(name) {
		t.Errorf("asked for %s, got %s", f.name(name), i.Name)
	}
	if i.Gone == nil {
		t.Errorf("%s does not tell when it is gone", name)
	}
	select {
	case <-i.Gone:
		t.Errorf("%s is gone as soon as it is warm", name)
	default:
	}
}

// same checks that two answers are about one instance.
func same(t T, a, b runtime.Instance) {
	t.Helper()
	if a.Name != b.Name || a.Address != b.Address || a.PID != b.PID {
		t.Errorf("%s at %q, process %d, and %s at %q, process %d, should be one", a.Name, a.Address, a.PID, b.Name, b.Address, b.PID)
	}
}

func stop(t T, f *Fixture, name string) {
	t.Helper()
	ctx, cancel := f.soon(t)
	defer cancel()
	if err := f.Provisioner.Stop(ctx, f.name(name)); err != nil {
		t.Errorf("stop of %s: %v", name, err)
	}
}

func gone(t T, f *Fixture, i runtime.Instance) {
	t.Helper()
	select {
	case <-i.Gone:
	case <-time.After(f.Limit):
		t.Errorf("%s is not gone", i.Name)
	}
}

// exist waits until exactly the named instances exist.
func exist(t T, f *Fixture, names ...string) {
	t.Helper()
	ctx, cancel := f.soon(t)
	defer cancel()
	var want []string
	for _, n := range names {
		want = append(want, f.name(n))
	}
	ticker := time.NewTicker(max(f.Limit/4000, time.Millisecond))
	defer ticker.Stop()
	var listed []string
	var err error
	for {
		if listed, err = f.Provisioner.List(ctx); err == nil && slices.Equal(listed, want) {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Errorf("%q exist (%v), want %q", listed, err, want)
			return
		}
	}
}

// clear ends what a test has left, and looks whether anything is left then.
func clear(t T, f *Fixture) {
	t.Helper()
	ctx, cancel := f.soon(t)
	defer cancel()
	names, err := f.Provisioner.List(ctx)
	if err != nil {
		t.Errorf("list: %v", err)
	}
	for _, n := range names {
		if err := f.Provisioner.Stop(ctx, n); err != nil {
			t.Errorf("stop of %s: %v", n, err)
		}
	}
	exist(t, f)
	if f.Left == nil {
		return
	}
	if left, err := f.Left(); err != nil || len(left) > 0 {
		t.Errorf("all was stopped, and there are still %v, %v", left, err)
	}
}

// result is what a Start has returned.
type result struct {
	instance runtime.Instance
	err      error
}

// starting lets the fixture's provisioner start an instance.
func starting(ctx context.Context, f *Fixture, spec runtime.InstanceSpec) <-chan result {
	ended := make(chan result, 1)
	go func() {
		i, err := f.Provisioner.Start(ctx, spec)
		ended <- result{i, err}
	}()
	return ended
}

func await(t T, f *Fixture, what string, started <-chan result) result {
	t.Helper()
	select {
	case r := <-started:
		return r
	case <-time.After(f.Limit):
		t.Fatalf("%s does not return", what)
		return result{}
	}
}

// need skips a test that lacks something of its fixture.
func need(t T, has bool, what string) {
	t.Helper()
	if !has {
		t.Skipf("the fixture has no %s", what)
	}
}

// label tells one of several apart.
func label(name string, n int) string { return fmt.Sprintf("%s-%d", name, n) }
