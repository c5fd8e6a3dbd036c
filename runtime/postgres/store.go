// Package postgres keeps what a host must not forget in a PostgreSQL, for any
// number of servers and of pools.
//
// A pool's row of shadowpool_lead has the term and, by the database's clock,
// when its lease expires. Whoever finds it expired makes the next term his: one
// of several, as the row is locked. Every append takes part in that: it reads
// the term under a lock that a change of it waits for, in the same statement.
// So an append is there before the next leader reads the journal, or never,
// whatever the clocks and however long its server was frozen.
//
// Connections may be lost and the database may be started again: within the
// lease what a server was doing is done again, and a batch that was there
// already is not added once more.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"shadowpool/runtime"
)

// Config says where the data are.
type Config struct {
	// URL is postgres://USER@HOST:PORT/DATABASE, with the parameters that libpq
	// knows too; what it leaves out comes from the environment as libpq has it.
	URL string
	// PasswordFile, if not empty, has the password in it. It is read for each
	// connection, so that the password may change.
	PasswordFile string
	// Pool tells apart those that share the database.
	Pool string
	// Lease is how long a leader leads that is not heard of. Zero is
	// DefaultLease.
	Lease time.Duration
}

// DefaultLease bounds the time without a leader when one crashes.
const DefaultLease = 5 * time.Second

var errClosed = errors.New("the store is closed")

// A Store is what a database has of one pool.
type Store struct {
	name  string
	lease time.Duration
	// Renewals have connections of their own, lest they wait for writes.
	lead, data *pgxpool.Pool
	closed     chan struct{}

	mu      sync.Mutex
	last    *lead // the latest, if any
	closing sync.Once
}

var _ runtime.Store = (*Store)(nil)

// Open connects to the database and brings its tables up to date. Tables of a
// newer version of this program are an error and are left as they are. No error
// of this package has the password in it.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Lease == 0 {
		c.Lease = DefaultLease
	}
	s := &Store{name: c.Pool, lease: c.Lease, closed: make(chan struct{})}
	if err := s.open(ctx, c); err != nil {
		s.shut()
		return nil, s.failed(err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, c Config) (err error) {
	// Who gives up waiting for a row is not to be given it later.
	if s.lead, err = connect(ctx, c, c.Lease/2); err != nil {
		return err
	}
	if s.data, err = connect(ctx, c, 0); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.data, func(tx pgx.Tx) error { return migrate(ctx, tx) })
}

// shut ends all connections. It does not wait for those that lead nowhere, to
// which pgx would give 15 s.
func (s *Store) shut() {
	var all sync.WaitGroup
	for _, pool := range []*pgxpool.Pool{s.lead, s.data} {
		if pool != nil {
			all.Go(pool.Close)
		}
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
}

// failed is err with what it is about.
func (s *Store) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store of pool %q in PostgreSQL: %w", s.name, err)
}

// Lead tries until nobody leads. While the database cannot be reached it goes
// on trying.
func (s *Store) Lead(ctx context.Context, who runtime.Replica) (runtime.Lead, error) {
	every := min(s.lease/10, 250*time.Millisecond) // a query that finds one row
	for ctx.Err() == nil {
		l, err := s.take(ctx, who)
		if err != nil && !passes(err) {
			return nil, s.failed(err)
		}
		if l != nil {
			return l, nil
		}
		select {
		case <-time.After(every):
		case <-s.closed:
			return nil, s.failed(errClosed)
		case <-ctx.Done():
		}
	}
	return nil, s.failed(ctx.Err())
}

// take is nil if somebody leads. It is not cancelled with ctx: the database
// would go on, and might give the lead to one that does not wait for it.
func (s *Store) take(ctx context.Context, who runtime.Replica) (*lead, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed() {
		return nil, errClosed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.lease)
	defer cancel()
	l := &lead{store: s}
	began := time.Now()
	err := s.lead.QueryRow(ctx, `UPDATE shadowpool_lead
		SET term = term + 1, name = $2, address = $3, expires = clock_timestamp() + $4::interval
		WHERE pool = $1 AND expires <= clock_timestamp() RETURNING term`, s.name, who.Name, who.Address, s.lease).Scan(&l.term)
	if errors.Is(err, pgx.ErrNoRows) {
		_, err = s.lead.Exec(ctx, "INSERT INTO shadowpool_lead VALUES ($1, 0, '', '', '-infinity') ON CONFLICT DO NOTHING", s.name)
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	l.until, l.end = context.WithCancel(context.Background())
	l.renewing.Go(func() { l.renew(began.Add(s.lease)) })
	s.last = l
	return l, nil
}

// Leader is whose lease has not expired.
func (s *Store) Leader(ctx context.Context) (who runtime.Replica, err error) {
	if s.isClosed() {
		return who, s.failed(errClosed)
	}
	err = persist(ctx, s.lease/5, func(ctx context.Context) error {
		return s.lead.QueryRow(ctx, "SELECT name, address FROM shadowpool_lead WHERE pool = $1 AND expires > clock_timestamp()", s.name).
			Scan(&who.Name, &who.Address)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return who, runtime.ErrNoLeader
	}
	return who, s.failed(err)
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// Close ends the lead, if there is one, and all connections.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		close(s.closed)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.last != nil {
			ctx, cancel := context.WithTimeout(context.Background(), s.lease)
			defer cancel()
			err = s.last.Release(ctx)
		}
		s.shut()
	})
	return err
}
