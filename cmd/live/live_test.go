//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/api"
	"shadowpool/trace"
	"shadowpool/trace/bucket"
)

// asLive makes the test program the command itself; so are then the built-in
// workers that it starts.
const asLive = "SHADOWPOOL_TEST_LIVE"

func TestMain(m *testing.M) {
	// What an agent starts beside itself has nothing of its environment.
	if os.Getenv(asLive) != "" || len(os.Args) > 1 && os.Args[1] == "confine" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func command(arguments ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], arguments...)
	c.Env = append(os.Environ(), asLive+"=1")
	return c
}

// live runs the command to its end.
func live(t *testing.T, arguments ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	c := command(arguments...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// A server is "live serve" as a process.
type server struct {
	*exec.Cmd
	address string
	said    string      // until it served
	log     chan string // the rest of it, at the end
}

var serving = regexp.MustCompile(`msg=serving address=(\S+)`)

func startServer(t *testing.T, arguments ...string) *server {
	t.Helper()
	s := &server{Cmd: command(append([]string{"serve", "--listen", "127.0.0.1:0"}, arguments...)...), log: make(chan string, 1)}
	errs, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if n := slices.Index(arguments, "--store"); n >= 0 { // instances outlive it
		endPool(t, arguments[n+1]+"-instances")
	}
	t.Cleanup(func() { _ = s.Process.Kill() })
	lines := bufio.NewScanner(errs)
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
		if found := serving.FindStringSubmatch(lines.Text()); found != nil {
			s.address, s.said = found[1], strings.Join(all, "\n")
			go func() {
				var rest []string
				for lines.Scan() {
					rest = append(rest, lines.Text())
				}
				s.log <- strings.Join(rest, "\n")
			}()
			return s
		}
	}
	t.Fatalf("no server: %s", strings.Join(all, "\n"))
	return nil
}

// end sends a signal and waits for the end.
func (s *server) end(t *testing.T, signal syscall.Signal) (status int, log string) {
	t.Helper()
	if err := s.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	log = <-s.log
	_ = s.Wait()
	return s.ProcessState.ExitCode(), log
}

// children are the processes that a process has started.
func children(t *testing.T, parent int) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // it is gone
		}
		pid, _ := strconv.Atoi(strings.Split(name, "/")[2])
		_, after, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(after); len(f) > 1 && f[1] == strconv.Itoa(parent) && f[0] != "Z" {
			pids = append(pids, pid)
		}
	}
	return pids
}

// vanish waits until processes are gone.
func vanish(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		for deadline := time.Now().Add(10 * time.Second); ; {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err != nil || strings.Contains(string(stat), ") Z ") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("process %d is still there", pid)
			}
		}
	}
}

func onLinux(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
}

