package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/runtime"
	"shadowpool/runtime/postgres/postgrestest"
)

// configured writes a configuration with the lines and opens its store.
func configured(t *testing.T, dir, lines string) (runtime.Store, error) {
	t.Helper()
	path := filepath.Join(dir, "pool.yaml")
	if err := os.WriteFile(path, []byte(lines+"fleet: {default: {lead_time: 1s}}\npolicy: {name: none}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := load(path)
	if err != nil {
		t.Fatal(err)
	}
	return openStore(t.Context(), file)
}

// remembers appends a line, opens the store again and looks for it.
func remembers(t *testing.T, dir, lines string) {
	t.Helper()
	for n := range 2 {
		s, err := configured(t, dir, lines)
		if err != nil {
			t.Fatal(err)
		}
		l, err := s.Lead(t.Context(), runtime.Replica{Name: "one"})
		if err != nil {
			t.Fatal(err)
		}
		if _, lines, err := l.Load(t.Context()); err != nil || len(lines) != n {
			t.Errorf("lines %q (%v), want %d", lines, err, n)
		}
		if err := l.Append(context.Background(), [][]byte{[]byte("line")}); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestStoreOfConfiguration(t *testing.T) {
	if s, err := configured(t, t.TempDir(), ""); s != nil || err != nil {
		t.Errorf("without a store: %v, %v", s, err)
	}
	dir := t.TempDir()
	remembers(t, dir, "store: {sqlite: pool.db}\n")
	if _, err := os.Stat(filepath.Join(dir, "pool.db")); err != nil {
		t.Errorf("the file is not beside the configuration: %v", err)
	}
	if s, err := configured(t, dir, "store: {sqlite: nowhere/pool.db}\n"); s != nil || err == nil {
		t.Errorf("in a folder that is not there: %v, %v", s, err)
	}
}

func TestStoreInPostgres(t *testing.T) {
	server := postgrestest.Start(t)
	url, dir := server.Database(t, "pools"), t.TempDir()
	password, err := os.ReadFile(server.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "password"), password, 0o600); err != nil {
		t.Fatal(err)
	}
	remembers(t, dir, "store: {postgres: {url: '"+url+"', password_file: password}}\n")
	s, err := configured(t, dir, "store: {postgres: {url: '"+url+"'}}\n")
	if s != nil || err == nil || !strings.Contains(err.Error(), "password") {
		t.Errorf("without a password: %v, %v", s, err)
	}
}
