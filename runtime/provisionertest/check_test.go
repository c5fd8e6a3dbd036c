package provisionertest_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/provisionertest"
	"shadowpool/runtime/virtual"
)

// good is the provisioner that the broken ones are made of.
func good() *virtual.Provisioner {
	return virtual.New(func(spec runtime.InstanceSpec) (time.Duration, error) {
		switch spec.Category {
		case "broken":
			return 0, fmt.Errorf("the image is not there")
		case "full":
			return 0, fmt.Errorf("zone a: %w", runtime.ErrNoCapacity)
		}
		return 50 * time.Millisecond, nil
	})
}

// renaming makes a new instance for each Start.
type renaming struct {
	*virtual.Provisioner
	starts *atomic.Int64
}

func (r renaming) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	name := spec.Name
	if n := r.starts.Add(1); n > 1 {
		spec.Name += fmt.Sprint("-", n)
	}
	i, err := r.Provisioner.Start(ctx, spec)
	i.Name = name
	return i, err
}

// hiding does not list what it has not started itself.
type hiding struct{ *virtual.Provisioner }

func (hiding) List(context.Context) ([]string, error) { return nil, nil }

// forgetful adopts nothing.
type forgetful struct{ *virtual.Provisioner }

func (forgetful) Adopt(context.Context, runtime.InstanceSpec) (runtime.Instance, error) {
	return runtime.Instance{}, runtime.ErrGone
}

// eager adopts everything.
type eager struct{ *virtual.Provisioner }

func (e eager) Adopt(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	i, err := e.Provisioner.Adopt(ctx, spec)
	if err != nil {
		return runtime.Instance{Name: spec.Name, Gone: make(chan struct{})}, nil
	}
	return i, nil
}

// mute does not say why it refuses.
type mute struct{ *virtual.Provisioner }

func (m mute) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	i, err := m.Provisioner.Start(ctx, spec)
	if err != nil {
		err = fmt.Errorf("no: %v", err)
	}
	return i, err
}

// leaky ends nothing.
type leaky struct{ *virtual.Provisioner }

func (leaky) Stop(context.Context, string) error { return nil }

// TestCheck: the suite passes what is right and notices what is not.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		before func(*virtual.Provisioner) runtime.Provisioner // the restart
		after  func(*virtual.Provisioner) runtime.Provisioner
		fails  []string // these, and maybe more
	}{
		{name: "good"},
		{name: "renaming", before: func(p *virtual.Provisioner) runtime.Provisioner { return renaming{p, new(atomic.Int64)} },
			fails: []string{"a name twice makes no other", "a name twice at one time makes no other", "the name of one that is launching makes no other"}},
		{name: "hiding", after: func(p *virtual.Provisioner) runtime.Provisioner { return hiding{p} },
			fails: []string{"adopted after a restart", "a launch that was cut off goes on"}},
		{name: "forgetful", after: func(p *virtual.Provisioner) runtime.Provisioner { return forgetful{p} },
			fails: []string{"adopted after a restart", "lost after a restart"}},
		{name: "eager", before: func(p *virtual.Provisioner) runtime.Provisioner { return eager{p} },
			fails: []string{"nothing to adopt", "one that is launching is not adopted"}},
		{name: "mute", before: func(p *virtual.Provisioner) runtime.Provisioner { return mute{p} },
			fails: []string{"a refusal says why"}},
		{name: "leaky", before: func(p *virtual.Provisioner) runtime.Provisioner { return leaky{p} },
			fails: []string{"start and stop", "stopped while it starts"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			limit := 100 * time.Millisecond // each failure takes as long
			if tt.name == "good" {
				limit = 20 * time.Second
			}
			var failed []string
			tests := 0
			err := provisionertest.Check(t.Context(), func() (provisionertest.Fixture, error) {
				p := good()
				f := provisionertest.Fixture{
					Provisioner: p, Category: "x", Broken: "broken", Slow: "x", SlowTakes: 50 * time.Millisecond, Limit: limit,
					Refused: map[string]error{"full": runtime.ErrNoCapacity},
					Kill:    func(i runtime.Instance) error { return p.Stop(context.Background(), i.Name) },
					Left:    func() ([]string, error) { return p.List(context.Background()) },
				}
				if tt.before != nil {
					f.Provisioner = tt.before(p)
				}
				f.Restart = func() (runtime.Provisioner, error) {
					if p = p.Restart(); tt.after != nil {
						return tt.after(p), nil
					}
					return p, nil
				}
				return f, nil
			}, func(r provisionertest.Result) {
				tests++
				if len(r.Failures) > 0 {
					failed = append(failed, r.Test)
				}
			})
			if err != nil || tests != len(provisionertest.Tests()) {
				t.Errorf("%d of %d tests were run, %v", tests, len(provisionertest.Tests()), err)
			}
			if tt.fails == nil && len(failed) > 0 {
				t.Errorf("it fails %q", failed)
			}
			for _, name := range tt.fails {
				if !slices.Contains(failed, name) {
					t.Errorf("it fails %q, want also %q", failed, name)
				}
			}
		})
	}
}