// TestSession: a server without configuration, its clients, a trace driven
// through it, its recording verified, and nothing left behind.
func TestSession(t *testing.T) {
	t.Parallel()
	onLinux(t)
	dir := t.TempDir()
	recording := filepath.Join(dir, "recording")
	s := startServer(t, "--record", recording, "--lead-time", "10ms", "--stop-timeout", "10s")
	on := []string{"--server", s.address, "--format", "json"}

	out, errs, status := live(t, append([]string{"claim", "--tenant", "acme", "--deadline", "10s"}, on...)...)
	var claim api.Claim
	if err := json.Unmarshal([]byte(out), &claim); err != nil || status != 0 {
		t.Fatalf("claim: %s %s %v", out, errs, err)
	}
	if _, errs, status := live(t, "release", claim.Claim, "--server", s.address); status != 0 {
		t.Errorf("release: %s", errs)
	}
	if _, errs, status := live(t, "release", claim.Claim, "--server", s.address); status != 1 || !strings.Contains(errs, "unknown claim") {
		t.Errorf("released twice: %d %s", status, errs)
	}
	if _, errs, status := live(t, "claim", "--category", "gpu", "--server", s.address); status != 2 || !strings.Contains(errs, "known are default") {
		t.Errorf("unknown category: %d %s", status, errs)
	}

	// A trace of a minute, sixty times as fast.
	b := trace.NewBuilder()
	for i := range int64(20) {
		if err := b.Add(trace.Record{
			Arrival: 1e18 + i*3e9, Duration: 2e9, Category: "default", Tenant: "acme", Announced: trace.NoTime, Wait: trace.NoTime,
		}); err != nil {
			t.Fatal(err)
		}
	}
	requests, err := b.Build("minute", false)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "minute.parquet")
	if err := bucket.Write(t.Context(), file, func(w io.Writer) error { return trace.WriteParquet(w, requests) }); err != nil {
		t.Fatal(err)
	}
	out, errs, status = live(t, append([]string{"replay", "--trace", file, "--speed", "60"}, on...)...)
	var done api.Replayed
	if err := json.Unmarshal([]byte(out), &done); err != nil || status != 0 || done.Requests != 20 || done.Failed != 0 {
		t.Errorf("replay: %d %s %s", status, out, errs)
	}
	if out, _, status := live(t, "status", "--server", s.address); status != 0 || !strings.Contains(out, "21 requests") {
		t.Errorf("status: %d %s", status, out)
	}

	pids := children(t, s.Process.Pid)
	if len(pids) == 0 {
		t.Error("a pool without processes")
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 || !strings.Contains(log, "msg=stopped") || strings.Contains(log, "level=ERROR") {
		t.Errorf("end: %d %s", status, log)
	}
	vanish(t, pids)

	if out, errs, status := live(t, "verify", recording); status != 0 || !strings.Contains(out, "the same: ") {
		t.Errorf("verify: %d %s %s", status, out, errs)
	}
	events := filepath.Join(recording, eventsFile)
	log, err := os.ReadFile(events)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(log), `"reason":"single_use"`, `"reason":"surplus"`, 1)
	if err := os.WriteFile(events, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, status := live(t, "verify", events); status != 1 || !strings.Contains(errs, "decided afresh") {
		t.Errorf("verify of a changed log: %d %s", status, errs)
	}
	recorded, err := trace.Load(filepath.Join(recording, requestsFile), trace.Options{})
	if err != nil || recorded.Len() != 21 || recorded.Strings.Tenant[recorded.Tenant[20]] != "acme" || recorded.Wait[0] == trace.NoTime {
		t.Errorf("recorded %d requests, %v", recorded.Len(), err)
	}
	if _, errs, status := live(t, "serve", "--record", recording, "--listen", "127.0.0.1:0"); status != 2 || !strings.Contains(errs, "holds a recording already") {
		t.Errorf("recorded twice: %d %s", status, errs)
	}
}

// TestKilled: even a server that is killed leaves no process behind.
func TestKilled(t *testing.T) {
	t.Parallel()
	onLinux(t)
	s := startServer(t, "--lead-time", "1ms", "--quiet=false")
	out, errs, status := live(t, "claim", "--server", s.address, "--format", "json")
	if status != 0 {
		t.Fatalf("%s %s", out, errs)
	}
	pids := children(t, s.Process.Pid)
	if len(pids) < 2 {
		t.Errorf("%d processes", len(pids))
	}
	s.end(t, syscall.SIGKILL)
	vanish(t, pids)
}

// TestTwoSignals: the second one does not wait for claims.
func TestTwoSignals(t *testing.T) {
	t.Parallel()
	onLinux(t)
	s := startServer(t, "--lead-time", "1ms", "--stop-timeout", "1h")
	if _, errs, status := live(t, "claim", "--server", s.address); status != 0 {
		t.Fatal(errs)
	}
	pids := children(t, s.Process.Pid)
	if err := s.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for status := 0; status == 0; { // until it drains
		_, _, status = live(t, "claim", "--server", s.address, "--deadline", "1ms", "--hold", "1ns")
	}
	if status, log := s.end(t, syscall.SIGINT); status != 0 {
		t.Errorf("%d %s", status, log)
	}
	vanish(t, pids)
}

