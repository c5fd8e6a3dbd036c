package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/agents"
	"shadowpool/runtime/api"
	"shadowpool/runtime/process"
	"shadowpool/runtime/tracing"
)

func serveCommand() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use: "serve", Short: "Run a pool and serve claims over HTTP",
		Long: `serve keeps a pool of warm instances and hands them out over HTTP on the loopback
interface. Without a configuration the pool has one category, "default", of
built-in worker processes, two of which are kept warm. A category without a limit
has at most 1000 processes.

  curl -H 'Content-Type: application/json' -d '{"tenant": "me"}' localhost:8080/v1/claims
  curl localhost:8080/v1/status

SIGINT or SIGTERM drains the pool: no new claims, what waits is served, and when
all is released, or after --stop-timeout, every instance is ended. A second
signal ends them at once. With a store the server stops at once and leaves all
as it is; the next start goes on with it. SIGHUP reads the configuration again.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			settings, err := f.settings(c.Flags())
			if err != nil {
				return usage(err)
			}
			return serve(c.Context(), settings)
		},
	}
	f.add(c.Flags())
	return c
}

// settings are what a server is made of.
type settings struct {
	options runtime.Options
	api     api.Options
	reach   reach
	listen  string
	reached string // the URL by which servers that share the store reach this one; empty: where it listens
	record  string
	config  string       // the file; empty if there is none
	policy  *policy.Spec // in place of the file's; nil: the file's
	file    *config.File // what it said last; nil if there is none
	// holds is what the file says that holds now, for those who ask beside the
	// host; nil if there is none.
	holds atomic.Pointer[config.File]
	observing
	tracer *tracing.Tracer
	// store opens what keeps what happens; nil keeps nothing.
	store func(context.Context) (runtime.Store, error)
	// open opens the provisioner of processes that outlive the server; nil where
	// they do not.
	open     func() (*process.Provisioner, error)
	sessions *sessions      // nil: none
	agents   *agents.Office // nil without agents
	// unlisted is set when the configuration admits categories that it does
	// not list.
	unlisted bool
}

func serve(ctx context.Context, s *settings) (err error) {
	log := s.logger(os.Stderr)
	s.options.Logger, s.options.Version = log, version()
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return fmt.Errorf("cannot listen: %w; choose another address with --listen", err)
	}
	defer listener.Close()
	if err := s.sessions.open(log); err != nil {
		return err
	}
	defer s.sessions.close(ctx)
	if err := s.reach.show(log); err != nil {
		return usage(err)
	}
	if err := s.reach.allow(listener.Addr(), log); err != nil {
		return usage(err)
	}
	s.api.Logger = log
	if s.options.DryRun {
		log.Warn("dry run: nothing is launched, and the instances that are handed out are not there")
	}
	if s.unlisted {
		log.Warn("requests for categories that fleet.categories does not list are refused: a live server needs to know its pools")
	}
	looking, looked := context.WithCancel(ctx)
	defer looked()
	if err := s.profiles(looking, log); err != nil {
		return err
	}
	if s.tracer, err = openTracer(ctx, log); err != nil {
		return err
	}
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	scheme := "http"
	if s.reach.identity != nil {
		scheme = "https"
	}
	address := scheme + "://" + listener.Addr().String()
	leave := startAgents(s, scheme, listener.Addr())
	defer leave()
	run, err := s.runner(running, address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           run,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan struct{})
	defer close(ended)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	go func() {
		for stopping := false; ; {
			select {
			case got := <-signals:
				if got == syscall.SIGHUP && s.config != "" {
					s.reload(running, run)
					continue
				}
			case <-ended:
				return
			}
			if stopping {
				run.Hurry()
				continue
			}
			stopping = true
			announce(daemon.SdNotifyStopping)
			stop(nil)
		}
	}()
	serveOn := server.Serve
	if s.reach.identity != nil {
		server.TLSConfig = s.reach.identity.Config()
		serveOn = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	go func() {
		if err := serveOn(listener); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("serving: %w", err))
		}
	}()
	s.sessions.serve(stop)
	log.Info("serving", "address", address, "policy", s.options.Policy.String(), "categories", len(s.options.Fleet.Categories))
	announce(daemon.SdNotifyReady)
	watching, seen := context.WithCancel(ctx)
	go watchdog(watching, run.Alive, log)
	err = run.Run(running)
	seen()
	leave()
	if cause := context.Cause(running); !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	s.sessions.close(last)
	if server.Shutdown(last) != nil {
		_ = server.Close()
	}
	_ = s.tracer.Close(last) // its faults are told
	log.Info("stopped")
	return err
}

// reload reads anew what may change while the server runs.
func (s *settings) reload(ctx context.Context, run runner) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := errors.Join(run.Reload(ctx), s.reach.reload(&s.api)); err != nil {
		s.options.Logger.Error("the configuration that held goes on to hold", "file", s.config, "error", err)
		return
	}
	s.options.Logger.Info("the configuration was read again", "file", s.config)
}

// loopback tells whether only this machine can reach an address.
func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
