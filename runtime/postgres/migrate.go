package postgres

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
)

//go:embed schema/1.sql
var schema1 string

// schemas lead from each version of the tables to the next. What was released
// stays as it is: changes are added at the end. Servers of the version before
// go on with the tables until they are replaced, and pools that share them too:
// a change is one that they can do with.
var schemas = []string{schema1}

// lock is the advisory lock of a database under which its tables are changed
// ("shdw").
const lock = 0x73686477

// version is that of the tables, 0 of none.
func version(ctx context.Context, tx pgx.Tx) (v int, err error) {
	var there bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass('shadowpool_schema') IS NOT NULL").Scan(&there); err != nil || !there {
		return 0, err
	}
	if err := tx.QueryRow(ctx, "SELECT version FROM shadowpool_schema").Scan(&v); err != nil {
		return 0, err
	}
	if v > len(schemas) {
		return 0, fmt.Errorf("the tables were made by a newer version of this program (version %d, known up to %d); use that one", v, len(schemas))
	}
	return v, nil
}

// migrate brings the tables up to date, all or not at all.
func migrate(ctx context.Context, tx pgx.Tx) error {
	// Locked before the first look: a second one would see the names as they
	// were at the first.
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lock); err != nil {
		return err
	}
	from, err := version(ctx, tx)
	if err != nil || from == len(schemas) {
		return err
	}
	for _, schema := range schemas[from:] {
		if _, err := tx.Exec(ctx, schema); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "UPDATE shadowpool_schema SET version = $1", len(schemas))
	return err
}
