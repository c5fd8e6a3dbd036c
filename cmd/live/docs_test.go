//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// free is an address that nobody listens on for now.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// page is a documentation page's commands and the files that it shows.
func page(t *testing.T, name string) (commands []string, files map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	fenced, file := false, ""
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced, file = !fenced, ""
		case fenced && file == "":
			file = strings.TrimSpace(strings.TrimPrefix(line, "# "))
		case fenced:
			files[file] += line
		case strings.HasPrefix(line, "    "):
			commands = append(commands, strings.TrimSpace(line))
		}
	}
	return commands, files
}

// What docs/first-pool.md says works, from top to bottom, as it stands there,
// on other ports.
func TestFirstPool(t *testing.T) {
	t.Parallel()
	onLinux(t)
	for _, program := range []string{"sh", "curl", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s here, which the page uses", program)
		}
	}
	commands, files := page(t, "first-pool.md")
	if len(commands) < 15 || len(files) != 1 {
		t.Fatalf("%d commands and %d files; has the page another form now?", len(commands), len(files))
	}
	dir, api := t.TempDir(), free(t)
	elsewhere := strings.NewReplacer("localhost:8080", api, "localhost:8081", free(t))
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(elsewhere.Replace(text)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	bin := t.TempDir()
	wrapper := fmt.Sprintf(`#!/bin/sh
export %s=1
case $1 in
serve) exec %q "$@" --listen %s ;;
verify) exec %q "$@" ;;
*) exec %q "$@" --server %s ;;
esac
`, asLive, os.Args[0], api, os.Args[0], os.Args[0], api)
	if err := os.WriteFile(filepath.Join(bin, "live"), []byte(wrapper), 0o777); err != nil {
		t.Fatal(err)
	}
	script := "set -eux\n" + elsewhere.Replace(strings.Join(commands, "\n")) + "\n: that is all\n"
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", script)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "no_proxy=*")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	out, err := c.CombinedOutput()
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // whatever is left of a page that failed
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), "+ : that is all") {
		t.Fatal(err)
	}
	for _, want := range []string{`"outcome": "hit"`, "<!DOCTYPE HTML>", `shadowpool_requests_total{category="files"`, `shadowpool_proxy_sessions{state="open"} 1`, "the same: "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("nothing says %q", want)
		}
	}
}
