package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/gofrs/flock"

	"shadowpool/runtime"
)

// A lead is the lock and the term that it began.
type lead struct {
	store *Store
	lock  *flock.Flock
	term  int64

	ending sync.Once
	lost   chan struct{}
}

func (l *lead) Term() int64           { return l.term }
func (l *lead) Lost() <-chan struct{} { return l.lost }

// check is an error when the lead is known to be lost, or ctx ended.
func (l *lead) check(ctx context.Context) error {
	select {
	case <-l.lost:
		return runtime.ErrFenced
	default:
		return ctx.Err()
	}
}

// failed is err with the file's name. A lead that somebody else has taken is
// lost from then on.
func (l *lead) failed(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, runtime.ErrFenced) {
		_ = l.end()
	}
	return fmt.Errorf("store %s: %w", l.store.path, err)
}

func (l *lead) end() (err error) {
	l.ending.Do(func() {
		close(l.lost)
		err = l.lock.Unlock()
	})
	return err
}

func (l *lead) Release(context.Context) error { return l.failed(l.end()) }

func (l *lead) Append(ctx context.Context, lines [][]byte) error {
	return l.failed(l.append(ctx, lines))
}

func (l *lead) append(ctx context.Context, lines [][]byte) error {
	if err := l.check(ctx); err != nil || len(lines) == 0 {
		return err
	}
	done, err := l.store.db.ExecContext(ctx, "INSERT INTO journal (lines) SELECT ? FROM lead WHERE term = ?", pack(lines), l.term)
	return fenced(done, err)
}

// fenced is the error of a statement that changes one row in l's term, and
// nothing in another's.
func fenced(done sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return runtime.ErrFenced
}

func (l *lead) Snapshot(ctx context.Context, snapshot []byte) error {
	return l.failed(l.snapshot(ctx, snapshot))
}

func (l *lead) snapshot(ctx context.Context, snapshot []byte) error {
	if err := l.check(ctx); err != nil {
		return err
	}
	if snapshot == nil {
		snapshot = []byte{} // nil would be NULL
	}
	return within(ctx, l.store.db, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO snapshot SELECT 1, ? FROM lead WHERE term = ?
			ON CONFLICT DO UPDATE SET state = excluded.state`, snapshot, l.term)
		if err := fenced(done, err); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM journal")
		return err
	})
}

func (l *lead) Load(ctx context.Context) (snapshot []byte, lines [][]byte, err error) {
	snapshot, lines, err = l.load(ctx)
	return snapshot, lines, l.failed(err)
}

func (l *lead) load(ctx context.Context) (snapshot []byte, lines [][]byte, err error) {
	if err := l.check(ctx); err != nil {
		return nil, nil, err
	}
	err = within(ctx, l.store.db, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT state FROM snapshot").Scan(&snapshot)
		if err == nil && snapshot == nil {
			snapshot = []byte{} // as the driver has it
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		rows, err := tx.QueryContext(ctx, "SELECT batch, lines FROM journal ORDER BY batch")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var batch int64
			var packed []byte
			if err := rows.Scan(&batch, &packed); err != nil {
				return err
			}
			if lines, err = unpack(lines, packed); err != nil {
				return fmt.Errorf("batch %d of the journal: %w", batch, err)
			}
		}
		return rows.Err()
	})
	return snapshot, lines, err
}

// within runs do in a transaction, which is there afterwards if do returns nil.
func within(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}
