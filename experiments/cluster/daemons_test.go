package cluster

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var onCluster = flag.Bool("cluster", false, "start a Slurm, a Kubernetes API server and an object store, and run sweeps on them")

// A site is a folder with everything that a test on a cluster has: the
// programs, the environment in which commands run, and the daemons, which end
// with the test, even if it is killed.
type site struct {
	*testing.T
	dir         string
	environment []string
	secret      string                     // of the object store
	daemons     map[string]<-chan struct{} // by program: closed when it has ended
}

// newSite skips the test unless it was asked for and the programs are there.
func newSite(t *testing.T, programs ...string) *site {
	t.Helper()
	if !*onCluster {
		t.Skip("starts daemons: run make cluster-test")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("no %s on this machine", p)
		}
	}
	s := &site{T: t, dir: t.TempDir(), daemons: map[string]<-chan struct{}{}}
	for dir := s.dir; dir != filepath.Clean(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { // other users' tasks and daemons come here
			t.Fatal(err)
		}
	}
	s.set("PATH", s.dir+"/bin:"+os.Getenv("PATH"))
	build := exec.Command("go", "build", "-o", s.dir+"/bin/simulate", "shadowpool/cmd/simulate")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is in images that hold nothing else
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return s
}

func (s *site) set(name, value string) { s.environment = append(s.environment, name+"="+value) }

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(name, text string) {
	s.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *site) read(name string) string {
	s.Helper()
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

func (s *site) command(program string, arguments ...string) *exec.Cmd {
	s.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		s.Fatal(err)
	}
	cmd := exec.Command(path, arguments...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.environment...)
	return cmd
}

// run runs a script as a user would, line by line, and returns what it prints.
// It must end with the given status.
func (s *site) run(status int, script string) string {
	s.Helper()
	cmd := s.command("bash", "-euo", "pipefail", "-c", script)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err := cmd.Run()
	s.Logf("$ %s\n%s%s", strings.TrimSpace(script), &out, &log)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		s.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		s.Fatalf("status %d, want %d", got, status)
	}
	return strings.TrimSpace(out.String())
}

// daemon starts a program that runs as long as the test. If it ends before,
// the test has failed.
func (s *site) daemon(program string, arguments ...string) {
	s.Helper()
	cmd := s.command(program, arguments...)
	log := s.path(filepath.Base(program) + ".log")
	out, err := os.Create(log)
	if err != nil {
		s.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its state tells
	}()
	s.daemons[program] = ended
	s.Cleanup(func() {
		select {
		case <-ended:
			s.Errorf("%s ended by itself: %v", program, cmd.ProcessState)
		default:
			_ = cmd.Process.Signal(syscall.SIGTERM) // it may just have ended
			select {
			case <-ended:
			case <-time.After(10 * time.Second):
				_ = cmd.Process.Kill() // as above
				<-ended
			}
		}
		if err := out.Close(); err != nil {
			s.Error(err)
		}
		if text, err := os.ReadFile(log); s.Failed() && err == nil {
			s.Logf("%s: ...\n%s", program, text[max(0, len(text)-2000):])
		}
	})
}

// port is one that is free now.
func (s *site) port() int {
	s.Helper()
	// Below those that the system gives to whoever connects somewhere, so that
	// none is taken until its daemon listens; and none twice.
	for range 1000 {
		port := 12000 + rand.IntN(8000)
		l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		l.Close()
		if _, taken := ports.LoadOrStore(port, true); !taken {
			return port
		}
	}
	s.Fatal("no free port")
	return 0
}

// ports are those that were given out.
var ports sync.Map

// await asks until it is so, for a time that no machine needs.
func (s *site) await(what string, so func() bool) {
	s.Helper()
	for end := time.Now().Add(3 * time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("waited in vain: %s", what)
		}
		for program, ended := range s.daemons {
			select {
			case <-ended:
				s.Fatalf("%s ended before there was %s", program, what)
			default:
			}
		}
	}
}

// succeeds tells whether a command does; it is for what is asked many times.
func (s *site) succeeds(program string, arguments ...string) bool {
	s.Helper()
	return s.command(program, arguments...).Run() == nil
}

// output is what a command prints if it succeeds, asked as often as one likes.
func (s *site) output(program string, arguments ...string) string {
	s.Helper()
	out, _ := s.command(program, arguments...).Output() // a failure prints nothing that is waited for
	return string(out)
}

// shardProcess finds the process that is at work for a shard by the variable
// in which its cluster gives it the number, or is 0.
func (s *site) shardProcess(variable string, shard int) int {
	s.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		s.Fatal(err)
	}
	want := fmt.Appendf(nil, "\x00%s=%d\x00", variable, shard)
	for _, dir := range all {
		exe, err1 := os.Readlink(dir + "/exe")
		environment, err2 := os.ReadFile(dir + "/environ")
		var pid int
		if _, err := fmt.Sscanf(dir, "/proc/%d", &pid); err1 != nil || err2 != nil || err != nil {
			continue // it has ended since
		}
		if strings.HasPrefix(exe, s.dir) && filepath.Base(exe) == "simulate" && bytes.Contains(append([]byte{0}, environment...), want) {
			return pid
		}
	}
	return 0
}
