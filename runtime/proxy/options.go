package proxy

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"shadowpool/policy/config"
	"shadowpool/runtime"
)

// A Pool is where sessions claim their instances. A *runtime.Host is one.
type Pool interface {
	Claim(ctx context.Context, r runtime.Request) (runtime.Grant, error)
	Release(ctx context.Context, claim string) error
}

// Options are what a Proxy is made of.
type Options struct {
	// Proxy says what it does; Listen, TLS and the session's KeyFile are not
	// looked at.
	config.Proxy
	// CookieKey signs cookies: at least 32 bytes that nobody else knows. Nil is
	// a random one, so that no cookie of before is known.
	CookieKey []byte
	// Metrics, if any, is where the figures are registered.
	Metrics prometheus.Registerer
	// Logger is told of what goes wrong; nil is slog.Default.
	Logger *slog.Logger
}

// leastKey is the least that a key has, in bytes.
const leastKey = 32

// NewKey makes a random key.
func NewKey() []byte {
	key := make([]byte, leastKey)
	rand.Read(key)
	return key
}

// CheckKey tells why a key cannot sign cookies.
func CheckKey(key []byte) error {
	if len(key) < leastKey {
		return fmt.Errorf("the key has %d bytes, at least %d are needed; make one with: openssl rand -base64 32", len(key), leastKey)
	}
	return nil
}

func (o *Options) validate() error {
	if o.CookieKey == nil {
		o.CookieKey = NewKey()
	}
	if err := CheckKey(o.CookieKey); err != nil {
		return err
	}
	if o.Session.IdleTimeout <= 0 || o.MaxWait <= 0 || o.Limits.Sessions <= 0 || o.Limits.SessionsPerAddress <= 0 || len(o.Session.By) == 0 {
		return fmt.Errorf("proxy: start from config.DefaultProxy")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return nil
}
