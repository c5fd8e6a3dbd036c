package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	config, policy, listen, record, binding string
	store, advertise                        string
	proxy                                   string
	categories                              []string
	leadTime, stopTimeout, tick, usage      time.Duration
	reusable, singleUse, quiet, dryRun      bool
	maxInstances, maxWaiting                int
	reach                                   reach
	observeFlags
}

// mostProcesses is the limit of a category whose configuration has none: a
// flood of requests is not to become a flood of processes.
const mostProcesses = 1000

// fleetFlags say what a configuration says.
var fleetFlags = []string{"category", "lead-time", "reusable", "single-use", "binding", "max-instances", "tick"}

func (f *serveFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.config, "config", "", "pool.yaml; without it the flags say what the pool is")
	flags.StringVar(&f.policy, "policy", "static:level=2", "NAME or NAME:key=value,...")
	flags.StringVar(&f.listen, "listen", config.DefaultListen, "HOST:PORT")
	flags.StringVar(&f.proxy, "proxy", "", "HOST:PORT where sessions are forwarded to instances of their own")
	flags.StringVar(&f.record, "record", "", "write event log, requests and lead times into this new folder")
	flags.StringVar(&f.store, "store", "", "SQLite `FILE` that keeps what happens: instances outlive the server, and the next start goes on with them")
	flags.StringVar(&f.advertise, "advertise", "", "`URL` by which the servers that share the store reach this one (default: where it listens, by the host's name if that is everywhere)")
	flags.StringSliceVar(&f.categories, "category", []string{"default"}, "kinds of instances, NAME,...")
	flags.DurationVar(&f.leadTime, "lead-time", time.Second, "how long the built-in worker takes to get warm")
	flags.BoolVar(&f.reusable, "reusable", false, "a released instance goes back to the pool")
	flags.BoolVar(&f.singleUse, "single-use", false, "a released instance is ended (the default)")
	flags.StringVar(&f.binding, "binding", "late", "what serves a request that found nothing warm: late or early")
	flags.DurationVar(&f.tick, "tick", policy.DefaultTick, "how often policies look at their pools")
	flags.IntVar(&f.maxInstances, "max-instances", 64, "most processes of a category at one time")
	flags.IntVar(&f.maxWaiting, "max-waiting", 10_000, "most requests that wait at one time")
	flags.DurationVar(&f.stopTimeout, "stop-timeout", 30*time.Second, "how long to wait, when stopping, for claims to be released")
	flags.DurationVar(&f.usage, "usage-interval", 15*time.Second, "how often to look what the instances use, 100ms to 1h")
	flags.BoolVar(&f.dryRun, "dry-run", false, "decide and record everything, and launch nothing: instances are warm after their lead time, and nowhere")
	f.reach.add(flags)
	flags.BoolVar(&f.quiet, "quiet", false, "log only what goes wrong")
	f.observeFlags.add(flags)
}

// settings are what the flags, and the configuration that they name, ask for.
func (f *serveFlags) settings(flags *pflag.FlagSet) (*settings, error) {
	s := &settings{record: f.record, listen: f.listen, reached: f.advertise, reach: f.reach}
	var err error
	if s.observing, err = f.observing(flags, f.quiet); err != nil {
		return nil, err
	}
	if f.maxWaiting < 1 || f.stopTimeout <= 0 || f.usage <= 0 {
		return nil, fmt.Errorf("--max-waiting, --stop-timeout and --usage-interval must be above zero")
	}
	if u, err := url.Parse(f.advertise); f.advertise != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("--advertise %q is no address such as https://live-1.internal:8080", f.advertise)
	}
	s.options.Limits.Waiting = f.maxWaiting
	s.options.StopTimeout = f.stopTimeout
	s.options.UsageInterval = f.usage
	s.api.MaxRequests = f.maxWaiting + 2000 // so that releases find room
	if flags.Changed("policy") || f.config == "" {
		specs, err := policy.ParseSpecs(f.policy)
		if err != nil {
			return nil, err
		}
		if len(specs) != 1 {
			return nil, fmt.Errorf("--policy %s names %d policies; a pool runs one", f.policy, len(specs))
		}
		s.policy, s.options.Policy = &specs[0], specs[0]
	}
	return s, f.fleet(s, flags)
}

