package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/agents"
	"shadowpool/runtime/process"
)

// A configuration is what holds on a server, as its file has it. It can be
// changed while the server runs, by the API or by SIGHUP: policy, fleet and
// processes. It implements api.Configuration.
type configuration struct {
	path string // of the file
	host *runtime.Host
	// follow sets what a file says of fleet and policy.
	follow func(*runtime.Options, *config.File) error
	// processes makes the instances; nil in a dry run.
	processes *process.Provisioner
	agents    *agents.Office // nil without agents
	// changed is told of what holds from now on.
	changed func(*config.File, *runtime.Options) error

	mu   sync.Mutex
	file []byte // that holds
}

// before is the name that a file has after another has taken its place.
const before = ".before"

// configure makes what changes a host that was made from the file.
func (s *settings) configure(h *single) (*configuration, error) {
	file, err := os.ReadFile(s.config)
	return &configuration{
		path: s.config, host: h.Host, follow: s.follow, processes: s.changeable(h), agents: s.agents, file: file,
		changed: func(file *config.File, options *runtime.Options) error {
			s.holds.Store(file)
			return h.contest.follow(file, options)
		},
	}, err
}

// Read is the file that holds, or the one that held before.
func (c *configuration) Read(_ context.Context, former bool) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if former {
		return os.ReadFile(c.path + before)
	}
	return bytes.Clone(c.file), nil
}

// Change makes another file hold, and puts it in the place of the one that
// held, which stays beside it. Where anything is wrong nothing changes.
func (c *configuration) Change(ctx context.Context, file []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.apply(ctx, file); err != nil {
		return err
	}
	err := errors.Join(replace(c.path+before, c.file), replace(c.path, file))
	c.file = bytes.Clone(file)
	if err != nil {
		return fmt.Errorf("it holds until the server is started again, as it cannot be written: %w", err)
	}
	return nil
}

// Reload makes the file hold as it is now.
func (c *configuration) Reload(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	file, err := os.ReadFile(c.path)
	if err != nil {
		return err
	}
	if err := c.apply(ctx, file); err != nil {
		return err
	}
	c.file = file
	return nil
}

// apply checks a file and makes the host follow it.
func (c *configuration) apply(ctx context.Context, file []byte) error {
	was, err := c.parse(c.file)
	if err != nil {
		return err
	}
	is, err := c.parse(file)
	if err != nil {
		return err
	}
	if fixed := fixed(was, is); len(fixed) > 0 {
		return &runtime.BadRequest{Field: fixed[0], Problem: fmt.Sprintf("%s cannot change while the server runs; start it again", strings.Join(fixed, ", "))}
	}
	var options runtime.Options
	if err := c.follow(&options, is); err != nil {
		return &runtime.BadRequest{Field: "fleet", Problem: err.Error()}
	}
	if c.processes != nil {
		each, err := processes(is, &options, c.agents)
		if err != nil {
			return err
		}
		if err := c.processes.Configure(each); err != nil {
			return &runtime.BadRequest{Field: "provisioner", Problem: err.Error()}
		}
	}
	if err := c.host.Configure(ctx, runtime.Change{Policy: options.Policy, Fleet: options.Fleet, Places: options.Places}); err != nil {
		if c.processes != nil { // as they were
			var old runtime.Options
			if c.follow(&old, was) == nil {
				if each, err := processes(was, &old, c.agents); err == nil {
					_ = c.processes.Configure(each)
				}
			}
		}
		return &runtime.BadRequest{Field: "fleet", Problem: err.Error()}
	}
	return c.changed(is, &options)
}

// parse reads a file as if it were in the place of the one that holds.
func (c *configuration) parse(file []byte) (*config.File, error) {
	return config.LoadFrom(c.path, bytes.NewReader(file), func(name string) (io.ReadCloser, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(c.path), name)
		}
		return os.Open(name)
	})
}

// fixed are the sections of two files that differ and that a running server
// cannot change.
func fixed(was, is *config.File) []string {
	var all []string
	for _, s := range []struct {
		name string
		same bool
	}{
		{"api", reflect.DeepEqual(was.API, is.API)},
		{"store", was.Store == is.Store},
		{"proxy", reflect.DeepEqual(was.Proxy, is.Proxy)},
		{"provisioner.agent", reflect.DeepEqual(was.Provisioner.Agent, is.Provisioner.Agent)},
		{"provisioner.process.state", was.Provisioner.State == is.Provisioner.State},
	} {
		if !s.same {
			all = append(all, s.name)
		}
	}
	return all
}

// follow sets what a file says of fleet and policy.
func (s *settings) follow(o *runtime.Options, file *config.File) error {
	if file.Fleet.Pooled {
		return fmt.Errorf("fleet.pooled: a live server serves requests by their category and cannot pool them yet; leave it out")
	}
	o.Fleet, o.Policy, o.Places = file.PolicyConfig(), file.PolicySpec(), config.PlacesOf(file.Fleet.Pools())
	if s.policy != nil {
		o.Policy = *s.policy
	}
	for i := range o.Fleet.Categories {
		if k := &o.Fleet.Categories[i]; k.MaxInstances == 0 {
			k.MaxInstances = mostProcesses
		}
	}
	return nil
}

// again follows the file as it is when this server begins to lead: another may
// have changed it since. If it is wrong, what was read before goes on to hold.
func (s *settings) again() {
	file, err := load(s.config)
	if err == nil {
		file.Store, file.Provisioner.State = s.file.Store, s.file.Provisioner.State // of the start
		if err = s.follow(&s.options, file); err == nil && !s.options.DryRun {
			err = s.provision(file)
		}
	}
	if err != nil {
		s.options.Logger.Error("the configuration that was read before goes on to hold", "file", s.config, "error", err)
		return
	}
	s.file = file
	s.holds.Store(file)
}

// replace writes a file so that it is there whole, or as it was.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
