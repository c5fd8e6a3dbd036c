package storetest

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"shadowpool/runtime"
)

// Kills starts a server at the place, rounds times, which appends lines as fast
// as it can, and kills it at some instant. Of what it said was durable nothing
// may be missing, and nothing may be there twice or out of order.
func Kills(t *testing.T, place string, rounds int, open func(place string) (runtime.Store, error)) {
	f := Fixture{Open: func() (runtime.Store, error) { return open(place) }}
	said := 0
	for round := range rounds {
		c, err := start("write", place)
		if err != nil {
			t.Fatal(err)
		}
		before := said
		after := time.Duration(rand.Int64N(int64(60 * time.Millisecond)))
		for c.out.Scan() {
			if said == before {
				time.AfterFunc(after, func() { _ = c.Kill() })
			}
			if said, err = strconv.Atoi(c.out.Text()); err != nil {
				t.Fatal(err)
			}
		}
		c.Crash()
		if said == before {
			t.Fatalf("round %d: the child wrote nothing", round)
		}
		there := found(t, f)
		if there < said {
			t.Fatalf("round %d: lines up to %d are there, %d were durable", round, there, said)
		}
		if there > said+200 {
			t.Fatalf("round %d: %d lines are there that were not said to be durable, more than a batch", round, there-said)
		}
		said = there
	}
	t.Logf("%d lines, %d kills", said, rounds)
}

// found is the last line that another server finds.
func found(t *testing.T, f Fixture) int {
	t.Helper()
	s, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := led(t, s, "heir", limit)
	snapshot, lines, err := l.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, err := last(snapshot, lines)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
