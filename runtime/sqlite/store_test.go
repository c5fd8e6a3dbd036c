package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"shadowpool/runtime"
	"shadowpool/runtime/storetest"
)

func openStore(path string) (runtime.Store, error) { return Open(path) }

func TestMain(m *testing.M) {
	storetest.Serve(openStore)
	m.Run()
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		path := filepath.Join(t.TempDir(), "pool.db")
		return storetest.Fixture{
			Open:  func() (runtime.Store, error) { return Open(path) },
			Usurp: func() error { return os.Remove(path + "-lock") },
			Crash: func() error {
				storetest.Start(t, path).Crash()
				return nil
			},
		}
	})
}

func TestKills(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	storetest.Kills(t, filepath.Join(t.TempDir(), "pool.db"), rounds, openStore)
}

// An append is synced before it returns; no kill of a process shows that.
func TestDurable(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "pool.db"))
	leads(t, s)
	var mode string
	var synchronous int
	if err := s.db.QueryRow("SELECT journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous").Scan(&mode, &synchronous); err != nil {
		t.Fatal(err)
	}
	if mode != "wal" || synchronous != 2 {
		t.Errorf("journal mode %s, synchronous %d, want wal and 2 (full)", mode, synchronous)
	}
}

// However a file is called, it has one lock.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a pool?#100%.db"), filepath.Join(dir, "link.db")
	l := leads(t, opened(t, path))
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	other := opened(t, link)
	ctx, cancel := context.WithTimeout(t.Context(), 3*tryEvery)
	defer cancel()
	if _, err := other.Lead(ctx, runtime.Replica{Name: "two"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("two lead under two names: %v", err)
	}
	if err := l.Append(t.Context(), [][]byte{[]byte("one")}); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, lines, err := leads(t, other).Load(t.Context()); err != nil || len(lines) != 1 {
		t.Errorf("lines %q (%v), want one", lines, err)
	}
	if about, err := os.Stat(path); err != nil || about.Mode().Perm() != 0o600 {
		t.Errorf("%v (%v): others can read it", about.Mode(), err)
	}
}

func BenchmarkAppend(b *testing.B) {
	storetest.Benchmark(b, func() (runtime.Store, error) { return Open(filepath.Join(b.TempDir(), "pool.db")) })
}
