//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
)

// TestDryRun: claims are served and recorded, and nothing is launched, nor is
// anything that the configuration names touched.
func TestDryRun(t *testing.T) {
	t.Parallel()
	onLinux(t)
	dir := t.TempDir()
	file, record, state := filepath.Join(dir, "pool.yaml"), filepath.Join(dir, "session"), filepath.Join(dir, "state")
	text := `fleet:
  categories:
    - {name: slow, lead_time: 300ms}
policy: {name: static, level: 2}
provisioner:
  process:
    command: [/bin/sh, -c, "echo > ` + filepath.Join(dir, "launched") + `; echo up; exec sleep 1000"]
    ready: {line: "^up$"}
    state: ` + state + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, "--config", file, "--dry-run", "--record", record)
	out, errs, status := live(t, "claim", "--server", s.address, "--tenant", "acme", "--warm", "never", "--format", "json")
	var claim api.Claim
	if err := json.Unmarshal([]byte(out), &claim); err != nil || status != 0 {
		t.Fatalf("claim: %s %s %v", out, errs, err)
	}
	if claim.Address != "virtual:"+claim.Instance || claim.PID != 0 || claim.Outcome != "miss" || claim.WaitS < 0.3 {
		t.Errorf("%+v", claim)
	}
	if _, errs, status := live(t, "release", claim.Claim, "--server", s.address); status != 0 {
		t.Errorf("release: %s", errs)
	}
	out, _, _ = live(t, "status", "--server", s.address, "--format", "json")
	var told runtime.Status
	if err := json.Unmarshal([]byte(out), &told); err != nil || !told.DryRun || told.Launches < 3 {
		t.Errorf("status: %s %v", out, err)
	}
	if out, _, _ := live(t, "status", "--server", s.address); !strings.Contains(out, "dry run") {
		t.Errorf("status: %s", out)
	}
	if pids := children(t, s.Process.Pid); len(pids) > 0 {
		t.Errorf("processes %v", pids)
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 || strings.Contains(log, "level=ERROR") {
		t.Errorf("end: %d %s", status, log)
	}
	for _, name := range []string{filepath.Join(dir, "launched"), state} {
		if _, err := os.Stat(name); !os.IsNotExist(err) {
			t.Errorf("%s: %v, want it not to be there", name, err)
		}
	}
	if out, errs, status := live(t, "verify", filepath.Join(record, eventsFile)); status != 0 {
		t.Errorf("verify: %d %s %s", status, out, errs)
	}
}
