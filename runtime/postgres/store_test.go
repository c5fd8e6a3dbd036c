package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/postgres/postgrestest"
	"shadowpool/runtime/storetest"
)

// shared is the server of all tests that do not end it.
var shared struct {
	*postgrestest.Server
	databases atomic.Int32
}

func TestMain(m *testing.M) {
	storetest.Serve(openPlace)
	status := m.Run()
	if shared.Server != nil {
		if err := shared.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(status)
}

// A place is a Config that a process is told.
func place(c Config) string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func openPlace(place string) (runtime.Store, error) {
	var c Config
	if err := json.Unmarshal([]byte(place), &c); err != nil {
		return nil, err
	}
	return Open(context.Background(), c)
}

// database makes one on the shared server, and is its name and a Config for it.
func database(t testing.TB) (string, Config) {
	t.Helper()
	if shared.Server == nil {
		s, err := postgrestest.New()
		if errors.Is(err, postgrestest.ErrMissing) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		shared.Server = s
	}
	name := fmt.Sprintf("test%d", shared.databases.Add(1))
	return name, Config{URL: shared.Database(t, name), PasswordFile: shared.PasswordFile, Pool: "a pool", Lease: 5 * time.Second}
}

func opened(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func leads(t testing.TB, s *Store) runtime.Lead {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	l, err := s.Lead(ctx, runtime.Replica{Name: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func add(t testing.TB, l runtime.Lead, line string) {
	t.Helper()
	if err := l.Append(t.Context(), [][]byte{[]byte(line)}); err != nil {
		t.Fatal(err)
	}
}

func holds(t testing.TB, l runtime.Lead, want ...string) {
	t.Helper()
	_, lines, err := l.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, len(lines))
	for i, line := range lines {
		got[i] = string(line)
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the lines are %q, want %q", got, want)
	}
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Fixture {
		name, c := database(t)
		c.Lease = 2 * time.Second
		return storetest.Fixture{
			Open: func() (runtime.Store, error) { return Open(context.Background(), c) },
			Usurp: func() error {
				return shared.Exec(name, "UPDATE shadowpool_lead SET term = term + 1, expires = '-infinity'")
			},
			Crash: func() error {
				storetest.Start(t, place(c)).Crash()
				return nil
			},
			Lease: c.Lease,
		}
	})
}

func TestKills(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	_, c := database(t)
	c.Lease = 500 * time.Millisecond
	storetest.Kills(t, place(c), rounds, openPlace)
}

// Pools that share a database do not see each other.
func TestPools(t *testing.T) {
	_, c := database(t)
	c.Pool = "one"
	one := leads(t, opened(t, c))
	c.Pool = "two"
	s := opened(t, c)
	if who, err := s.Leader(t.Context()); !errors.Is(err, runtime.ErrNoLeader) {
		t.Errorf("%v leads the other pool (%v)", who, err)
	}
	two := leads(t, s)
	add(t, one, "of one")
	add(t, two, "of two")
	if err := one.Snapshot(t.Context(), []byte("one")); err != nil {
		t.Fatal(err)
	}
	holds(t, one)
	holds(t, two, "of two")
	if snapshot, _, err := two.Load(t.Context()); snapshot != nil || err != nil {
		t.Errorf("a snapshot of the other pool: %q (%v)", snapshot, err)
	}
}

// A role may have settings under which commits would not be durable, or fail.
func TestSettingsOfTheRole(t *testing.T) {
	name, c := database(t)
	for _, setting := range []string{"synchronous_commit = off", "default_transaction_isolation = 'serializable'"} {
		if err := shared.Exec(name, "ALTER DATABASE "+name+" SET "+setting); err != nil {
			t.Fatal(err)
		}
	}
	s := opened(t, c)
	var commit, isolation string
	if err := s.data.QueryRow(t.Context(), "SELECT current_setting('synchronous_commit'), current_setting('transaction_isolation')").Scan(&commit, &isolation); err != nil {
		t.Fatal(err)
	}
	if commit != "on" || isolation != "read committed" {
		t.Errorf("synchronous_commit %s, isolation %s, want on and read committed", commit, isolation)
	}
	if err := shared.Exec(name, "ALTER DATABASE "+name+" SET synchronous_commit = remote_apply"); err != nil {
		t.Fatal(err)
	}
	if err := opened(t, c).data.QueryRow(t.Context(), "SELECT current_setting('synchronous_commit')").Scan(&commit); err != nil || commit != "remote_apply" {
		t.Errorf("synchronous_commit %s (%v), want remote_apply, which is more", commit, err)
	}
}

func BenchmarkAppend(b *testing.B) {
	storetest.Benchmark(b, func() (runtime.Store, error) {
		_, c := database(b)
		return Open(b.Context(), c)
	})
}
