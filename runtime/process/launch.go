package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"shadowpool/runtime"
)

// A launch is what brings an instance from its order, or from where an earlier
// server has left it, until it is warm. All Starts of the instance wait for it;
// when the last of them waits no more, it is cancelled.
type launch struct {
	cancel   context.CancelCauseFunc
	waiting  int           // Starts; the provisioner's mutex guards it
	done     chan struct{} // closed when what follows is there
	instance runtime.Instance
	err      error
}

var errAbandoned = errors.New("nobody waits for the launch any more")

// begin begins the launch of an instance; the provisioner is locked.
func (p *Provisioner) begin(i *instance, r *recipe, spec runtime.InstanceSpec) {
	ctx, cancel := context.WithCancelCause(context.Background())
	l := &launch{cancel: cancel, done: make(chan struct{})}
	i.launch = l
	go func() {
		defer close(l.done)
		defer cancel(nil)
		l.instance, l.err = p.bring(ctx, i, r, spec)
		p.mu.Lock()
		defer p.mu.Unlock()
		i.launch = nil
		if l.err == nil {
			i.warm = &l.instance
		} else if i.child == nil {
			delete(p.instances, i.Name)
		}
	}()
}

// wait waits for a launch that was joined.
func (p *Provisioner) wait(ctx context.Context, l *launch) (runtime.Instance, error) {
	select {
	case <-l.done:
		return l.instance, l.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	l.waiting--
	last := l.waiting == 0
	p.mu.Unlock()
	if !last {
		return runtime.Instance{}, context.Cause(ctx)
	}
	l.cancel(fmt.Errorf("%w: %w", errAbandoned, context.Cause(ctx)))
	<-l.done // it may just have become warm
	return l.instance, l.err
}

// bring makes an instance warm. When it fails it leaves nothing behind, unless
// the provisioner was closed.
func (p *Provisioner) bring(ctx context.Context, i *instance, r *recipe, spec runtime.InstanceSpec) (runtime.Instance, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.StartTimeout, fmt.Errorf("not warm after %v", r.StartTimeout))
	defer cancel()
	known := map[string]string{"SHADOWPOOL_INSTANCE": spec.Name, "SHADOWPOOL_CATEGORY": spec.Category}
	if spec.Zone != "" {
		known["SHADOWPOOL_ZONE"] = spec.Zone
	}
	if spec.Tenant != "" {
		known["SHADOWPOOL_TENANT"] = spec.Tenant
	}
	c := i.child
	if c == nil {
		var err error
		if c, err = p.spawn(i, r, known); err != nil {
			return runtime.Instance{}, err
		}
	}
	err := p.warm(ctx, i, c, r, known)
	switch {
	case errors.Is(err, errClosed):
		return runtime.Instance{}, err
	case err != nil:
		_ = c.end(context.WithoutCancel(ctx), c.grace)
		if tail := c.output.tail(); tail != "" {
			err = fmt.Errorf("%w; it wrote last: %s", err, tail)
		}
		return runtime.Instance{}, err
	}
	return i.found(c), nil
}

// found is the instance of a warm one.
func (r *record) found(c *child) runtime.Instance {
	return runtime.Instance{
		Name: r.Name, Address: r.Address, PID: c.pid(), Gone: c.gone, Output: c.output.tail, CPU: c.cpu,
		Launch: r.Launch, WarmUp: r.WarmUp, Environment: r.Environment,
	}
}

// environment is what an instance's processes find.
func (p *Provisioner) environment(i *instance, r *recipe, known map[string]string) []string {
	all := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, poolID+"=") })
	all = append(all, r.Environment...)
	for _, name := range slices.Sorted(maps.Keys(known)) {
		all = append(all, name+"="+known[name])
	}
	if i.Port != 0 {
		all = append(all, "SHADOWPOOL_PORT="+strconv.Itoa(i.Port))
	}
	return p.state.mark(all)
}

// spawn starts the process of an instance.
func (p *Provisioner) spawn(i *instance, r *recipe, known map[string]string) (*child, error) {
	command := slices.Clone(r.Command)
	if r.line == nil {
		if err := p.reserve(i); err != nil {
			return nil, err
		}
		for n := range command {
			command[n] = strings.ReplaceAll(command[n], "{port}", strconv.Itoa(i.Port))
		}
	}
	environment := p.environment(i, r, known)
	environment = append(environment, r.agentEnvironment(runtime.InstanceSpec{
		Name: i.Name, Pool: i.Pool, Category: known["SHADOWPOOL_CATEGORY"], Zone: known["SHADOWPOOL_ZONE"], Tenant: known["SHADOWPOOL_TENANT"],
	})...)
	c := prepare(r, command, environment, newOutput(r.line))
	i.Began = time.Now()
	err := p.state.start(&i.record, c)
	if c.process.(*started).cmd.Process == nil {
		return nil, refusal(fmt.Errorf("starting %s: %w", command[0], err))
	}
	p.mu.Lock()
	i.child = c
	p.mu.Unlock()
	go p.accompany(i, c)
	if err != nil { // it could not be recorded
		_ = c.end(context.Background(), c.grace)
		return nil, err
	}
	return c, nil
}

// refusal adds what the system's answer means.
func refusal(err error) error {
	for _, short := range []syscall.Errno{syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, short) {
			return fmt.Errorf("%w: %w", runtime.ErrNoCapacity, err)
		}
	}
	return err
}

// warm waits until an instance is ready and warms it up.
func (p *Provisioner) warm(ctx context.Context, i *instance, c *child, r *recipe, known map[string]string) error {
	address, err := r.await(ctx, c, i.Name, i.Port)
	if err != nil {
		return err
	}
	ready := time.Now()
	known["SHADOWPOOL_ADDRESS"], known["SHADOWPOOL_PID"] = address, strconv.Itoa(c.pid())
	// The readers of the record are those who hold the lock, or come later.
	p.mu.Lock()
	i.Stage, i.Address, i.Environment, i.Launch = warming, address, known, ready.Sub(i.Began)
	p.mu.Unlock()
	if len(r.Warmup) > 0 {
		if err := p.state.write(&i.record); err != nil {
			return err
		}
		if err := r.warmUp(ctx, c, p.environment(i, r, known)); err != nil {
			return err
		}
		p.mu.Lock()
		i.WarmUp, i.WarmUpCPU = time.Since(ready), c.warmUpCPU()
		p.mu.Unlock()
	}
	p.mu.Lock()
	i.Stage = warm
	p.mu.Unlock()
	return p.state.write(&i.record)
}

// warmUp runs the warm-up command beside an instance that is ready.
func (r *recipe) warmUp(ctx context.Context, c *child, environment []string) error {
	w := prepare(r, r.Warmup, environment, newOutput(nil))
	command := w.process.(*started).cmd
	if err := command.Start(); err != nil {
		return refusal(fmt.Errorf("starting the warm-up command %s: %w", r.Warmup[0], err))
	}
	go func() {
		w.err = w.reap()
		close(w.gone)
	}()
	select {
	case <-w.gone:
		c.mu.Lock()
		c.warmUp = w.cpu()
		c.mu.Unlock()
		switch {
		case w.err != nil && c.ended():
			return errors.New("the process ended during its warm-up")
		case w.err != nil:
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
