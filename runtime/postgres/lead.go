package postgres

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"shadowpool/runtime"
)

// A lead is a term, and the lease that goes with it.
type lead struct {
	store *Store
	term  int64
	batch atomic.Int64 // number of the latest

	until     context.Context // ends when the lead is lost
	end       context.CancelFunc
	renewing  sync.WaitGroup
	releasing sync.Once
}

func (l *lead) Term() int64           { return l.term }
func (l *lead) Lost() <-chan struct{} { return l.until.Done() }

// renew renews the lease until that fails for its whole time, counted here from
// before the database counts, or somebody else leads.
func (l *lead) renew(expires time.Time) {
	defer l.end()
	every := l.store.lease / 5
	for wait := every; ; {
		select {
		case <-time.After(min(wait, time.Until(expires))):
		case <-l.until.Done():
			return
		}
		began := time.Now()
		if !began.Before(expires) {
			return
		}
		// One that is stuck is left for one on another connection.
		ctx, cancel := context.WithDeadline(l.until, earlier(expires, began.Add(2*every)))
		done, err := l.store.lead.Exec(ctx, "UPDATE shadowpool_lead SET expires = clock_timestamp() + $3::interval WHERE pool = $1 AND term = $2",
			l.store.name, l.term, l.store.lease)
		cancel()
		switch {
		case err != nil:
			wait = every / 10
		case done.RowsAffected() == 0:
			return
		default:
			wait, expires = every, began.Add(l.store.lease)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Release ends the term, so that what is still under way of it is refused.
func (l *lead) Release(ctx context.Context) (err error) {
	l.releasing.Do(func() {
		l.end()
		l.renewing.Wait()
		err = persist(ctx, l.store.lease, func(ctx context.Context) error {
			_, err := l.store.lead.Exec(ctx, "UPDATE shadowpool_lead SET term = term + 1, name = '', address = '', expires = '-infinity' WHERE pool = $1 AND term = $2",
				l.store.name, l.term)
			return err
		})
	})
	return l.store.failed(err)
}

func (l *lead) Append(ctx context.Context, lines [][]byte) error {
	batch := l.batch.Add(1)
	return l.try(ctx, func(ctx context.Context) error {
		if len(lines) == 0 {
			return nil
		}
		// One that does not come back, as its connection leads nowhere any more,
		// is done again, and found to be done if it was.
		ctx, cancel := context.WithTimeout(ctx, patience/2)
		defer cancel()
		return l.change(ctx, `added AS (INSERT INTO shadowpool_journal SELECT $1, $2, $3, $4 FROM led ON CONFLICT DO NOTHING)`, batch, lines)
	})
}

func (l *lead) Snapshot(ctx context.Context, snapshot []byte) error {
	if snapshot == nil {
		snapshot = []byte{} // nil would be NULL
	}
	return l.try(ctx, func(ctx context.Context) error {
		return l.change(ctx, `put AS (INSERT INTO shadowpool_snapshot SELECT $1, $3 FROM led ON CONFLICT (pool) DO UPDATE SET state = excluded.state),
			gone AS (DELETE FROM shadowpool_journal USING led WHERE pool = $1)`, snapshot)
	})
}

// change writes if the term is ours, and is not anybody else's before that is
// written. One statement is one transaction: none is left open by a server that
// is frozen in the middle of it.
func (l *lead) change(ctx context.Context, what string, arguments ...any) error {
	var led int
	err := l.store.data.QueryRow(ctx, "WITH led AS (SELECT FROM shadowpool_lead WHERE pool = $1 AND term = $2 FOR KEY SHARE), "+what+" SELECT count(*) FROM led",
		append([]any{l.store.name, l.term}, arguments...)...).Scan(&led)
	if err == nil && led == 0 {
		l.end()
		return runtime.ErrFenced
	}
	return err
}

func (l *lead) Load(ctx context.Context) (snapshot []byte, lines [][]byte, err error) {
	err = l.try(ctx, func(ctx context.Context) error {
		snapshot, lines = nil, nil
		return pgx.BeginTxFunc(ctx, l.store.data, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			if err := tx.QueryRow(ctx, "SELECT state FROM shadowpool_snapshot WHERE pool = $1", l.store.name).
				Scan(&snapshot); err != nil && !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			rows, err := tx.Query(ctx, "SELECT lines FROM shadowpool_journal WHERE pool = $1 ORDER BY term, batch", l.store.name)
			if err != nil {
				return err
			}
			var batch [][]byte
			_, err = pgx.ForEachRow(rows, []any{&batch}, func() error {
				lines = append(lines, batch...)
				batch = nil
				return nil
			})
			return err
		})
	})
	return snapshot, lines, err
}

// patience is how long a lead that is not lost tries to do one thing.
const patience = 20 * time.Second

// try does something as long as it may pass, the lead is not lost, and ctx has
// not ended.
func (l *lead) try(ctx context.Context, do func(context.Context) error) error {
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.until, cancel)()
	err := runtime.ErrFenced
	if l.until.Err() == nil {
		err = persist(within, patience, do)
	}
	if err != nil && l.until.Err() != nil {
		err = runtime.ErrFenced
	}
	return l.store.failed(err)
}
