//go:build unix

package postgres

import (
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/storetest"
)

// A server that is frozen with its connections open, and wakes when another
// leads, writes nothing.
func TestFrozen(t *testing.T) {
	_, c := database(t)
	c.Lease = 2 * time.Second
	frozen := storetest.Start(t, place(c))
	if err := frozen.Tell("one"); err != nil {
		t.Fatal(err)
	}
	if answer := frozen.Answer(); answer != "done" {
		t.Fatal(answer)
	}
	if err := frozen.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	l := leads(t, opened(t, c))
	if took := time.Since(began); took > 2*c.Lease {
		t.Errorf("the next leads after %s, for a lease of %s", took, c.Lease)
	}
	add(t, l, "two")
	if err := frozen.Tell("late"); err != nil {
		t.Fatal(err)
	}
	if err := frozen.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if answer := frozen.Answer(); answer != "fenced" {
		t.Errorf("append of a server that was frozen: %s, want fenced", answer)
	}
	holds(t, l, "one", "two")
	kept(t, l)
}
