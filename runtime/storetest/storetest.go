// Package storetest has the tests that every runtime.Store must pass.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"shadowpool/runtime"
)

// A Fixture is what the tests need of a place where a store keeps its data; it
// is empty at first.
type Fixture struct {
	// Open opens the store once more, as another server would. The test closes
	// it.
	Open func() (runtime.Store, error)
	// Usurp lets the next that waits have the lead, behind the back of the one
	// that has it.
	Usurp func() error
	// Crash leads as a server of its own, which is ended at once and lets go of
	// nothing.
	Crash func() error
	// Lease is how long the lead of one that crashed lasts at most.
	Lease time.Duration
}

// limit bounds every single wait of the tests.
const limit = 20 * time.Second

// soon is what still counts as at once on a busy machine.
const soon = 2 * time.Second

// Run runs the tests, each on a fixture of its own.
func Run(t *testing.T, fixture func(*testing.T) Fixture) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Fixture)
	}{
		{"nothing yet", nothingYet},
		{"lines come back in order", inOrder},
		{"empty appends", emptyAppends},
		{"a snapshot replaces the journal", snapshots},
		{"much at once", muchAtOnce},
		{"several at a time", severalAtATime},
		{"cancelled before", cancelledBefore},
		{"cancelled while it writes", cancelledWhile},
		{"one leads at a time", oneAtATime},
		{"one store leads once", oncePerStore},
		{"who gives up waiting", givesUp},
		{"release", release},
		{"close", closed},
		{"who leads", whoLeads},
		{"a lead that is not used stays", unused},
		{"a server that crashed", crashed},
		{"a lead that was taken", taken},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, fixture(t)) })
	}
}

func open(t *testing.T, f Fixture) runtime.Store {
	t.Helper()
	s, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func replica(name string) runtime.Replica {
	return runtime.Replica{Name: name, Address: "http://" + name}
}

// led leads within the time.
func led(t *testing.T, s runtime.Store, name string, within time.Duration) runtime.Lead {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	l, err := s.Lead(ctx, replica(name))
	if err != nil {
		t.Fatalf("%s cannot lead: %v", name, err)
	}
	return l
}

// first opens the store and leads.
func first(t *testing.T, f Fixture) runtime.Lead {
	t.Helper()
	return led(t, open(t, f), "first", limit)
}

func add(t *testing.T, l runtime.Lead, lines ...string) {
	t.Helper()
	if err := l.Append(t.Context(), bytesOf(lines...)); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func put(t *testing.T, l runtime.Lead, snapshot string) {
	t.Helper()
	if err := l.Snapshot(t.Context(), []byte(snapshot)); err != nil {
		t.Fatalf("snapshot: %v", err)
	}
}

func let(t *testing.T, l runtime.Lead) {
	t.Helper()
	if err := l.Release(t.Context()); err != nil {
		t.Fatalf("release: %v", err)
	}
}

func bytesOf(lines ...string) [][]byte {
	all := make([][]byte, len(lines))
	for i, line := range lines {
		all[i] = []byte(line)
	}
	return all
}

// holds compares what is loaded with a snapshot, "" if there is to be none,
// and lines.
func holds(t *testing.T, l runtime.Lead, snapshot string, lines ...string) {
	t.Helper()
	s, got, err := l.Load(t.Context())
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if (s != nil) != (snapshot != "") || string(s) != snapshot {
		t.Errorf("the snapshot is %.100q, want %.100q", s, snapshot)
	}
	if !slices.EqualFunc(got, bytesOf(lines...), bytes.Equal) {
		t.Errorf("the lines are %d, %.200q, want %d, %.200q", len(got), got, len(lines), lines)
	}
}

func lost(t *testing.T, l runtime.Lead) {
	t.Helper()
	select {
	case <-l.Lost():
	case <-time.After(limit):
		t.Error("a lead does not notice that it is lost")
	}
}

func kept(t *testing.T, l runtime.Lead) {
	t.Helper()
	select {
	case <-l.Lost():
		t.Error("a lead is lost")
	default:
	}
}

// fenced checks that a lead may write no more.
func fenced(t *testing.T, l runtime.Lead) {
	t.Helper()
	if err := l.Append(t.Context(), bytesOf("late")); !errors.Is(err, runtime.ErrFenced) {
		t.Errorf("append of a former lead: %v, want ErrFenced", err)
	}
	if err := l.Snapshot(t.Context(), []byte("late")); !errors.Is(err, runtime.ErrFenced) {
		t.Errorf("snapshot of a former lead: %v, want ErrFenced", err)
	}
}

// numbered are lines of some 300 bytes, as long as those of a journal.
func numbered(from, n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"n":%d,"padding":"%0270d"}`, from+i, from+i)
	}
	return lines
}
