package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// plenty are limits that no test reaches by accident.
var plenty = limits{Time: time.Minute, Memory: 256 << 20, Processes: 50, File: 10 << 20}

// scratchOf is a folder that the unprivileged user can reach.
func scratchOf(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "shadowpool-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// shell runs a script confined.
func shell(t *testing.T, most limits, script string) error {
	t.Helper()
	return confined(t.Context(), scratchOf(t), []string{"sh", "-c", script}, []string{"GIVEN=yes"}, "nobody", most)
}

// marked counts the processes whose arguments have a mark.
func marked(t *testing.T, mark string) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range all {
		if b, err := os.ReadFile(name); err == nil && strings.Contains(string(b), mark) {
			n++
		}
	}
	return n
}

func markOf(t *testing.T) string { return fmt.Sprintf("7%d%d", os.Getpid(), time.Now().UnixNano()%1e6) }

func TestCleanEnvironment(t *testing.T) {
	t.Setenv("SHADOWPOOL_AGENT_TOKEN", "hush")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "hush")
	if err := shell(t, plenty, `test "$GIVEN" = yes && test -w "$HOME" && test "$(pwd)" = "$HOME" && ! env | grep -q hush && test "$(ls /proc/self/fd | wc -l)" -le 4`); err != nil {
		t.Error(err)
	}
	if err := shell(t, plenty, "echo why; exit 3"); err == nil || !strings.Contains(err.Error(), "status 3") || !strings.Contains(err.Error(), "why") {
		t.Error(err)
	}
	if err := confined(t.Context(), scratchOf(t), []string{"no-such-program"}, nil, "nobody", plenty); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Error(err)
	}
}

func TestUnprivileged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("commands run as the agent's own user, as it is not root")
	}
	if err := shell(t, plenty, `test "$(id -un)" = nobody && test "$(id -G)" = "$(id -g)" && ! cat /etc/shadow 2>/dev/null && grep -q '^NoNewPrivs:.*1' /proc/self/status && grep -q '^CapEff:.*0000000000000000' /proc/self/status`); err != nil {
		t.Error(err)
	}
	for _, user := range []string{"root", "no-such-user"} {
		if err := confined(t.Context(), scratchOf(t), []string{"true"}, nil, user, plenty); err == nil {
			t.Errorf("it runs as %s", user)
		}
	}
}

func TestLimits(t *testing.T) {
	with := func(change func(*limits)) limits {
		l := plenty
		change(&l)
		return l
	}
	for _, c := range []struct {
		name   string
		most   limits
		script string
		says   string
	}{
		{"time", with(func(l *limits) { l.Time = 300 * time.Millisecond }), "sleep 60", "longer than 300ms"},
		// Many processes, none of which is too large by itself.
		{"memory", with(func(l *limits) { l.Memory = 40 << 20 }), "for i in 1 2 3 4; do (head -c 20m /dev/zero | tail; sleep 60) & done; wait", "bytes in memory"},
		{"memory of one", with(func(l *limits) { l.Memory = 40 << 20 }), "head -c 400m /dev/zero | tail", ""},
		{"processes", with(func(l *limits) { l.Processes = 10 }), "for i in $(seq 20); do sleep 60 & done; wait", "processes"},
		{"file", with(func(l *limits) { l.File = 1 << 20 }), "trap '' XFSZ; head -c 2m /dev/zero > big && exit 0; exit 9", "status 9"},
	} {
		began := time.Now()
		err := shell(t, c.most, c.script)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: it took %v", c.name, took)
		}
	}
}

// A fork bomb is ended, with all that it has started.
func TestForkBomb(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("without a user of its own nothing slows it down")
	}
	mark := markOf(t)
	l := plenty
	// It may burn out at the kernel's limit before it is seen.
	l.Processes, l.Time = 20, 3*time.Second
	err := shell(t, l, `b() { b | b & }; b; exec sleep `+mark)
	if err == nil {
		t.Error("it was let run")
	}
	if n := marked(t, mark); n > 0 {
		t.Errorf("%d processes are left", n)
	}
}

// What leaves its group, and its session, is ended with the others.
func TestNothingEscapes(t *testing.T) {
	mark := markOf(t)
	err := shell(t, plenty, "setsid sh -c 'setsid sleep "+mark+" & setsid sleep "+mark+"' >/dev/null 2>&1 & sleep 0.3")
	if n := marked(t, mark); err != nil || n > 0 {
		t.Errorf("%d are left, %v", n, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	began := make(chan time.Time, 1)
	time.AfterFunc(500*time.Millisecond, func() { began <- time.Now(); cancel(errEnough) })
	err = confined(ctx, scratchOf(t), []string{"sh", "-c", "trap '' TERM INT; setsid sleep " + mark + " & while :; do sleep " + mark + "; done"}, nil, "nobody", plenty)
	took := time.Since(<-began)
	if n := marked(t, mark); !errors.Is(err, errEnough) || n > 0 || took > time.Second {
		t.Errorf("stopped after %v: %d are left, %v", took, n, err)
	}
	t.Logf("stopped after %v", took)
}

// TestAgentKilled: neither a command nor a folder outlives an agent that is
// killed.
func TestAgentKilled(t *testing.T) {
	if dir := os.Getenv("SHADOWPOOL_TEST_VICTIM"); dir != "" {
		if _, err := keep(filepath.Join(dir, "kept")); err != nil {
			t.Fatal(err)
		}
		_ = confined(t.Context(), dir, []string{"sh", "-c", "setsid sleep $MARK & sleep $MARK"}, []string{"MARK=" + os.Getenv("MARK")}, "nobody", plenty)
		return
	}
	dir, mark := scratchOf(t), markOf(t)
	if err := os.MkdirAll(filepath.Join(dir, "kept", "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	victim := exec.Command(os.Args[0], "-test.run=^TestAgentKilled$")
	victim.Env = append(os.Environ(), "SHADOWPOOL_TEST_VICTIM="+dir, "MARK="+mark)
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the command runs", func() bool { return marked(t, mark) == 2 })
	if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait()
	until(t, "nothing is left", func() bool {
		_, err := os.Stat(filepath.Join(dir, "kept"))
		return marked(t, mark) == 0 && errors.Is(err, os.ErrNotExist)
	})
}

func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !met(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
