package main

import (
	"context"
	"path/filepath"

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
		s, err = sqlite.Open(besides(file, c.SQLite))
	case c.Postgres.URL != "":
		s, err = postgres.Open(ctx, postgres.Config{
			URL: c.Postgres.URL, PasswordFile: besides(file, c.Postgres.PasswordFile), Pool: c.Postgres.Pool, Lease: c.Lease,
		})
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// besides is a path that a configuration names, relative to its own.
func besides(file *config.File, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file.Name), path)
}
