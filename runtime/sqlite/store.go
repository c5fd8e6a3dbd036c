// Package sqlite keeps what a host must not forget in a file of SQLite, for one
// server on one machine. An append is durable: the write-ahead log is synced
// before it returns.
//
// Whoever holds the operating system's lock on the file PATH-lock leads. The
// lock ends with its process, however that ends, so that the next may lead at
// once; it is not reliable on network file systems, nor is SQLite. Should
// somebody remove the lock's file, terms still keep the journal in one hand.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver

	"shadowpool/runtime"
)

// tryEvery is how often one that waits for the lead tries to get the lock.
const tryEvery = 50 * time.Millisecond

var errClosed = errors.New("the store is closed")

// A Store is a file of SQLite.
type Store struct {
	path   string // of the file itself, whatever leads to it
	db     *sql.DB
	closed chan struct{}

	mu   sync.Mutex
	lead *lead // the latest, if any
}

var _ runtime.Store = (*Store)(nil)

// Open opens the file, or makes it, which its user alone may read. A file of
// something else, or of a newer version of this program, is an error and is
// left as it is. An older one is brought up to date by the first that leads.
func Open(path string) (*Store, error) {
	s, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	return s, nil
}

func open(path string) (*Store, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	// Two names of one file are to have one lock.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source(path))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // so that whoever waits does not do so by polling
	if _, err := version(context.Background(), db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{path: path, db: db, closed: make(chan struct{})}, nil
}

// source is what the driver calls the file. A log that grew while a snapshot
// was written is cut to 64 MiB.
func source(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive's letter
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_pragma": {"busy_timeout(10000)", "synchronous(full)", "journal_size_limit(67108864)"},
		"_txlock": {"immediate"},
	}.Encode()}
	return u.String()
}

// Lead waits until nobody else holds the lock.
func (s *Store) Lead(ctx context.Context, who runtime.Replica) (runtime.Lead, error) {
	l, err := s.newLead(ctx, who)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", s.path, err)
	}
	return l, nil
}

func (s *Store) newLead(ctx context.Context, who runtime.Replica) (*lead, error) {
	lock, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	l := &lead{store: s, lock: lock, lost: make(chan struct{})}
	if err := migrate(ctx, s.db); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	if err := s.db.QueryRowContext(ctx, "UPDATE lead SET term = term + 1, name = ?, address = ? RETURNING term",
		who.Name, who.Address).Scan(&l.term); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return nil, errors.Join(errClosed, lock.Unlock())
	default:
	}
	s.lead = l
	return l, nil
}

func (s *Store) lock(ctx context.Context) (*flock.Flock, error) {
	lock := flock.New(s.path + "-lock")
	for ctx.Err() == nil {
		if ours, err := lock.TryLock(); err != nil || ours {
			return lock, err
		}
		select {
		case <-time.After(tryEvery):
		case <-ctx.Done():
		case <-s.closed:
			return nil, errClosed
		}
	}
	return nil, ctx.Err()
}

// Leader is who holds the lock.
func (s *Store) Leader(ctx context.Context) (runtime.Replica, error) {
	who, err := s.leader(ctx)
	if err != nil && !errors.Is(err, runtime.ErrNoLeader) {
		err = fmt.Errorf("store %s: %w", s.path, err)
	}
	return who, err
}

func (s *Store) leader(ctx context.Context) (who runtime.Replica, err error) {
	lock := flock.New(s.path + "-lock")
	free, err := lock.TryRLock()
	if err != nil {
		return who, err
	}
	if free {
		return who, errors.Join(runtime.ErrNoLeader, lock.Unlock())
	}
	v, err := version(ctx, s.db)
	if err != nil {
		return who, err
	}
	if v == 0 {
		return who, runtime.ErrNoLeader // it is about to
	}
	err = s.db.QueryRowContext(ctx, "SELECT name, address FROM lead").Scan(&who.Name, &who.Address)
	return who, err
}

// Close ends the lead, if there is one, and lets go of the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return nil
	default:
	}
	close(s.closed)
	var err error
	if s.lead != nil {
		err = s.lead.Release(context.Background())
	}
	return errors.Join(err, s.db.Close())
}