// TestConfig: a server from a file, with a command of the user's own.
func TestConfig(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pool.yaml")
	text := `fleet:
  categories:
    - name: shell
      lead_time: 1s
policy:
  name: static
  level: 1
provisioner:
  process:
    command: [/bin/sh, -c, "echo up here; exec sleep 1000"]
    ready: {line: "^up (.*)$"}
    warm_up: [/bin/sh, -c, "test $SHADOWPOOL_ADDRESS = here"]
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, "--config", file)
	out, errs, status := live(t, "claim", "--server", s.address, "--tenant", "acme", "--hold", "1ms")
	if status != 0 || !strings.Contains(out, "here") {
		t.Errorf("%d %s %s", status, out, errs)
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("%d %s", status, log)
	}
}

// TestZones: claims are served where they ask for, those that name no zone where
// an instance costs least, and the log of it all verifies.
func TestZones(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, record := filepath.Join(dir, "pool.yaml"), filepath.Join(dir, "session")
	text := `fleet:
  isolation: none
  categories:
    - name: shell
      lead_time: 1s
      zones: [eu-a, {name: eu-b, prices: {on_demand: 0.5}}]
policy: {name: static, level: 1}
provisioner:
  categories:
    - name: shell
      command: [/bin/sh, -c, "echo up $SHADOWPOOL_CATEGORY in $SHADOWPOOL_ZONE; exec sleep 1000"]
      ready: {line: "^up (.*)$"}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, "--config", file, "--record", record)
	client, err := api.NewClient(s.address)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ zone, want string }{{"eu-a", "eu-a"}, {"eu-b", "eu-b"}, {"", "eu-b"}} {
		for warm := 0; warm < 2; { // else the other zone might serve the last
			now, err := client.Status(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			warm = 0
			for _, p := range now.Pools {
				warm += int(p.Warm)
			}
		}
		out, errs, status := live(t, "claim", "--server", s.address, "--zone", c.zone, "--hold", "1ms", "--format", "json")
		var got api.Claim
		if err := json.Unmarshal([]byte(out), &got); err != nil || status != 0 {
			t.Fatalf("%d %s %v", status, errs, err)
		}
		if got.Category != "shell" || got.Zone != c.want || got.Address != "shell in "+c.want || got.Environment["SHADOWPOOL_ZONE"] != c.want {
			t.Errorf("a claim in %q gets %+v", c.zone, got)
		}
	}
	_, errs, status := live(t, "claim", "--server", s.address, "--zone", "eu-c")
	if want := `category "shell" is not in zone "eu-c" (did you mean eu-a?); it is in eu-a, eu-b`; status != 2 || !strings.Contains(errs, want) {
		t.Errorf("%d %s", status, errs)
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("%d %s", status, log)
	}
	if out, errs, status := live(t, "verify", filepath.Join(record, eventsFile)); status != 0 {
		t.Errorf("%d %s %s", status, out, errs)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "pool.yaml")
	if err := os.WriteFile(file, []byte("fleet:\n  categories:\n    - nme: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pooled := filepath.Join(dir, "pooled.yaml")
	if err := os.WriteFile(pooled, []byte("fleet: {pooled: true, categories: [{name: a, lead_time: 1s}]}\npolicy: {name: none}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		arguments string
		status    int
		says      string
	}{
		{"--version", 0, ""},
		{"serve --policy magic", 2, `no policy "magic"`},
		{"serve --policy static,none", 2, "2 policies"},
		{"serve --policy static:level=-1", 2, "whole number"},
		{"serve --config " + file, 2, "pool.yaml:3"},
		{"serve --config " + dir + "/none.yaml", 2, "none.yaml"},
		{"serve --config " + pooled, 2, "fleet.pooled"},
		{"serve --config " + file + " --category x", 2, "--category and --config"},
		{"serve --reusable --single-use", 2, "exclude"},
		{"serve --tick 1us", 2, "not between 1ms and 24h"},
		{"serve --listen 127.0.0.1:0 --usage-interval 99ms", 2, "between 100 ms and 1 h"},
		{"serve --usage-interval 0s", 2, "--usage-interval must be above zero"},
		{"serve --binding never", 2, "neither late nor early"},
		{"serve --listen nowhere", 1, "--listen"},
		{"serve --frobnicate", 2, "--help"},
		{"serve now", 2, "usage: live serve"},
		{"claim --server ftp://x", 2, "not an address"},
		{"claim --format xml", 2, "neither table nor json"},
		{"claim --server 127.0.0.1:1", 1, "is a server running there?"},
		{"release", 2, "usage: live release"},
		{"replay", 2, "--trace FILE"},
		{"replay --trace " + file + " --speed 0", 2, "--speed"},
		{"verify " + dir, 2, "events.jsonl"},
		{"verify " + file, 2, "not the header"},
		{"juggle", 2, "juggle"},
	} {
		_, errs, status := live(t, strings.Fields(tt.arguments)...)
		if status != tt.status || !strings.Contains(errs, tt.says) {
			t.Errorf("live %s: status %d, %s; want %d and %q", tt.arguments, status, errs, tt.status, tt.says)
		}
	}
}
