package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"shadowpool/runtime"
)

// A Provisioner makes instances of processes. It implements
// runtime.Provisioner.
type Provisioner struct {
	recipes map[string]recipe // by pool

	mu       sync.Mutex
	children map[string]*child
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
	p := &Provisioner{recipes: make(map[string]recipe), children: make(map[string]*child)}
	for _, name := range slices.Sorted(maps.Keys(pools)) {
		r, err := pools[name].recipe()
		if err != nil {
			return nil, fmt.Errorf("process provisioner: pool %q: %w", name, err)
		}
		p.recipes[name] = r
	}
	return p, nil
}

// Start implements runtime.Provisioner. The error of a launch that failed has
// the end of what the process wrote.
func (p *Provisioner) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	r, ok := p.recipes[spec.Pool]
	if !ok {
		return runtime.Instance{}, fmt.Errorf("nothing says what the processes of pool %q are", spec.Pool)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.StartTimeout, fmt.Errorf("not warm after %v", r.StartTimeout))
	defer cancel()
	if ctx.Err() != nil {
		return runtime.Instance{}, context.Cause(ctx)
	}
	environment := append(os.Environ(), r.Environment...)
	known := map[string]string{"SHADOWPOOL_INSTANCE": spec.Name, "SHADOWPOOL_CATEGORY": spec.Category}
	if spec.Zone != "" {
		known["SHADOWPOOL_ZONE"] = spec.Zone
	}
	if spec.Tenant != "" {
		known["SHADOWPOOL_TENANT"] = spec.Tenant
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		environment = append(environment, name+"="+known[name])
	}
	var port int
	command := r.Command
	if r.line == nil {
		var err error
		if port, err = freePort(); err != nil {
			return runtime.Instance{}, err
		}
		environment = append(environment, "SHADOWPOOL_PORT="+strconv.Itoa(port))
		command = slices.Clone(command)
		for i := range command {
			command[i] = strings.ReplaceAll(command[i], "{port}", strconv.Itoa(port))
		}
	}
	began := time.Now()
	c, err := p.launch(spec.Name, &r, command, append(slices.Clip(environment), r.agentEnvironment(spec)...))
	if err != nil {
		return runtime.Instance{}, err
	}
	address, err := r.await(ctx, c, spec.Name, port)
	launch, warmUp := time.Since(began), time.Duration(0)
	if err == nil && len(r.Warmup) > 0 {
		err = r.warmUp(ctx, c, append(environment, "SHADOWPOOL_ADDRESS="+address, "SHADOWPOOL_PID="+strconv.Itoa(c.pid())))
		warmUp = time.Since(began) - launch
	}
	if err != nil {
		_ = c.end(context.WithoutCancel(ctx), c.grace)
		if tail := c.output.tail(); tail != "" {
			err = fmt.Errorf("%w; it wrote last: %s", err, tail)
		}
		return runtime.Instance{}, err
	}
	known["SHADOWPOOL_ADDRESS"], known["SHADOWPOOL_PID"] = address, strconv.Itoa(c.pid())
	return runtime.Instance{
		Name: spec.Name, Address: address, PID: c.pid(), Gone: c.gone, Output: c.output.tail, CPU: c.cpu,
		Launch: launch, WarmUp: warmUp, Environment: known,
	}, nil
}

// launch starts a process and enters it in the books until it is gone.
func (p *Provisioner) launch(name string, r *recipe, command, environment []string) (*child, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.children[name] != nil {
		return nil, fmt.Errorf("instance %s exists already", name)
	}
	c := newChild(r, command, environment, r.line)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	p.children[name] = c
	go func() {
		c.reap()
		p.mu.Lock()
		delete(p.children, name)
		p.mu.Unlock()
		close(c.gone)
	}()
	return c, nil
}

// warmUp runs the warm-up command beside an instance that is ready.
func (r *recipe) warmUp(ctx context.Context, c *child, environment []string) error {
	w := newChild(r, r.Warmup, environment, nil)
	if err := w.cmd.Start(); err != nil {
		return fmt.Errorf("starting the warm-up command %s: %w", r.Warmup[0], err)
	}
	go func() {
		w.reap()
		close(w.gone)
	}()
	select {
	case <-w.gone:
		c.mu.Lock()
		c.warmUp = w.cpu()
		c.mu.Unlock()
		if w.err != nil {
			return fmt.Errorf("the warm-up command failed: %w; it wrote last: %s", w.err, w.output.tail())
		}
		return nil
	case <-c.gone:
		_ = w.end(context.WithoutCancel(ctx), w.grace)
		return errors.New("the process ended during its warm-up")
	case <-ctx.Done():
		_ = w.end(context.WithoutCancel(ctx), w.grace)
		return context.Cause(ctx)
	}
}

// Adopt implements runtime.Provisioner. Processes do not outlive their server.
func (p *Provisioner) Adopt(context.Context, runtime.InstanceSpec) (runtime.Instance, error) {
	return runtime.Instance{}, runtime.ErrGone
}

// Stop implements runtime.Provisioner.
func (p *Provisioner) Stop(ctx context.Context, name string) error {
	p.mu.Lock()
	c := p.children[name]
	p.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.end(ctx, c.grace)
}

// List implements runtime.Provisioner.
func (p *Provisioner) List(context.Context) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.children)), nil
}
