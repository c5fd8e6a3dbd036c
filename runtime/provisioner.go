package runtime

import (
	"context"
	"errors"
	"time"
)

// A Provisioner makes instances and ends them. Its methods may be called by
// several goroutines at a time. Package runtime/provisionertest has the tests
// that every provisioner must pass.
type Provisioner interface {
	// Start makes an instance and returns when it is warm. When ctx ends
	// before that, or the launch fails, it returns an error and leaves
	// nothing behind; unless the cause of ctx is ErrLeft: then another server
	// goes on with it. The name is a token: a Start of an instance that exists,
	// because an answer was lost or the server was started again, makes no
	// other, but goes on with that one. Errors that wrap one of those below
	// say what the provider answered.
	Start(ctx context.Context, spec InstanceSpec) (Instance, error)
	// Adopt takes over an instance that was warm when another server, or this
	// one before it was started again, lost sight of it. It returns ErrGone if
	// there is none of the name, or it is not warm.
	Adopt(ctx context.Context, spec InstanceSpec) (Instance, error)
	// Stop ends an instance and returns when it is gone. An instance that is
	// gone already is no error.
	Stop(ctx context.Context, name string) error
	// List names the instances that exist and are of this server's pool,
	// whoever started them and whatever they are doing, ascending.
	List(ctx context.Context) ([]string, error)
}

// What a provider may answer to an order; a controller backs off, or tries
// another capacity type, accordingly.
var (
	ErrNoCapacity   = errors.New("the provider has no capacity")
	ErrThrottled    = errors.New("the provider asks for fewer calls")
	ErrOverQuota    = errors.New("the account's quota is used up")
	ErrUnauthorized = errors.New("the provider refuses the credentials")
	// ErrLeft is the cause with which a Start is cancelled by a server that
	// leaves its instances to the next.
	ErrLeft = errors.New("this server leaves its instances to the next")
	// ErrGone is an instance that does not exist, or not any more.
	ErrGone = errors.New("there is no such instance")
)

// An InstanceSpec says what to make.
type InstanceSpec struct {
	// Name is unique, also across restarts of the server: letters, digits
	// and dashes.
	Name string
	// Pool is the name of the one that it is for: that of its category, or of
	// its category in a zone or for a tenant.
	Pool     string
	Category string
	Zone     string // where it is to live; empty where zones do not matter
	Tenant   string // whom it is reserved for from the start; empty: nobody
}

// An Instance is one that is warm.
type Instance struct {
	Name    string
	Address string // where it is reached; empty if nowhere
	PID     int    // of its process on this machine; 0 if it has none
	// Launch is how long it took until it was ready, WarmUp how long from then
	// until it was warm. Launch is zero where the two are not told apart,
	// WarmUp where there is nothing to do.
	Launch, WarmUp time.Duration
	// Environment is what its user needs to know, by name.
	Environment map[string]string
	// Gone is closed when the instance exists no more, for whatever reason.
	Gone <-chan struct{}
	// Output is the end of what it has written, for messages; nil if nothing
	// of it is kept.
	Output func() string
	// CPU is the CPU time that it has used in all, to be asked for when it is
	// gone; nil if that cannot be told.
	CPU func() time.Duration
}
