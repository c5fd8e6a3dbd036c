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
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/runtime"
	"shadowpool/runtime/agents"
	"shadowpool/runtime/api"
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
signal ends them at once.`,
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
	options  runtime.Options
	api      api.Options
	reach    reach
	listen   string
	record   string
	logLevel slog.Level
	// store opens what keeps what happens; nil keeps nothing.
	store  func(context.Context) (runtime.Store, error)
	agents *agents.Office // nil without agents
	// unlisted is set when the configuration admits categories that it does
	// not list.
	unlisted bool
}

func serve(ctx context.Context, s *settings) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: s.logLevel}))
	s.options.Logger, s.options.Version = log, version()
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return fmt.Errorf("cannot listen: %w; choose another address with --listen", err)
	}
	defer listener.Close()
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
		for first := true; ; first = false {
			select {
			case <-signals:
			case <-ended:
				return
			}
			if first {
				stop(nil)
			} else {
				run.Hurry()
			}
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
	log.Info("serving", "address", address, "policy", s.options.Policy.String(), "categories", len(s.options.Fleet.Categories))
	err = run.Run(running)
	leave()
	if cause := context.Cause(running); !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if server.Shutdown(last) != nil {
		_ = server.Close()
	}
	log.Info("stopped")
	return err
}

// loopback tells whether only this machine can reach an address.
func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
