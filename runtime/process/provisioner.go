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

	"shadowpool/runtime"
)

// A Provisioner makes instances of processes. It implements
// runtime.Provisioner.
type Provisioner struct {
	config Config
	line   *regexp.Regexp

	mu       sync.Mutex
	children map[string]*child
}

// New makes a provisioner. The error names what is impossible in the
// configuration; whether the command exists shows at the first launch.
func New(config Config) (*Provisioner, error) {
	line, err := config.validate()
	if err != nil {
		return nil, err
	}
	return &Provisioner{config: config, line: line, children: make(map[string]*child)}, nil
}

// Start implements runtime.Provisioner. The error of a launch that failed has
// the end of what the process wrote.
func (p *Provisioner) Start(ctx context.Context, spec runtime.InstanceSpec) (runtime.Instance, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.config.StartTimeout, fmt.Errorf("not warm after %v", p.config.StartTimeout))
	defer cancel()
	if ctx.Err() != nil {
		return runtime.Instance{}, context.Cause(ctx)
	}
	environment := append(os.Environ(), p.config.Environment...)
	environment = append(environment, "SHADOWPOOL_INSTANCE="+spec.Name, "SHADOWPOOL_CATEGORY="+spec.Category)
	var port int
	command := p.config.Command
	if p.line == nil {
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
	c, err := p.launch(spec.Name, command, environment)
	if err != nil {
		return runtime.Instance{}, err
	}
	address, err := p.await(ctx, c, port)
	if err == nil && len(p.config.Warmup) > 0 {
		err = p.warmUp(ctx, c, append(environment, "SHADOWPOOL_ADDRESS="+address, "SHADOWPOOL_PID="+strconv.Itoa(c.pid())))
	}
	if err != nil {
		c.end(context.WithoutCancel(ctx), p.config.Grace)
		if tail := c.output.tail(); tail != "" {
			err = fmt.Errorf("%w; it wrote last: %s", err, tail)
		}
		return runtime.Instance{}, err
	}
	return runtime.Instance{
		Name: spec.Name, Address: address, PID: c.pid(), Gone: c.gone,
		Environment: map[string]string{
			"SHADOWPOOL_INSTANCE": spec.Name, "SHADOWPOOL_CATEGORY": spec.Category,
			"SHADOWPOOL_ADDRESS": address, "SHADOWPOOL_PID": strconv.Itoa(c.pid()),
		},
	}, nil
}

// launch starts a process and enters it in the books until it is gone.
func (p *Provisioner) launch(name string, command, environment []string) (*child, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.children[name] != nil {
		return nil, fmt.Errorf("instance %s exists already", name)
	}
	c := newChild(command, environment, p.config.Dir, p.line)
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
func (p *Provisioner) warmUp(ctx context.Context, c *child, environment []string) error {
	w := newChild(p.config.Warmup, environment, p.config.Dir, nil)
	if err := w.cmd.Start(); err != nil {
		return fmt.Errorf("starting the warm-up command %s: %w", p.config.Warmup[0], err)
	}
	go func() {
		w.reap()
		close(w.gone)
	}()
	select {
	case <-w.gone:
		if w.err != nil {
			return fmt.Errorf("the warm-up command failed: %w; it wrote last: %s", w.err, w.output.tail())
		}
		return nil
	case <-c.gone:
		w.end(context.WithoutCancel(ctx), p.config.Grace)
		return errors.New("the process ended during its warm-up")
	case <-ctx.Done():
		w.end(context.WithoutCancel(ctx), p.config.Grace)
		return context.Cause(ctx)
	}
}

// Stop implements runtime.Provisioner.
func (p *Provisioner) Stop(ctx context.Context, name string) error {
	p.mu.Lock()
	c := p.children[name]
	p.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.end(ctx, p.config.Grace)
}

// List implements runtime.Provisioner.
func (p *Provisioner) List(context.Context) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.children)), nil
}
