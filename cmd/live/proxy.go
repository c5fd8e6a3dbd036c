package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/proxy"
)

// sessions serve what the configuration's proxy section, or --proxy, asks for.
type sessions struct {
	config.Proxy
	folder   string // of the configuration, where its files are looked for
	key      []byte // that signs cookies; nil: one is made
	address  string // with the scheme
	listener net.Listener
	server   *http.Server
	proxy    atomic.Pointer[proxy.Proxy]
}

// sessions are nil where neither the file nor the flag asks for them.
func (f *serveFlags) sessions(file *config.File, fleet *policy.Config) (*sessions, error) {
	s := &sessions{Proxy: config.DefaultProxy(), folder: filepath.Dir(f.config)}
	switch {
	case file.Proxy != nil:
		s.Proxy = *file.Proxy
	case f.proxy == "":
		return nil, nil
	case fleet.Isolation == policy.ByTenant:
		return nil, fmt.Errorf("--proxy: instances are isolated by tenant, so sessions need one: give proxy.tenant, or proxy.headers.tenant, in %s", f.config)
	}
	if f.proxy != "" {
		s.Listen = f.proxy
	}
	return s, nil
}

// Observe implements runtime.Observer.
func (s *sessions) Observe(e *runtime.Entry) {
	if p := s.proxy.Load(); p != nil {
		p.Observe(e)
	}
}

// open listens, for serve to begin once the host is there.
func (s *sessions) open(options *runtime.Options) (err error) {
	if s == nil {
		return nil
	}
	if s.Session.KeyFile != "" {
		s.key, err = os.ReadFile(s.path(s.Session.KeyFile))
		if s.key = bytes.TrimSpace(s.key); err == nil {
			err = proxy.CheckKey(s.key)
		}
		if err != nil {
			return usage(fmt.Errorf("proxy.session.key_file: %w", err))
		}
	}
	c := &certificate{chain: s.path(s.TLS.CertFile), key: s.path(s.TLS.KeyFile), log: options.Logger}
	if s.secure() {
		if _, err := c.get(nil); err != nil {
			return usage(fmt.Errorf("proxy.tls: %w", err))
		}
	}
	if s.listener, err = net.Listen("tcp", s.Listen); err != nil {
		return fmt.Errorf("cannot listen for sessions: %w; choose another address with --proxy", err)
	}
	s.address = "http://" + s.listener.Addr().String()
	if s.secure() {
		s.address = "https://" + s.listener.Addr().String()
		s.listener = tls.NewListener(s.listener, &tls.Config{GetCertificate: c.get, NextProtos: []string{"h2", "http/1.1"}})
	}
	options.Observers = append(options.Observers, s)
	return nil
}

func (s *sessions) secure() bool { return s.TLS != config.ProxyTLS{} }

// path is where a file is that the configuration names.
func (s *sessions) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.folder, name)
}

// serve forwards requests to the host's instances until close; failed is told
// if it cannot go on.
func (s *sessions) serve(host *runtime.Host, log *slog.Logger, failed func(error)) error {
	if s == nil {
		return nil
	}
	p, err := proxy.New(host, proxy.Options{Proxy: s.Proxy, CookieKey: s.key, Metrics: host.Metrics(), Logger: log})
	if err != nil {
		return err
	}
	s.proxy.Store(p)
	s.server = &http.Server{
		Handler: p, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			failed(fmt.Errorf("serving sessions: %w", err))
		}
	}()
	log.Info("serving sessions", "address", s.address, "idle_timeout", s.Session.IdleTimeout)
	return nil
}

// close lets what is being answered come to its end until ctx ends.
func (s *sessions) close(ctx context.Context) {
	if s == nil || s.listener == nil {
		return
	}
	s.listener.Close()
	if s.server == nil {
		return
	}
	if s.server.Shutdown(ctx) != nil {
		_ = s.server.Close()
	}
	s.proxy.Load().Close()
}
