package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/postgres/postgrestest"
)

// through is c by way of a proxy.
func through(t *testing.T, c Config) (*postgrestest.Proxy, Config) {
	t.Helper()
	p := shared.Proxy(t)
	var err error
	if c.URL, err = p.Through(c.URL); err != nil {
		t.Fatal(err)
	}
	return p, c
}

func lost(t *testing.T, l runtime.Lead, within time.Duration) {
	t.Helper()
	select {
	case <-l.Lost():
	case <-time.After(within):
		t.Fatal("a lead does not notice that it is lost")
	}
}

func kept(t *testing.T, l runtime.Lead) {
	t.Helper()
	select {
	case <-l.Lost():
		t.Fatal("a lead is lost")
	default:
	}
}

// appending appends numbered lines until it is told to stop or fails, and says
// how many are there.
func appending(ctx context.Context, l runtime.Lead) (stop func() (int, error)) {
	ctx, cancel := context.WithCancel(ctx)
	var n int
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil && err == nil {
			if err = l.Append(context.WithoutCancel(ctx), [][]byte{fmt.Append(nil, n)}); err == nil {
				n++
			}
		}
	}()
	return func() (int, error) {
		cancel()
		<-done
		return n, err
	}
}

// numbered checks that the lines are exactly the first n.
func numbered(t *testing.T, l runtime.Lead, n int) {
	t.Helper()
	want := make([]string, n)
	for i := range want {
		want[i] = fmt.Sprint(i)
	}
	holds(t, l, want...)
}

// Connections that are lost, and come back within the lease, are nothing that
// whoever appends has to know of.
func TestConnectionsLost(t *testing.T) {
	_, c := database(t)
	p, c := through(t, c)
	c.Lease = 10 * time.Second
	l := leads(t, opened(t, c))
	stop := appending(t.Context(), l)
	for range 20 {
		time.Sleep(50 * time.Millisecond)
		p.Cut()
		time.Sleep(20 * time.Millisecond)
		p.Restore()
	}
	n, err := stop()
	if err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		t.Error("nothing was appended")
	}
	kept(t, l)
	numbered(t, l, n)
}

// Nor are those that lead nowhere, of which nobody was told.
func TestConnectionsForgotten(t *testing.T) {
	_, c := database(t)
	p, c := through(t, c)
	c.Lease = 10 * time.Second
	l := leads(t, opened(t, c))
	add(t, l, "one")
	time.Sleep(1500 * time.Millisecond) // connections that were just used are trusted
	p.Forget()
	ctx, cancel := context.WithTimeout(t.Context(), c.Lease)
	defer cancel()
	if _, lines, err := l.Load(ctx); err != nil || len(lines) != 1 {
		t.Errorf("lines %q (%v), want one", lines, err)
	}
	if err := l.Append(ctx, [][]byte{[]byte("two")}); err != nil {
		t.Error(err)
	}
	time.Sleep(c.Lease)
	kept(t, l)
	holds(t, l, "one", "two")
}

// A leader that the database hears nothing of notices it before another may
// lead, and does not write any more when the network is there again.
func TestNetworkStalls(t *testing.T) {
	_, direct := database(t)
	direct.Lease = 2 * time.Second
	p, c := through(t, direct)
	l := leads(t, opened(t, c))
	add(t, l, "one")

	p.Stall()
	began := time.Now()
	late := make(chan error, 1)
	go func() { late <- l.Append(context.Background(), [][]byte{[]byte("late")}) }()
	other := leads(t, opened(t, direct))
	if took := time.Since(began); took > 2*c.Lease {
		t.Errorf("the next leads after %s, for a lease of %s", took, c.Lease)
	}
	select {
	case <-l.Lost():
	default:
		t.Error("two lead and know of nothing")
	}
	if err := <-late; !errors.Is(err, runtime.ErrFenced) {
		t.Errorf("append of one that is not heard of: %v, want ErrFenced", err)
	}
	add(t, other, "two")
	p.Restore()
	if err := l.Append(t.Context(), [][]byte{[]byte("late")}); !errors.Is(err, runtime.ErrFenced) {
		t.Errorf("append of a former lead: %v, want ErrFenced", err)
	}
	if who, err := opened(t, c).Leader(t.Context()); err != nil || who.Name != t.Name() {
		t.Errorf("%v leads (%v)", who, err)
	}
	holds(t, other, "one", "two")
	kept(t, other)
}

