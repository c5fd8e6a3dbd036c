package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"shadowpool/runtime"
)

// A Provisioner makes instances of processes. It implements
// runtime.Provisioner.
type Provisioner struct {
	state *state // nil where instances die with their server

	mu        sync.Mutex
	recipes   map[string]recipe    // by pool
	instances map[string]*instance // from the order until nothing is left
	closed    bool
}

// An instance is what is known of one; the provisioner's mutex guards it.
type instance struct {
	record
	launch *launch           // in progress
	child  *child            // nil until its process has been started
	warm   *runtime.Instance // nil until it is
	ending bool              // is being stopped
}

// A recipe is a checked Config.
type recipe struct {
	Config
	line *regexp.Regexp
}

// New makes a provisioner of the processes of some pools. The error
// names what is impossible in a configuration; whether a command exists shows
// at its first launch.
func New(pools map[string]Config) (*Provisioner, error) {
	p := &Provisioner{recipes: make(map[string]recipe), instances: make(map[string]*instance)}
	if err := p.Configure(pools); err != nil {
		return nil, err
	}
	return p, nil
}

// Configure makes other processes of pools from the next launch on, and knows
// further ones. Where it returns an error nothing has changed.
func (p *Provisioner) Configure(pools map[string]Config) error {
	recipes := make(map[string]recipe)
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		r, err := pools[name].recipe()
		if err != nil {
			return fmt.Errorf("process provisioner: pool %q: %w", name, err)
		}
		recipes[name] = r
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.recipes, recipes)
	return nil
}

// recipe is that of a pool.
func (p *Provisioner) recipe(pool string) (recipe, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.recipes[pool]
	return r, ok
}

// errClosed is what a provisioner answers that has been closed.
var errClosed = errors.New("the process provisioner is closed")

// Close lets go of the state folder of Open, and leaves the instances alone, in
// whatever state they are: another server may go on with them. A Start that is
// in progress fails. Without a state folder it does nothing.
func (p *Provisioner) Close() error {
	if p.state == nil {
		return nil
	}
	p.mu.Lock()
	p.closed = true
	var launches []*launch
	for _, i := range p.instances {
		if i.launch != nil {
			i.launch.cancel(errClosed)
			launches = append(launches, i.launch)
		}
	}
	p.mu.Unlock()
	for _, l := range launches {
		<-l.done
	}
	return p.state.close()
}

// Start implements runtime.Provisioner. The error of a launch that failed has
// the end of what the process wrote.
func (p *Provisioner) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	r, ok := p.recipe(spec.Pool)
	if !ok {
		return runtime.Instance{}, fmt.Errorf("nothing says what the processes of pool %q are", spec.Pool)
	}
	if err := p.state.allows(spec.Name); err != nil {
		return runtime.Instance{}, err
	}
	for {
		if ctx.Err() != nil {
			return runtime.Instance{}, context.Cause(ctx)
		}
		warm, l, err := p.join(&r, spec)
		switch {
		case err != nil:
			return runtime.Instance{}, err
		case warm != nil:
			return *warm, nil
		case l != nil:
			// If its last Start went away before this one came, try again.
			if i, err := p.wait(ctx, l); !errors.Is(err, errAbandoned) || ctx.Err() != nil {
				return i, err
			}
			continue
		}
		// One of the name is on its way out, or cannot go on.
		if err := p.Stop(ctx, spec.Name); err != nil {
			return runtime.Instance{}, err
		}
	}
}

// join finds the instance of a name, if it is warm, or joins its launch, which
// it may begin. It returns neither if the one of the name has to go first.
func (p *Provisioner) join(r *recipe, spec runtime.InstanceSpec) (*runtime.Instance, *launch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, errClosed
	}
	i := p.instances[spec.Name]
	switch {
	case i == nil:
		i = &instance{record: record{Name: spec.Name, Pool: spec.Pool, Grace: r.Grace}}
		p.instances[spec.Name] = i
		p.begin(i, r, spec)
	case i.ending || i.child != nil && i.child.ended():
		return nil, nil, nil
	case i.warm != nil:
		return i.warm, nil, nil
	case i.launch != nil:
	case i.child != nil && i.Stage == launching && i.Pool == spec.Pool:
		p.begin(i, r, spec) // its server ended before it was ready
	default:
		// It ended during the warm-up command, which may not be meant to be
		// run twice.
		return nil, nil, nil
	}
	i.launch.waiting++
	return nil, i.launch, nil
}

// Adopt implements runtime.Provisioner.
func (p *Provisioner) Adopt(_ context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return runtime.Instance{}, errClosed
	}
	i := p.instances[spec.Name]
	if i == nil || i.warm == nil || i.ending || i.child.ended() {
		return runtime.Instance{}, fmt.Errorf("instance %s: %w", spec.Name, runtime.ErrGone)
	}
	return *i.warm, nil
}

// Stop implements runtime.Provisioner.
func (p *Provisioner) Stop(ctx context.Context, name string) error {
	p.mu.Lock()
	i := p.instances[name]
	if p.closed || i == nil {
		defer p.mu.Unlock()
		if p.closed {
			return errClosed
		}
		return nil
	}
	i.ending = true
	l := i.launch
	if l != nil {
		l.cancel(errors.New("it was stopped"))
	}
	p.mu.Unlock()
	if l != nil {
		select {
		case <-l.done:
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	c := i.child
	p.mu.Unlock()
	if c == nil {
		return context.Cause(ctx) // nothing was started
	}
	return c.end(ctx, c.grace)
}

// List implements runtime.Provisioner.
func (p *Provisioner) List(context.Context) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	return slices.Sorted(maps.Keys(p.instances)), nil
}

// accompany waits for the end of an instance's process, and forgets it.
func (p *Provisioner) accompany(i *instance, c *child) {
	c.err = c.reap()
	p.state.forget(i.Name, c.output)
	p.mu.Lock()
	delete(p.instances, i.Name)
	p.mu.Unlock()
	close(c.gone)
}
