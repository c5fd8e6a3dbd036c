package runtime

import (
	"context"
	"errors"
)

// A Store keeps what a host must not forget: a journal of lines, and now and
// then a snapshot that stands for those before it. One host at a time may
// write, its leader; package runtime/storetest has the tests that every store
// must pass.
type Store interface {
	// Lead waits until the caller leads, or ctx ends. Nobody led before, or
	// has let go, or has not renewed its lead for the store's lease time.
	Lead(ctx context.Context, who Replica) (Lead, error)
	// Leader is who leads; ErrNoLeader if nobody does.
	Leader(ctx context.Context) (Replica, error)
	// Close lets go of the store itself. A lead that is held ends first.
	Close() error
}

// A Replica is one of the servers that share a store.
type Replica struct {
	Name    string // unique
	Address string // where the others reach its API; empty if they need not
}

// A Lead is the right to write to a store until it is lost. Each has a term,
// greater than all before it; what an earlier one writes is refused with
// ErrFenced, even if it has not noticed yet. Its methods may be called by
// several goroutines.
type Lead interface {
	Term() int64
	// Load is the latest snapshot, nil if there is none, and every line of the
	// journal after it, in order.
	Load(ctx context.Context) (snapshot []byte, lines [][]byte, err error)
	// Append adds lines, all or none, durably: when it has returned nil, no
	// crash forgets them. When it returns an error they may be there or not:
	// the lead is to be given up then. Without lines it only makes sure that
	// the caller leads.
	Append(ctx context.Context, lines [][]byte) error
	// Snapshot puts a snapshot in the place of the whole journal so far. The
	// caller appends nothing while it runs.
	Snapshot(ctx context.Context, snapshot []byte) error
	// Lost is closed when the lead is known to be lost, or has been let go.
	Lost() <-chan struct{}
	// Release lets go of the lead, so that another may have it at once.
	Release(ctx context.Context) error
}

// Errors of stores.
var (
	ErrFenced   = errors.New("another server leads now")
	ErrNoLeader = errors.New("no server leads at the moment")
)
