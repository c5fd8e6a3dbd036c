package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/replica"
)

// A runner runs a host, and serves requests meanwhile.
type runner interface {
	http.Handler
	Run(context.Context) error
	// Hurry makes a runner that stops end at once.
	Hurry()
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
	r := &replicated{store: store}
	r.Server = replica.Server{
		Store: store, Self: runtime.Replica{Name: fmt.Sprintf("%s-%d", name, os.Getpid()), Address: address}, Logger: s.options.Logger,
		Host: func(lead runtime.Lead) (replica.Host, http.Handler, error) {
			h, err := s.host(lead)
			if err != nil {
				return nil, nil, usage(err)
			}
			return h, h, nil
		},
	}
	return r, nil
}

// A single is a host with its recording and its API.
type single struct {
	*runtime.Host
	http.Handler
	recording *recordingDir
}

// host makes a host, which keeps what happens if it leads.
func (s *settings) host(lead runtime.Lead) (*single, error) {
	options := s.options
	options.Lead = lead
	h := &single{}
	to := s.api
	to.Events = api.NewEvents()
	options.Observers = append(slices.Clip(options.Observers), to.Events)
	var err error
	if s.record != "" {
		folder := s.record
		if lead != nil { // each time that it leads has a recording of its own
			folder = filepath.Join(folder, time.Now().UTC().Format("20060102T150405.000Z"))
		}
		if h.recording, err = openRecording(folder); err != nil {
			return nil, err
		}
		options.Recording = h.recording.Recording
	}
	before := hearAgents(s, &options)
	if h.Host, err = runtime.New(options); err != nil {
		h.recording.abandon()
		return nil, err
	}
	h.Handler = before(api.Handler(h.Host, to))
	return h, nil
}

// Run runs the host and closes its recording.
func (h *single) Run(ctx context.Context) error {
	return errors.Join(h.Host.Run(ctx), h.recording.close())
}

// A replicated server shares a store.
type replicated struct {
	replica.Server
	store runtime.Store
}

// Run takes part until ctx ends, and closes the store.
func (r *replicated) Run(ctx context.Context) error {
	return errors.Join(r.Server.Run(ctx), r.store.Close())
}

// Hurry implements runner: who leads hands over at once anyhow.
func (r *replicated) Hurry() {}
