package main

import (
	"context"

	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/postgres"
	"shadowpool/runtime/sqlite"
)

// openStore opens the store that a configuration names, nil if it names none.
func openStore(ctx context.Context, file *config.File) (runtime.Store, error) {
	var s runtime.Store
	var err error
	switch c := file.Store; {
	case c.SQLite != "":
		s, err = sqlite.Open(c.SQLite)
	case c.Postgres.URL != "":
		s, err = postgres.Open(ctx, postgres.Config{
			URL: c.Postgres.URL, PasswordFile: c.Postgres.PasswordFile, Pool: c.Postgres.Pool, Lease: c.Lease,
		})
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}
