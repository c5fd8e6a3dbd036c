package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestConfigure: a configuration changes while the server runs, by the API and
// by SIGHUP; what cannot be changes nothing, and the former comes back.
func TestConfigure(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pool.yaml")
	write := func(name, text string) string {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const first = "fleet: {tick: 100ms, isolation: none, categories: [{name: a, lead_time: 10ms}]}\npolicy: {name: static, level: 1}\n"
	write(file, first)
	s := startServer(t, "--config", file)
	configure := func(arguments ...string) (string, string, int) {
		return live(t, append([]string{"configure", "--server", s.address}, arguments...)...)
	}
	levels := func(want ...string) {
		t.Helper()
		var out string
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			out, _, _ = live(t, "status", "--server", s.address)
			all := true
			for _, w := range want {
				all = all && strings.Contains(strings.Join(strings.Fields(out), " "), w)
			}
			if all {
				return
			}
		}
		t.Errorf("never %q:\n%s", want, out)
	}
	levels("a 1 1 0")
	if out, errs, status := live(t, "claim", "--server", s.address, "--key", "k"); status != 0 {
		t.Fatalf("%s%s", out, errs)
	}

	second := write(file+".2", strings.ReplaceAll(first, "level: 1", "level: 2")+"timezone: Europe/Berlin\n")
	if out, errs, status := configure(second, "--diff"); status != 0 || !strings.Contains(out, "+policy: {name: static, level: 2}") {
		t.Errorf("diff: %d %s %s", status, out, errs)
	}
	if _, errs, status := configure(second); status != 0 {
		t.Errorf("configure: %s", errs)
	}
	levels("a 2 2 0 0 1") // the claim is held
	if holds, _ := os.ReadFile(file); !strings.Contains(string(holds), "level: 2") {
		t.Errorf("the file is still %s", holds)
	}

	for text, want := range map[string]string{
		strings.Replace(first, "static", "statix", 1):       "statix",
		first + "api: {claim_deadline: 2s}\n":               "api cannot change while the server runs",
		strings.Replace(first, "name: a", "name: other", 1): "category",
	} {
		if _, errs, status := configure(write(file+".bad", text)); status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", text, status, errs)
		}
	}
	levels("a 2 2 0 0 1")

	write(file, strings.Replace(first, "[{name: a, lead_time: 10ms}]", "[{name: a, lead_time: 10ms}, {name: b, lead_time: 20ms}]", 1))
	if err := s.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	levels("a 1 1 0 0 1", "b 1 1 0 0 0")
	if _, errs, status := configure("--back"); status != 2 || !strings.Contains(errs, "category") {
		t.Errorf("back to a file that lacks what is in use: %d %s", status, errs)
	}
	if _, errs, status := live(t, "drain", "--server", s.address); status != 0 {
		t.Error(errs)
	}
	if _, errs, status := live(t, "claim", "--server", s.address, "--category", "b"); status == 0 || !strings.Contains(errs, "draining") {
		t.Errorf("while it drains: %d %s", status, errs)
	}
	if _, errs, status := live(t, "reopen", "--server", s.address); status != 0 {
		t.Error(errs)
	}
	if _, errs, status := live(t, "claim", "--server", s.address, "--category", "b"); status != 0 {
		t.Errorf("reopened: %s", errs)
	}
	_ = s.Process.Kill()
}

// TestConfiguredBefore: a server that stood by goes on with the configuration
// that was taken over meanwhile, not with that of its own start.
func TestConfiguredBefore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "pool.yaml")
	text := `fleet: {tick: 100ms, isolation: none, categories: [{name: a, lead_time: 10ms}]}
policy: {name: static, level: 1}
store: {sqlite: pool.db}
`
	write := func(name, text string) string {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write(file, text)
	endPool(t, filepath.Join(dir, "pool.db-instances"))
	first, second := startServer(t, "--config", file), startServer(t, "--config", file)
	other := write(file+".2", strings.Replace(text, "level: 1", "level: 3", 1))
	configured := false
	for deadline := time.Now().Add(20 * time.Second); !configured && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		_, _, status := live(t, "configure", "--server", first.address, other) // one of them leads
		configured = status == 0
	}
	if !configured {
		t.Fatal("never configured")
	}
	leader, next := first, second
	if out, _, _ := live(t, "status", "--server", second.address); !strings.Contains(out, "level=3") {
		t.Fatalf("before: %s", out)
	}
	leader.end(t, syscall.SIGKILL)
	var out string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if out, _, _ = live(t, "status", "--server", next.address); out != "" {
			break
		}
	}
	if !strings.Contains(out, "policy static:level=3") {
		t.Errorf("who leads next has\n%s", out)
	}
	drainAll(t, next)
	if status, log := next.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("%d %s", status, log)
	}
}
