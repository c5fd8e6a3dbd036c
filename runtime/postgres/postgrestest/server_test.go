package postgrestest

import (
	"testing"
	"time"
)

// A server survives that it is killed, with what was committed.
func TestKill(t *testing.T) {
	s := Start(t)
	s.Database(t, "a")
	if err := s.Exec("a", "CREATE TABLE t (a int)"); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if err := s.Exec("a", "SELECT 1"); err == nil {
		t.Error("a killed server answers")
	}
	began := time.Now()
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	t.Logf("again there after %s", time.Since(began))
	if err := s.Exec("a", "SELECT * FROM t"); err != nil {
		t.Error(err)
	}
}
