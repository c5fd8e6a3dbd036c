package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/dashboard"
	"shadowpool/runtime/process"
	"shadowpool/runtime/replica"
)

// A runner runs a host, and serves requests meanwhile.
type runner interface {
	http.Handler
	Run(context.Context) error
	// Hurry makes a runner that stops end at once.
	Hurry()
	// Reload makes the configuration hold as its file is now.
	Reload(context.Context) error
	// Alive is nil while it does its work.
	Alive(context.Context) error
}

// runner makes what serve runs: a host, or, where there is a store, one of the
// servers that share it.
func (s *settings) runner(ctx context.Context, address string) (runner, error) {
	if s.store == nil {
		h, err := s.host(nil)
		if err != nil {
			return nil, usage(err)
		}
		return h, nil
	}
	store, err := s.store(ctx)
	if err != nil {
		return nil, fmt.Errorf("the store: %w", err)
	}
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	if address, err = s.advertised(address, name); err != nil {
		return nil, err
	}
	r := &replicated{store: store}
	r.Server = replica.Server{
		Store: store, Self: runtime.Replica{Name: fmt.Sprintf("%s-%d", name, os.Getpid()), Address: address}, Logger: s.options.Logger,
		Host: func(lead runtime.Lead) (replica.Host, http.Handler, error) {
			h, err := s.host(lead)
			if err != nil {
				return nil, nil, usage(err)
			}
			r.leading.Store(h)
			return h, h, nil
		},
	}
	return r, nil
}

// advertised is where other servers reach this one, which listens at an address
// on a host.
func (s *settings) advertised(address, host string) (string, error) {
	if s.reached != "" {
		return s.reached, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsUnspecified() {
		u.Host = net.JoinHostPort(host, u.Port())
	}
	return u.String(), nil
}

// A single is a host with its recording and its API.
type single struct {
	*runtime.Host
	http.Handler
	recording *recordingDir
	processes *process.Provisioner // that outlive it; nil if there are none
	board     *dashboard.Board
	reign     *reign
	config    *configuration // nil: there is no file
	contest   *heldTournament
	requests  *requestFolder
	log       *slog.Logger
}

// host makes a host, which keeps what happens if it leads.
func (s *settings) host(lead runtime.Lead) (*single, error) {
	if s.config != "" && lead != nil {
		s.again()
	}
	options := s.options
	options.Lead = lead
	h := &single{log: options.Logger}
	to := s.api
	to.Events, h.board = api.NewEvents(), dashboard.New(len(options.Fleet.Categories))
	options.Observers = append(slices.Clip(options.Observers), to.Events, h.board)
	h.reign = s.sessions.reign(&options)
	var err error
	if s.open != nil {
		if h.processes, err = s.open(); err != nil {
			return nil, err
		}
		options.Provisioner = h.processes
	}
	if s.record != "" {
		folder := s.record
		if lead != nil { // each time that it leads has a recording of its own
			folder = filepath.Join(folder, time.Now().UTC().Format("20060102T150405.000Z"))
		}
		if h.recording, err = openRecording(folder); err != nil {
			return nil, errors.Join(err, h.close())
		}
		options.Recording = h.recording.Recording
	}
	if h.requests, err = openRequests(s, &options); err == nil {
		h.contest, err = openTournament(s, &options, func(ctx context.Context, to policy.Spec) error { return h.Switch(ctx, to) })
	}
	if err != nil {
		h.recording.abandon()
		h.recording = nil
		return nil, errors.Join(err, h.close())
	}
	before := hearAgents(s, &options)
	if h.Host, err = runtime.New(options); err != nil {
		h.recording.abandon()
		h.recording = nil
		return nil, errors.Join(err, h.close())
	}
	if s.config != "" {
		if h.config, err = s.configure(h); err != nil {
			return nil, errors.Join(err, h.close())
		}
		to.Configuration = h.config
	}
	protect := func(next http.Handler) http.Handler { return api.Protect(to, api.Read, next) }
	h.Handler = before(h.contest.handler(handler(h.Host, h.board, s.tracer, to, h.contest.panels()...), protect))
	return h, nil
}

// Run runs the host, with what goes along with it, and lets the next have its
// processes.
func (h *single) Run(ctx context.Context) error {
	go h.board.Run(context.WithoutCancel(ctx), h.Host) // until the host has stopped
	go func() {
		select {
		case <-h.Ready():
			if err := h.reign.begin(h.Host); err != nil {
				h.log.Error("sessions are not served", "error", err)
			}
		case <-h.Done():
		}
	}()
	defer h.reign.end()
	return errors.Join(h.Host.Run(ctx), h.close())
}

func (h *single) close() error {
	h.contest.close()
	err := errors.Join(h.recording.close(), h.requests.close())
	if h.processes != nil {
		err = errors.Join(err, h.processes.Close())
	}
	return err
}

// Alive implements runner.
func (h *single) Alive(ctx context.Context) error {
	select {
	case <-h.Ready():
	default:
		return nil // it reads what is kept
	}
	_, err := h.Status(ctx)
	return err
}

// Reload implements runner.
func (h *single) Reload(ctx context.Context) error {
	if h.config == nil {
		return errors.New("there is no configuration file")
	}
	return h.config.Reload(ctx)
}

// changeable is the provisioner whose processes may change while the server runs.
func (s *settings) changeable(h *single) *process.Provisioner {
	if h.processes != nil {
		return h.processes
	}
	p, _ := s.options.Provisioner.(*process.Provisioner)
	return p
}

// A replicated server shares a store.
type replicated struct {
	replica.Server
	store   runtime.Store
	leading atomic.Pointer[single]
}

// Run takes part until ctx ends, and closes the store.
func (r *replicated) Run(ctx context.Context) error {
	return errors.Join(r.Server.Run(ctx), r.store.Close())
}

// Alive implements runner: who does not lead stands by.
func (r *replicated) Alive(ctx context.Context) error {
	if h := r.leading.Load(); h != nil {
		if err := h.Alive(ctx); !errors.Is(err, runtime.ErrStopped) {
			return err
		}
	}
	return nil
}

// Reload implements runner: who does not lead reads the file when it does.
func (r *replicated) Reload(ctx context.Context) error {
	h := r.leading.Load()
	if h == nil {
		return nil
	}
	if err := h.Reload(ctx); !errors.Is(err, runtime.ErrStopped) {
		return err
	}
	return nil
}

// Hurry implements runner: who leads hands over at once anyhow.
func (r *replicated) Hurry() {}
