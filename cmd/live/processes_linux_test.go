package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/api"
)

// TestStandby: a server that waits goes on with the processes of the one that
// led, and releases what that has handed out.
func TestStandby(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "stopped": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := filepath.Join(t.TempDir(), "store")
			first := startServer(t, "--store", store, "--lead-time", "1ms")
			var claim api.Claim
			for deadline := time.Now().Add(30 * time.Second); claim.Claim == ""; time.Sleep(20 * time.Millisecond) {
				out, errs, status := live(t, "claim", "--server", first.address, "--format", "json")
				if err := json.Unmarshal([]byte(out), &claim); status == 0 && err != nil || status != 0 && time.Now().After(deadline) {
					t.Fatalf("claim: %s %s %v", out, errs, err) // it takes a moment to lead
				}
			}
			second := startServer(t, "--store", store, "--lead-time", "1ms")
			if status, log := first.end(t, signal); signal == syscall.SIGTERM && status != 0 {
				t.Errorf("end: %d %s", status, log)
			}
			for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				_, errs, status := live(t, "release", claim.Claim, "--server", second.address)
				if status == 0 {
					break
				}
				if strings.Contains(errs, "unknown claim") || time.Now().After(deadline) {
					t.Fatalf("release: %s", errs)
				}
			}
			drainAll(t, second)
			if status, log := second.end(t, syscall.SIGTERM); status != 0 {
				t.Errorf("end: %d %s", status, log)
			}
			vanish(t, []int{claim.PID})
			for pid := range ofPool(t, store+"-instances") {
				vanish(t, []int{pid})
			}
		})
	}
}

// TestKeptBy: what outlives the server needs a store, and what launches nothing
// may have none.
func TestKeptBy(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pool.yaml")
	text := `fleet: {categories: [{name: a, lead_time: 1s}]}
policy: {name: none}
provisioner: {process: {state: processes}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		arguments []string
		says      string
	}{
		{[]string{"serve", "--config", file}, "pool.yaml: provisioner.process.state: processes that outlive the server are known by what a store keeps; set store, or leave state out"},
		{[]string{"serve", "--dry-run", "--store", file + ".db"}, "--dry-run keeps nothing; leave --store out"},
	} {
		if _, errs, status := live(t, tt.arguments...); status != 2 || !strings.Contains(errs, tt.says) {
			t.Errorf("live %v: status %d, %s; want 2 and %q", tt.arguments, status, errs, tt.says)
		}
	}
}
