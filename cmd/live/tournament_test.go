//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/tournament"
	"shadowpool/trace"
)

// tournamentPool is a pool.yaml with a tournament and a recording in a folder.
func tournamentPool(t *testing.T, dir, more string) string {
	t.Helper()
	path := filepath.Join(dir, "pool.yaml")
	text := fmt.Sprintf(`service: {hit_rate: 0.9}
fleet:
  isolation: none
  categories: [{name: shell, lead_time: 5ms}]
policy: {name: static, level: 3}
recording: {requests: %[1]s/requests}
tournament:
  contenders: [none, "static:level=1", adaptive]
  evidence: %[1]s/evidence.json
%[2]s`, dir, more)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTournament: a server from a file holds a tournament and records requests; both outlive it, even
// if it is killed.
func TestTournament(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pool := tournamentPool(t, dir, "")
	s := startServer(t, "--config", pool)
	use := func(s *server, n int) {
		t.Helper()
		for range n {
			if _, errs, status := live(t, "claim", "--server", s.address, "--hold", "1ms"); status != 0 {
				t.Fatal(errs)
			}
		}
	}
	use(s, 5)
	var status tournament.Status
	for deadline := time.Now().Add(20 * time.Second); ; {
		out, errs, code := live(t, "tournament", "--server", s.address, "--format", "json")
		if code != 0 {
			t.Fatal(errs)
		}
		if err := json.Unmarshal([]byte(out), &status); err != nil {
			t.Fatal(err)
		}
		if len(status.Contenders) == 4 && status.Contenders[1].Requests == 5 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s", out)
		}
	}
	if c := status.Contenders; !c[0].Live || c[0].Policy != "static:level=3" || c[1].Hits != 0 || c[3].Policy != "adaptive:hit_rate=0.9" || status.Real.Requests != 5 || status.Switch != "propose" {
		t.Errorf("%+v", status)
	}
	if out, errs, code := live(t, "tournament", "--server", s.address); code != 0 || !strings.Contains(out, "static:level=3 (live)") || !strings.Contains(out, "0 of 14 observations") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	// A second of requests may be lost.
	partial := func() bool {
		all, err := filepath.Glob(filepath.Join(dir, "requests", "*.partial"))
		if err != nil || len(all) != 1 {
			t.Fatalf("%q, %v", all, err)
		}
		text, err := os.ReadFile(all[0])
		return err == nil && strings.Count(string(text), "\n") == 5
	}
	for deadline := time.Now().Add(20 * time.Second); !partial(); {
		if time.Now().After(deadline) {
			t.Fatal("what was served is not on the disk")
		}
	}
	s.end(t, syscall.SIGKILL)
	s = startServer(t, "--config", pool)
	use(s, 2)
	if status, log := s.end(t, syscall.SIGTERM); status != 0 || strings.Contains(log, "level=ERROR") {
		t.Errorf("%d %s", status, log)
	}
	all, err := trace.Load(filepath.Join(dir, "requests"), trace.Options{})
	if err != nil || all.Len() != 7 || all.Strings.Category[all.Category[6]] != "shell" || all.Wait[0] == trace.NoTime {
		t.Errorf("%d requests, %v", all.Len(), err)
	}
}

func TestTournamentUsage(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	if _, errs, status := live(t, "tournament", "--server", s.address); status != 1 || !strings.Contains(errs, "holds no tournament") {
		t.Errorf("%d %s", status, errs)
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("%d %s", status, log)
	}
}
