package sqlite

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
)

//go:embed schema/1.sql
var schema1 string

// schemas lead from each version of the tables to the next. What was released
// stays as it is: changes are added at the end.
var schemas = []string{schema1}

// mark is how a file says that it is a store ("shdw"); SQLite has a place for it.
const mark = 0x73686477

// version is that of the file's tables, 0 of an empty one.
func version(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (v int, err error) {
	var marked, tables int
	err = db.QueryRowContext(ctx, "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version").
		Scan(&marked, &v, &tables)
	switch {
	case err != nil:
		return 0, err
	case marked != mark && (tables > 0 || v != 0):
		return 0, errors.New("is a database of something else; choose another file")
	case v > len(schemas):
		return 0, fmt.Errorf("was written by a newer version of this program (tables of version %d, known up to %d); use that one", v, len(schemas))
	}
	return v, nil
}

// migrate brings the tables up to date, all or not at all. Only one that leads
// may.
func migrate(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode = wal").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("has the journal mode %s instead of wal, which its file system may not admit", mode)
	}
	return within(ctx, db, func(tx *sql.Tx) error {
		from, err := version(ctx, tx)
		if err != nil || from == len(schemas) {
			return err
		}
		for _, schema := range schemas[from:] {
			if _, err := tx.ExecContext(ctx, schema); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", mark, len(schemas)))
		return err
	})
}
