//go:build unix

package main

import (
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server tells systemd when it serves, that its loop moves, and when it ends.
func TestNotify(t *testing.T) {
	onLinux(t)
	socket := filepath.Join(t.TempDir(), "notify")
	listener, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "300000")
	s := startServer(t, "--lead-time", "1ms")
	hear := func(want string) {
		t.Helper()
		_ = listener.SetReadDeadline(time.Now().Add(20 * time.Second))
		for text := make([]byte, 1024); ; {
			n, err := listener.Read(text)
			if err != nil {
				t.Fatalf("no %s: %v", want, err)
			}
			if strings.TrimSpace(string(text[:n])) == want {
				return
			}
		}
	}
	hear("READY=1")
	for range 3 {
		hear("WATCHDOG=1")
	}
	if _, errs, status := live(t, "health", "--server", s.address); status != 0 {
		t.Errorf("%d %s", status, errs)
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("%d %s", status, log)
	}
	hear("STOPPING=1")
	if _, errs, status := live(t, "health", "--server", s.address); status != 1 {
		t.Errorf("a server that is gone: %d %s", status, errs)
	}
}
