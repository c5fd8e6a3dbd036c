package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func nothingYet(t *testing.T, f Fixture) {
	l := first(t, f)
	holds(t, l, "")
	if l.Term() <= 0 {
		t.Errorf("the first term is %d", l.Term())
	}
}

func inOrder(t *testing.T, f Fixture) {
	l := first(t, f)
	add(t, l, "one")
	add(t, l, "two", "three")
	add(t, l, "", "a\nb", "\x00\xff'\\")
	want := append([]string{"one", "two", "three", "", "a\nb", "\x00\xff'\\"}, numbered(0, 500)...)
	for n := 0; n < 500; n += 20 {
		add(t, l, want[6+n:6+n+20]...)
	}
	holds(t, l, "", want...)
	let(t, l)

	l = led(t, open(t, f), "second", limit)
	holds(t, l, "", want...)
	add(t, l, "after")
	holds(t, l, "", append(want, "after")...)
}

func emptyAppends(t *testing.T, f Fixture) {
	l := first(t, f)
	for _, none := range [][][]byte{nil, {}} {
		if err := l.Append(t.Context(), none); err != nil {
			t.Errorf("append of nothing: %v", err)
		}
	}
	holds(t, l, "")
	add(t, l, "one")
	if err := l.Append(t.Context(), nil); err != nil {
		t.Errorf("append of nothing: %v", err)
	}
	holds(t, l, "", "one")
}

func snapshots(t *testing.T, f Fixture) {
	s := open(t, f)
	l := led(t, s, "first", limit)
	add(t, l, "one", "two")
	put(t, l, "up to two")
	holds(t, l, "up to two")
	add(t, l, "three")
	holds(t, l, "up to two", "three")
	put(t, l, "up to three")
	put(t, l, "up to three again")
	holds(t, l, "up to three again")
	let(t, l)

	l = led(t, s, "second", limit)
	add(t, l, "four")
	holds(t, l, "up to three again", "four")
	if err := l.Snapshot(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if snapshot, lines, err := l.Load(t.Context()); err != nil || snapshot == nil || len(snapshot) > 0 || len(lines) > 0 {
		t.Errorf("of an empty snapshot there is %q, %q (%v)", snapshot, lines, err)
	}
}

func muchAtOnce(t *testing.T, f Fixture) {
	l := first(t, f)
	lines := append(numbered(0, 50_000), strings.Repeat("long", 1<<18))
	add(t, l, lines...)
	holds(t, l, "", lines...)
	snapshot := strings.Repeat("state", 4<<20)
	put(t, l, snapshot)
	add(t, l, "after")
	let(t, l)
	holds(t, led(t, open(t, f), "second", limit), snapshot, "after")
}

// Appends of several goroutines are each in one piece, and in order by
// goroutine.
func severalAtATime(t *testing.T, f Fixture) {
	l := first(t, f)
	const writers, batches, size = 8, 30, 5
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for b := range batches {
				lines := make([][]byte, size)
				for i := range lines {
					lines[i] = fmt.Appendf(nil, "%d %d %d", w, b, i)
				}
				if err := l.Append(t.Context(), lines); err != nil {
					t.Errorf("append: %v", err)
				}
				if b%10 == 0 {
					if _, _, err := l.Load(t.Context()); err != nil {
						t.Errorf("load: %v", err)
					}
				}
			}
		})
	}
	all.Wait()
	_, lines, err := l.Load(t.Context())
	if err != nil || len(lines) != writers*batches*size {
		t.Fatalf("%d lines (%v), want %d", len(lines), err, writers*batches*size)
	}
	next := make([]int, writers)
	for at := 0; at < len(lines); at += size {
		var w int
		if _, err := fmt.Sscan(string(lines[at]), &w); err != nil {
			t.Fatal(err)
		}
		for i := range size {
			if want := fmt.Sprintf("%d %d %d", w, next[w], i); string(lines[at+i]) != want {
				t.Fatalf("line %d is %q, want %q", at+i, lines[at+i], want)
			}
		}
		next[w]++
	}
}

func cancelledBefore(t *testing.T, f Fixture) {
	s := open(t, f)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Lead(gone, replica("gone")); !errors.Is(err, context.Canceled) {
		t.Errorf("lead with a cancelled context: %v", err)
	}
	l := led(t, s, "first", limit)
	add(t, l, "one")
	if err := l.Append(gone, bytesOf("two")); !errors.Is(err, context.Canceled) {
		t.Errorf("append with a cancelled context: %v", err)
	}
	if err := l.Snapshot(gone, []byte("two")); !errors.Is(err, context.Canceled) {
		t.Errorf("snapshot with a cancelled context: %v", err)
	}
	if _, _, err := l.Load(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("load with a cancelled context: %v", err)
	}
	let(t, l)
	holds(t, led(t, s, "second", limit), "", "one")
}

// Whatever the instant at which an append or a snapshot is cancelled, it is
// there as a whole or not at all, and there for certain if it said so.
func cancelledWhile(t *testing.T, f Fixture) {
	s := open(t, f)
	l := led(t, s, "first", limit)
	began := time.Now()
	add(t, l, numbered(0, 2000)...)
	put(t, l, "one")
	usual := time.Since(began)
	cancelled := 0
	for round := range 20 {
		before, beforeLines, err := l.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), usual*time.Duration(round)/20)
		size := 2000 + round
		appended := l.Append(ctx, bytesOf(numbered(0, size)...))
		var snapped error
		if appended == nil {
			snapped = l.Snapshot(ctx, fmt.Append(nil, round))
		}
		cancel()
		if appended != nil || snapped != nil {
			cancelled++
		}
		let(t, l)
		l = led(t, s, "next", limit)
		after, lines, err := l.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same := bytes.Equal(before, after)
		switch n := len(lines) - len(beforeLines); {
		case same && n == size:
		case same && n == 0 && appended != nil:
		case string(after) == fmt.Sprint(round) && len(lines) == 0 && appended == nil:
		default:
			t.Fatalf("round %d (%v, %v): snapshot %q and %d lines became %q and %d",
				round, appended, snapped, before, len(beforeLines), after, len(lines))
		}
		if snapped == nil && appended == nil && same {
			t.Fatalf("round %d: the snapshot is not there", round)
		}
	}
	if cancelled == 0 {
		t.Error("no write was cancelled")
	}
}

// A former lead that does not know yet writes nothing.
func taken(t *testing.T, f Fixture) {
	old := first(t, f)
	add(t, old, "old")
	if err := f.Usurp(); err != nil {
		t.Fatal(err)
	}
	l := led(t, open(t, f), "second", limit)
	fenced(t, old)
	lost(t, old)
	if l.Term() <= old.Term() {
		t.Errorf("term %d after %d", l.Term(), old.Term())
	}
	add(t, l, "new")
	_ = old.Release(t.Context())
	holds(t, l, "", "old", "new")
	kept(t, l)
	add(t, l, "newer")
	holds(t, l, "", "old", "new", "newer")
}
