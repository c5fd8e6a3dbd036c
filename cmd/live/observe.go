package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/dashboard"
	"shadowpool/runtime/tracing"
)

// observeFlags are those of serve by which it is looked into.
type observeFlags struct {
	logFormat, logLevel, debug string
	debugPublic                bool
}

func (f *observeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&f.debug, "debug-listen", "", "serve profiles (pprof) at this HOST:PORT, which others must not reach")
	flags.BoolVar(&f.debugPublic, "debug-public", false, "let others reach --debug-listen")
}

// observing is how a server is looked into.
type observing struct {
	observeFlags
	level slog.Level
}

// observing reads the flags. --quiet logs what goes wrong, unless a level is
// given.
func (f *observeFlags) observing(flags *pflag.FlagSet, quiet bool) (observing, error) {
	o := observing{observeFlags: *f}
	if f.logFormat != "text" && f.logFormat != "json" {
		return o, fmt.Errorf("--log-format %q is neither text nor json", f.logFormat)
	}
	if err := o.level.UnmarshalText([]byte(f.logLevel)); err != nil || strings.ContainsAny(f.logLevel, "+-") {
		return o, fmt.Errorf("--log-level %q is none of debug, info, warn, error", f.logLevel)
	}
	if quiet && !flags.Changed("log-level") {
		o.level = slog.LevelWarn
	}
	return o, nil
}

// logger writes to w.
func (o *observing) logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: o.level}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// profiles serves pprof, until ctx ends, if that is wanted.
func (o *observing) profiles(ctx context.Context, log *slog.Logger) error {
	if o.debug == "" {
		return nil
	}
	listener, err := net.Listen("tcp", o.debug)
	if err != nil {
		return fmt.Errorf("cannot listen: %w; choose another address with --debug-listen", err)
	}
	if !loopback(listener.Addr()) && !o.debugPublic {
		_ = listener.Close()
		return usage(fmt.Errorf("--debug-listen %s: others can reach this address, and profiles tell them much; choose one of the loopback interface, or add --debug-public", o.debug))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: api.OwnName(mux), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("profiles are not served any more", "error", err)
		}
	}()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	log.Info("serving profiles", "address", "http://"+listener.Addr().String()+"/debug/pprof/")
	return nil
}

// handler serves the API and the dashboard.
func handler(host *runtime.Host, board *dashboard.Board, tracer *tracing.Tracer, opt api.Options) http.Handler {
	claims, page, shown := api.Handler(tracer.Host(host), opt), dashboard.Page(), api.Protect(opt, api.Read, board.Handler(host))
	return tracer.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/v1/dashboard/"):
			shown.ServeHTTP(w, r)
		case path == "/" || strings.HasPrefix(path, "/dashboard/"):
			api.OwnName(page).ServeHTTP(w, r)
		default:
			claims.ServeHTTP(w, r)
		}
	}))
}

// openTracer makes the tracer that the environment asks for; what goes wrong
// with its sending is told.
func openTracer(ctx context.Context, log *slog.Logger) (*tracing.Tracer, error) {
	tracer, err := tracing.Open(ctx, version(), func(err error) { log.Warn("traces", "error", err) })
	if err != nil {
		return nil, fmt.Errorf("cannot trace as the OTEL_ variables say: %w", err)
	}
	return tracer, nil
}