// An append that takes long keeps no renewal waiting, but whoever would have
// the next term: it is there when the next leader looks, or never.
func TestLongAppend(t *testing.T) {
	name, c := database(t)
	c.Lease = 2 * time.Second
	s := opened(t, c)
	l := leads(t, s)
	tx, err := s.data.Begin(t.Context()) // which the append has to wait for
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "INSERT INTO shadowpool_journal VALUES ($1, $2, 1, '{}')", c.Pool, l.Term()); err != nil {
		t.Fatal(err)
	}
	appended := make(chan error, 1)
	go func() { appended <- l.Append(context.Background(), [][]byte{[]byte("one")}) }()
	time.Sleep(2 * c.Lease)
	kept(t, l)
	err = shared.Exec(name, "SET lock_timeout = '500ms'; UPDATE shadowpool_lead SET term = term + 1")
	if err == nil || !strings.Contains(err.Error(), "lock timeout") {
		t.Errorf("the term was changed in the middle of a write (%v)", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-appended; err != nil {
		t.Error(err)
	}
	holds(t, l, "one")
}

// An append that is tried again, as its answer was lost, adds nothing twice.
func TestTriedAgain(t *testing.T) {
	_, c := database(t)
	l := leads(t, opened(t, c))
	add(t, l, "one")
	l.(*lead).batch.Add(-1)
	add(t, l, "one")
	add(t, l, "two")
	holds(t, l, "one", "two")
}

// A database that crashes forgets nothing of what it said was there, and a
// leader goes on when it is back.
func TestDatabaseKilled(t *testing.T) {
	server := postgrestest.Start(t)
	c := Config{URL: server.Database(t, "crash"), PasswordFile: server.PasswordFile, Pool: "crash", Lease: 20 * time.Second}
	l := leads(t, opened(t, c))
	stop := appending(t.Context(), l)
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		server.Kill()
		if err := server.Run(); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	n, err := stop()
	if err != nil {
		t.Fatal(err)
	}
	kept(t, l)
	numbered(t, l, n)
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	numbered(t, leads(t, opened(t, c)), n)
	t.Logf("%d lines, 3 crashes", n)
}

// When it is away for longer than the lease, the leader leads no more; whoever
// waits leads when it is back.
func TestDatabaseAway(t *testing.T) {
	server := postgrestest.Start(t)
	c := Config{URL: server.Database(t, "away"), PasswordFile: server.PasswordFile, Pool: "away", Lease: 2 * time.Second}
	l := leads(t, opened(t, c))
	add(t, l, "one")
	server.Kill()
	began := time.Now()
	lost(t, l, 20*time.Second)
	if took := time.Since(began); took > 2*c.Lease {
		t.Errorf("noticed after %s, for a lease of %s", took, c.Lease)
	}
	if err := l.Append(t.Context(), [][]byte{[]byte("late")}); !errors.Is(err, runtime.ErrFenced) {
		t.Errorf("append without a database: %v, want ErrFenced", err)
	}
	if _, err := Open(t.Context(), c); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("open without a database: %v", err)
	}
	next := make(chan runtime.Lead)
	waiting := l.(*lead).store
	go func() {
		defer close(next)
		l, err := waiting.Lead(t.Context(), runtime.Replica{Name: "next"})
		if err != nil {
			t.Error(err)
			return
		}
		next <- l
	}()
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	if l, ok := <-next; ok {
		holds(t, l, "one")
	}
}
