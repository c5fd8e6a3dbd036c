package api

import (
	"context"
	"crypto/x509"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// A Host is what is served: a runtime.Host.
type Host interface {
	ClaimAs(ctx context.Context, r runtime.Request, named func(claim string)) (runtime.Grant, error)
	End(ctx context.Context, claim string) error
	ClaimOf(ctx context.Context, claim string) (runtime.ClaimStatus, error)
	ClaimName(policy.RequestID) string
	RequestOf(claim string) (policy.RequestID, bool)
	Claims(ctx context.Context, after string, most int) ([]runtime.ClaimStatus, error)
	Instances(ctx context.Context, after string, most int) ([]runtime.InstanceStatus, error)
	Status(context.Context) (runtime.Status, error)
	Drain(context.Context) error
	Reopen(context.Context) error
	Announce(context.Context, runtime.Hint) (string, error)
	Withdraw(ctx context.Context, hint string) error
	Pause(ctx context.Context, pool string, paused bool) error
	ResetBreaker(ctx context.Context, pool string) error
	Invalidate(ctx context.Context, category string) error
	Metrics() *prometheus.Registry
	Ready() <-chan struct{}
	Done() <-chan struct{}
}

// Options are how a host is served; a zero is the default.
type Options struct {
	ClaimDeadline time.Duration // of a claim that names none: 1 min
	MaxDeadline   time.Duration // that a claim may name: 10 min
	MaxRequests   int           // in progress at one time: 12,000
	Limits        Limits
	// Tokens are who may do what; nil asks nobody who they are, unless there
	// is CertificateTenant.
	Tokens *Tokens
	// CertificateTenant is the tenant that a verified client certificate stands
	// for, empty if none; nil: none does.
	CertificateTenant func(*x509.Certificate) string
	// Events has been told of what happens since the host's start: it is one of
	// its observers. Without it nobody can watch claims, and limits count only
	// what is asked for here.
	Events *Events
	// Deliver brings to an instance what its claim has for it, once that is
	// promoted and before the client hears of it. It may be called again for
	// the same claim when a client repeats its request. Nil: such claims are
	// refused.
	Deliver func(context.Context, runtime.Grant, Delivery) error
	// Configuration lets operators see and change how the host is configured;
	// nil: they cannot.
	Configuration Configuration
	// Logger is told of what operators do and of what goes wrong; nil is
	// slog.Default.
	Logger *slog.Logger
}

// A Configuration is the host's, as its file has it.
type Configuration interface {
	// Read is the file that holds now, or the one that held before; an
	// os.ErrNotExist if none did.
	Read(ctx context.Context, former bool) ([]byte, error)
	// Change makes another hold. An error that says what is wrong with it is a
	// *runtime.BadRequest, or one of package config's.
	Change(ctx context.Context, file []byte) error
}

func (o *Options) setDefaults() {
	if o.ClaimDeadline == 0 {
		o.ClaimDeadline = time.Minute
	}
	if o.MaxDeadline == 0 {
		o.MaxDeadline = 10 * time.Minute
	}
	if o.MaxRequests == 0 {
		o.MaxRequests = 12_000
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}
