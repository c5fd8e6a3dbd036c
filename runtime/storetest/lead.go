package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shadowpool/runtime"
)

// Of many that want to lead one does at a time, in terms that increase.
func oneAtATime(t *testing.T, f Fixture) {
	const servers = 6
	var leading atomic.Int32
	var mu sync.Mutex
	var terms []int64
	var all sync.WaitGroup
	for range servers {
		s := open(t, f)
		all.Go(func() {
			for range 2 {
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				l, err := s.Lead(ctx, replica("one"))
				cancel()
				if err != nil {
					t.Errorf("lead: %v", err)
					return
				}
				if leading.Add(1) != 1 {
					t.Error("two lead")
				}
				mu.Lock()
				terms = append(terms, l.Term())
				mu.Unlock()
				if err := l.Append(t.Context(), bytesOf("led")); err != nil {
					t.Errorf("append: %v", err)
				}
				leading.Add(-1)
				if err := l.Release(t.Context()); err != nil {
					t.Errorf("release: %v", err)
				}
			}
		})
	}
	all.Wait()
	if !slices.IsSorted(terms) || len(slices.Compact(terms)) != 2*servers {
		t.Errorf("terms are %v, want %d that increase", terms, 2*servers)
	}
	holds(t, led(t, open(t, f), "last", limit), "", slices.Repeat([]string{"led"}, 2*servers)...)
}

func oncePerStore(t *testing.T, f Fixture) {
	s := open(t, f)
	l := led(t, s, "first", limit)
	refused(t, s)
	let(t, l)
	if next := led(t, s, "first", limit); next.Term() <= l.Term() {
		t.Errorf("term %d after %d", next.Term(), l.Term())
	}
}

// refused checks that a store cannot lead for now.
func refused(t *testing.T, s runtime.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if l, err := s.Lead(ctx, replica("other")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("lead while another does: %v, %v", l, err)
	}
}

func givesUp(t *testing.T, f Fixture) {
	l := first(t, f)
	other := open(t, f)
	refused(t, other)
	add(t, l, "still")
	let(t, l)
	holds(t, led(t, other, "second", soon), "", "still")
}

// A lead that is released is another's at once, and not when its lease ends.
func release(t *testing.T, f Fixture) {
	stores := []runtime.Store{open(t, f), open(t, f)}
	l := led(t, stores[0], "first", limit)
	add(t, l, "one")
	quickest := limit
	for n := 1; n <= 5; n++ { // as the machine may be busy with something else
		next := make(chan runtime.Lead)
		go func() {
			defer close(next)
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			if l, err := stores[n%2].Lead(ctx, replica("next")); err != nil {
				t.Errorf("lead: %v", err)
			} else {
				next <- l
			}
		}()
		time.Sleep(100 * time.Millisecond) // it waits by now
		kept(t, l)
		began := time.Now()
		let(t, l)
		heir, ok := <-next
		if !ok {
			return
		}
		quickest = min(quickest, time.Since(began))
		lost(t, l)
		fenced(t, l)
		let(t, l) // once more does nothing
		holds(t, heir, "", "one")
		kept(t, heir)
		l = heir
	}
	if quickest > soon/4 {
		t.Errorf("the next leads after %s", quickest)
	}
}

func closed(t *testing.T, f Fixture) {
	s, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	l := led(t, s, "first", limit)
	add(t, l, "one")
	waiting := make(chan error, 1)
	go func() {
		_, err := s.Lead(t.Context(), replica("first"))
		waiting <- err
	}()
	time.Sleep(50 * time.Millisecond) // it waits by now
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-waiting:
		if err == nil {
			t.Error("a closed store leads")
		}
	case <-time.After(limit):
		t.Error("one waits for the lead of a closed store")
	}
	lost(t, l)
	fenced(t, l)
	if _, err := s.Lead(t.Context(), replica("first")); err == nil {
		t.Error("a closed store leads")
	}
	if _, err := s.Leader(t.Context()); err == nil {
		t.Error("a closed store knows who leads")
	}
	if err := s.Close(); err != nil {
		t.Errorf("close once more: %v", err)
	}
	holds(t, led(t, open(t, f), "second", soon), "", "one")
}

func whoLeads(t *testing.T, f Fixture) {
	stores := []runtime.Store{open(t, f), open(t, f)}
	none := func() {
		t.Helper()
		for _, s := range stores {
			if who, err := s.Leader(t.Context()); !errors.Is(err, runtime.ErrNoLeader) {
				t.Errorf("%v leads (%v), want nobody", who, err)
			}
		}
	}
	is := func(want string) {
		t.Helper()
		for _, s := range stores {
			if who, err := s.Leader(t.Context()); err != nil || who != replica(want) {
				t.Errorf("%v leads (%v), want %s", who, err, want)
			}
		}
	}
	none()
	l := led(t, stores[0], "first", limit)
	is("first")
	let(t, l)
	none()
	l = led(t, stores[1], "second", limit)
	is("second")
	if err := f.Usurp(); err != nil {
		t.Fatal(err)
	}
	led(t, stores[0], "third", limit)
	is("third")
	_ = l.Release(t.Context())
	is("third")
}

func unused(t *testing.T, f Fixture) {
	l := first(t, f)
	other := open(t, f)
	ctx, cancel := context.WithTimeout(t.Context(), 3*f.Lease+100*time.Millisecond)
	defer cancel()
	if _, err := other.Lead(ctx, replica("second")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("lead while another does: %v", err)
	}
	kept(t, l)
	add(t, l, "still")
}

func crashed(t *testing.T, f Fixture) {
	l := first(t, f)
	add(t, l, "one")
	let(t, l)
	if err := f.Crash(); err != nil {
		t.Fatal(err)
	}
	next := led(t, open(t, f), "second", f.Lease+soon)
	if next.Term() <= l.Term()+1 {
		t.Errorf("term %d, after %d and that of the one that crashed", next.Term(), l.Term())
	}
	holds(t, next, "", "one")
}
