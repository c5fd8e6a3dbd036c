package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/api"
)

// TestStatusOfUsage: status tells what real processes use, and which were warmed up in
// vain.
func TestStatusOfUsage(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--lead-time", "1ms", "--usage-interval", "100ms", "--stop-timeout", "1h")
	out, errs, status := live(t, "claim", "--server", s.address, "--format", "json")
	var claim api.Claim
	if err := json.Unmarshal([]byte(out), &claim); err != nil || status != 0 {
		t.Fatalf("claim: %s %s %v", out, errs, err)
	}
	await := func(want string) {
		t.Helper()
		wanted := regexp.MustCompile(want)
		for deadline := time.Now().Add(20 * time.Second); ; {
			out, errs, status := live(t, "status", "--server", s.address)
			if status == 0 && wanted.MatchString(out) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("no %s: %s %s", want, out, errs)
			}
		}
	}
	await(`(?m)^default +2( +[1-9][0-9.]* MiB){3} +[0-9.]+ %( +[0-9.]+ [KM]?i?B){2} +\d+s ago$`)
	await(`(?m)^default +0\.\d{3} s +0\.\d{3} s +- +- +0 +- +0\.00 s CPU$`)
	await(`(?m)^default: measured memory (0\.[5-9]\d|1\.00), .*; no memory is configured$`)
	if _, errs, status := live(t, "release", claim.Claim, "--server", s.address); status != 0 {
		t.Fatal(errs)
	}
	if _, errs, status := live(t, "drain", "--server", s.address); status != 0 {
		t.Fatal(errs)
	}
	await(`(?m)^default .* +3 +2 \(66\.7 %\) +\d+\.\d\d s CPU$`)
	if status, log := s.end(t, syscall.SIGTERM); status != 0 || strings.Contains(log, "level=WARN") {
		t.Errorf("%d %s", status, log)
	}
}
