package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"time"

	"shadowpool/policy/config"
	"shadowpool/policy/plan"
	"shadowpool/runtime"
	"shadowpool/runtime/agents"
	"shadowpool/runtime/api"
	"shadowpool/runtime/learn"
	"shadowpool/runtime/wire"
)

// newOffice is what directs agents, if the file has a section on them.
func newOffice(file *config.File) (*agents.Office, error) {
	a := file.Provisioner.Agent
	if a == nil {
		return nil, nil
	}
	key, err := agentKey(a.KeyFile)
	if err != nil {
		return nil, err
	}
	learner, err := learn.New(learn.Options{
		Budget: plan.Budget{Time: a.Time, Bytes: a.Disk},
		Has: func(kind plan.Kind, name string) (private bool, takes time.Duration, ok bool) {
			r := a.Recipe(kind, name)
			if r == nil || !wire.Plain(name) {
				return false, 0, false
			}
			return r.Private, r.Takes, true
		},
	})
	if err != nil {
		return nil, err
	}
	return agents.New(agents.Options{Key: key, URL: a.URL, CA: a.CA, Settings: agentSettings(a), Learner: learner})
}

// agentSettings are what agents are told of the file.
func agentSettings(a *config.Agent) wire.Settings {
	s := wire.Settings{
		Allowed: a.Allowed, DiskBytes: a.Disk, User: a.User, SecretsIn: wire.SecretsInFiles,
		Limits:  wire.Limits{Seconds: a.Limits.Time.Seconds(), MemoryBytes: a.Limits.Memory, Processes: a.Limits.Processes},
		OrphanS: a.Orphan.After.Seconds(), OrphanServingS: a.Orphan.Serving.Seconds(), OrphanCommand: a.Orphan.Command,
	}
	if a.SecretsInEnvironment {
		s.SecretsIn = wire.SecretsInEnvironment
	}
	for _, r := range a.Recipes {
		s.Recipes = append(s.Recipes, wire.Recipe{Kind: r.Kind.String(), Name: r.Name, URL: r.URL, Command: r.Command, Files: r.Files, Private: r.Private})
	}
	return s
}

// agentKey is what the tokens of agents are derived from: that of a file, which
// is made if there is none, or one for this server's life.
func agentKey(file string) ([]byte, error) {
	fresh := make([]byte, wire.KeyBytes)
	rand.Read(fresh)
	if file == "" {
		return fresh, nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		_, err = f.Write(fresh)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("provisioner.agent.key_file: %w", err)
		}
		return fresh, nil
	case !errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("provisioner.agent.key_file: %w", err)
	}
	info, err := os.Stat(file)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = fmt.Errorf("%s can be read by others; chmod 600 it", file)
	}
	if err != nil {
		return nil, fmt.Errorf("provisioner.agent.key_file: %w", err)
	}
	key, err := os.ReadFile(file)
	if err == nil && len(key) < wire.KeyBytes {
		err = fmt.Errorf("%s has %d bytes; want %d random ones at least, or remove it", file, len(key), wire.KeyBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("provisioner.agent.key_file: %w", err)
	}
	return key, nil
}

// withAgents joins agents to a server: their instances hear of claims, and what
// is over is learned from.
func withAgents(s *settings, office *agents.Office) {
	if office == nil {
		return
	}
	s.agents = office
	s.api.Deliver = func(ctx context.Context, g runtime.Grant, d api.Delivery) error {
		if !s.holds.Load().Provisioner.ProcessOf(categoryOf(g)).Ready.Agent {
			if len(d.Environment)+len(d.Secrets)+len(d.Files) > 0 {
				return errors.New("the instance has no agent that could take it")
			}
			return nil
		}
		return office.Deliver(ctx, g, agents.Delivery{
			Tenant: g.Tenant, TaskType: g.TaskType, Environment: d.Environment, Secrets: revealed(d.Secrets), Files: d.Files,
		})
	}
}

// revealed are secrets as the instance gets them.
func revealed(secrets map[string]api.Secret) map[string]string {
	all := make(map[string]string, len(secrets))
	for name, s := range secrets {
		all[name] = string(s)
	}
	return all
}

// categoryOf is that of the instance, which may have been another's than was
// asked for.
func categoryOf(g runtime.Grant) string {
	if c := g.Instance.Environment["SHADOWPOOL_CATEGORY"]; c != "" {
		return c
	}
	return g.Category
}

// finished tells agents of requests that are over, and passes them on.
type finished struct {
	office *agents.Office
	next   runtime.RequestWriter // may be nil
}

// Write implements runtime.RequestWriter.
func (f finished) Write(s runtime.Served) error {
	end := time.Unix(0, s.Arrival+s.Wait+s.Duration)
	f.office.Finish(s.Claim, learn.Finished{
		At: end, Category: s.Category, Tenant: s.Tenant, TaskType: s.TaskType, Image: s.Image, Dataset: s.Dataset, Duration: time.Duration(s.Duration),
	})
	f.office.Release(s.Instance, s.Claim)
	if f.next == nil {
		return nil
	}
	return f.next.Write(s)
}

// urlOf is where an agent on this machine reaches a server that listens at an
// address.
func urlOf(scheme string, at net.Addr) string {
	if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		at = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}
	}
	return scheme + "://" + at.String()
}

// startAgents lets a server that listens direct agents, until leave.
func startAgents(s *settings, scheme string, at net.Addr) (leave func()) {
	if s.agents == nil {
		return func() {}
	}
	s.agents.Reached(urlOf(scheme, at), s.options.Logger)
	ctx, leave := context.WithCancel(context.Background())
	go s.agents.Run(ctx)
	return leave
}

// hearAgents makes a host learn from its agents, and keep that. What it returns
// puts them before the rest of the API.
func hearAgents(s *settings, options *runtime.Options) (before func(http.Handler) http.Handler) {
	if s.agents == nil {
		return func(rest http.Handler) http.Handler { return rest }
	}
	options.Recording.Requests = finished{office: s.agents, next: options.Recording.Requests}
	options.Keepers = maps.Clone(options.Keepers)
	if options.Keepers == nil {
		options.Keepers = make(map[string]runtime.Keeper)
	}
	options.Keepers["agents"] = s.agents
	return func(rest http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/v1/agents/", s.agents.Handler())
		mux.Handle("/", rest)
		return mux
	}
}
