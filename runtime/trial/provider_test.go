//go:build !race

package trial_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"shadowpool/runtime"
)

// provider makes instances that survive all servers.
type provider struct {
	world     *world
	instances map[string]*instance
	order     []string // that exist, as they were made
	broken    time.Time
	killed    map[string]bool // by the world
}

type instance struct {
	spec  runtime.InstanceSpec
	warm  bool
	lease []chan struct{} // Gone of those who accompany it
}

func newProvider(w *world) *provider {
	return &provider{world: w, instances: map[string]*instance{}, killed: map[string]bool{}}
}

// breakFor makes launches fail for a while.
func (p *provider) breakFor(d time.Duration) {
	p.world.note("launches fail for %v", d)
	p.broken = time.Now().Add(d)
}

// vanish takes an instance away.
func (p *provider) vanish() {
	if len(p.order) == 0 {
		return
	}
	name := p.order[p.world.rng.IntN(len(p.order))]
	p.world.note("instance %s vanishes", name)
	p.killed[name] = true
	p.remove(name)
}

func (p *provider) remove(name string) {
	i := p.instances[name]
	if i == nil {
		return
	}
	delete(p.instances, name)
	p.order = slices.DeleteFunc(p.order, func(n string) bool { return n == name })
	for _, gone := range i.lease {
		close(gone)
	}
}

// view is the provider as a server sees it.
type view struct{ *lifetime }

func (v view) Start(ctx context.Context, spec runtime.InstanceSpec) (made runtime.Instance, err error) {
	p, w := v.world.provider, v.world
	// The order, and then, a lead time later, what has become of it.
	w.wait(v.lifetime, "start", spec.Name, func(heard bool) {
		switch {
		case p.instances[spec.Name] != nil: // goes on with it
		case time.Now().Before(p.broken):
			err = fmt.Errorf("out of stock: %w", runtime.ErrNoCapacity)
			return
		default:
			p.instances[spec.Name] = &instance{spec: spec}
			p.order = append(p.order, spec.Name)
		}
		if !heard {
			err = errLost
		}
	}, func(e error) { err = e })
	if err != nil {
		return made, err
	}
	if v.pause(ctx) != nil {
		return made, errCrashed
	}
	w.wait(v.lifetime, "boot", spec.Name, func(heard bool) {
		i := p.instances[spec.Name]
		if i == nil {
			err = fmt.Errorf("it vanished while it launched: %w", runtime.ErrGone)
			return
		}
		i.warm = true
		made = p.accompany(spec.Name, i)
	}, func(e error) {
		if err = e; errors.Is(e, errFailed) && !errors.Is(context.Cause(ctx), runtime.ErrLeft) { // it cleared up
			p.remove(spec.Name)
		}
	})
	return made, err
}

func (p *provider) accompany(name string, i *instance) runtime.Instance {
	gone := make(chan struct{})
	i.lease = append(i.lease, gone)
	return runtime.Instance{Name: name, Address: "at-" + name, Gone: gone}
}

func (v view) Adopt(_ context.Context, spec runtime.InstanceSpec) (made runtime.Instance, err error) {
	p := v.world.provider
	v.world.wait(v.lifetime, "adopt", spec.Name, func(bool) {
		if i := p.instances[spec.Name]; i != nil && i.warm {
			made = p.accompany(spec.Name, i)
		} else {
			err = runtime.ErrGone
		}
	}, func(e error) { err = e })
	return made, err
}

func (v view) Stop(_ context.Context, name string) (err error) {
	p := v.world.provider
	v.world.wait(v.lifetime, "stop", name, func(bool) {
		v.world.books.Lock()
		defer v.world.books.Unlock()
		if c := v.world.holders[name]; c != nil && p.instances[name] != nil {
			v.world.failf("instance %s is ended while %s holds it", name, c.name)
		}
		p.remove(name)
	}, func(e error) { err = e })
	return err
}

func (v view) List(context.Context) (names []string, err error) {
	p := v.world.provider
	v.world.wait(v.lifetime, "list", "", func(bool) { names = slices.Sorted(maps.Keys(p.instances)) }, func(e error) { err = e })
	return names, err
}
