package virtual

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"shadowpool/runtime"
)

// A Provisioner makes instances that are not there. It implements
// runtime.Provisioner.
type Provisioner struct {
	launch  Launch
	world   *world
	crashed chan struct{}
}

// A world is the instances, which outlive their provisioner.
type world struct {
	mu        sync.Mutex
	instances map[string]*instance
}

type instance struct {
	runtime.Instance
	warm    time.Time
	err     error         // the launch fails with it at that time
	gone    chan struct{} // closed when it exists no more
	waiting int           // Starts
}

// New makes a provisioner without instances.
func New(launch Launch) *Provisioner {
	return &Provisioner{launch: launch, world: &world{instances: make(map[string]*instance)}, crashed: make(chan struct{})}
}

// Restart makes another provisioner of the same instances, as after a crash of
// the server: the one before does no more, and its Starts that are in progress
// fail, but what they have ordered gets warm. To be called once.
func (p *Provisioner) Restart() *Provisioner {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	for _, i := range p.world.instances {
		i.waiting = 0
	}
	close(p.crashed)
	return &Provisioner{launch: p.launch, world: p.world, crashed: make(chan struct{})}
}

var errCrashed = errors.New("the provisioner was restarted")

// Start implements runtime.Provisioner.
func (p *Provisioner) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	i, err := p.order(ctx, spec)
	if err != nil {
		return runtime.Instance{}, err
	}
	var ended error
	if wait := time.Until(i.warm); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-i.gone:
		case <-ctx.Done():
			ended = context.Cause(ctx)
		case <-p.crashed:
		}
	}
	return p.started(i, ended)
}

// order finds the instance of a name, or makes it.
func (p *Provisioner) order(ctx context.Context, spec runtime.InstanceSpec) (*instance, error) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	if err := p.over(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	i := p.world.instances[spec.Name]
	if i == nil {
		lead, err := p.launch(spec)
		now, gone := time.Now(), make(chan struct{})
		i = &instance{
			Instance: runtime.Instance{Name: spec.Name, Address: "virtual:" + spec.Name, Launch: lead, Gone: gone},
			warm:     now.Add(lead), err: err, gone: gone,
		}
		p.world.instances[spec.Name] = i
	}
	i.waiting++
	return i, nil
}

// started is what a Start returns that need not wait any more, or whose context
// has ended.
func (p *Provisioner) started(i *instance, ended error) (runtime.Instance, error) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	if err := p.over(); err != nil {
		return runtime.Instance{}, err
	}
	i.waiting--
	switch {
	case p.world.instances[i.Name] != i:
		if i.err != nil {
			return runtime.Instance{}, i.err // another Start was told first
		}
		return runtime.Instance{}, fmt.Errorf("instance %s was ended: %w", i.Name, runtime.ErrGone)
	case ended != nil:
		if i.waiting == 0 {
			p.world.end(i)
		}
		return runtime.Instance{}, ended
	case i.err != nil:
		p.world.end(i)
		return runtime.Instance{}, i.err
	}
	return i.Instance, nil
}

// over tells whether another provisioner has taken over.
func (p *Provisioner) over() error {
	select {
	case <-p.crashed:
		return errCrashed
	default:
		return nil
	}
}

func (w *world) end(i *instance) {
	delete(w.instances, i.Name)
	close(i.gone)
}

// Adopt implements runtime.Provisioner.
func (p *Provisioner) Adopt(_ context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	if err := p.over(); err != nil {
		return runtime.Instance{}, err
	}
	i := p.world.instances[spec.Name]
	if i == nil || i.err != nil || time.Now().Before(i.warm) {
		return runtime.Instance{}, fmt.Errorf("instance %s: %w", spec.Name, runtime.ErrGone)
	}
	return i.Instance, nil
}

// Stop implements runtime.Provisioner.
func (p *Provisioner) Stop(_ context.Context, name string) error {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	if err := p.over(); err != nil {
		return err
	}
	if i := p.world.instances[name]; i != nil {
		p.world.end(i)
	}
	return nil
}

// List implements runtime.Provisioner.
func (p *Provisioner) List(context.Context) ([]string, error) {
	p.world.mu.Lock()
	defer p.world.mu.Unlock()
	if err := p.over(); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(p.world.instances)), nil
}