// fleet sets fleet, provisioner and API.
func (f *serveFlags) fleet(s *settings, flags *pflag.FlagSet) error {
	file := &config.File{}
	if f.config != "" {
		for _, name := range fleetFlags {
			if flags.Changed(name) {
				return fmt.Errorf("--%s and --config both say what the pool is; change it in %s", name, f.config)
			}
		}
		var err error
		if file, err = load(f.config); err != nil {
			return err
		}
		if err := s.follow(&s.options, file); err != nil {
			return fmt.Errorf("%s: %w", f.config, err)
		}
		s.config = f.config
		s.api = api.Options{ClaimDeadline: file.API.ClaimDeadline, MaxDeadline: file.API.MaxDeadline, MaxRequests: s.api.MaxRequests}
		s.reach.API = file.API
		if err := s.reach.load(&s.api); err != nil {
			return err
		}
		s.unlisted = file.Fleet.Default != nil && len(file.Fleet.Categories) > 0
		s.file = file
		s.holds.Store(file)
		if !flags.Changed("listen") {
			s.listen = file.API.Listen
		}
	} else if err := f.flagFleet(&s.options.Fleet); err != nil {
		return err
	}
	if err := f.keep(s, file); err != nil {
		return err
	}
	var err error
	if s.sessions, err = f.sessions(file, &s.options.Fleet); err != nil {
		return err
	}
	if f.dryRun {
		s.options.Provisioner, s.options.DryRun = dryProvisioner(&s.options.Fleet), true
		return nil
	}
	office, err := newOffice(file)
	if err != nil {
		return err
	}
	withAgents(s, office)
	return s.provision(file)
}

// keep sets the store.
func (f *serveFlags) keep(s *settings, file *config.File) error {
	if f.dryRun { // or what is there would be lost to the servers that it is of
		if f.store != "" {
			return fmt.Errorf("--dry-run keeps nothing; leave --store out")
		}
		return nil
	}
	kept := file.Store.SQLite != "" || file.Store.Postgres.URL != ""
	if f.store != "" {
		if kept {
			return fmt.Errorf("--store and the store of %s both say where to keep what happens; leave one out", f.config)
		}
		var err error
		if file.Store.SQLite, err = filepath.Abs(f.store); err != nil {
			return err
		}
		kept = true
	}
	if !kept {
		if file.Provisioner.State != "" {
			return fmt.Errorf("%s: provisioner.process.state: processes that outlive the server are known by what a store keeps; set store, or leave state out", f.config)
		}
		return nil
	}
	s.store = func(ctx context.Context) (runtime.Store, error) { return openStore(ctx, file) }
	if file.Provisioner.State == "" && file.Store.SQLite != "" && goruntime.GOOS == "linux" { // elsewhere processes do not outlive it
		file.Provisioner.State = file.Store.SQLite + "-instances"
	}
	return nil
}

// flagFleet is the fleet that the flags describe.
func (f *serveFlags) flagFleet(c *policy.Config) error {
	if f.reusable && f.singleUse {
		return fmt.Errorf("--reusable and --single-use exclude each other")
	}
	c.Tick = f.tick
	var err error
	if c.Binding, err = policy.ParseBinding(f.binding); err != nil {
		return fmt.Errorf("--binding %w", err)
	}
	for _, name := range f.categories {
		c.Categories = append(c.Categories, policy.Category{
			Name: strings.TrimSpace(name), LeadTime: f.leadTime, Reusable: f.reusable, MaxInstances: f.maxInstances,
		})
	}
	return nil
}
