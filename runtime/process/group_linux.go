package process

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup puts a command in a process group of its own, and lets it die with
// the server.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// reap implements process. It kills what is left while the process is a
// zombie: until it is waited for, the number of its group cannot become
// another's.
func (s *started) reap() error {
	for unix.Waitid(unix.P_PID, s.pid(), nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	s.mu.Lock()
	killGroup(s.cmd.Process)
	s.reaped = true
	s.mu.Unlock()
	return s.cmd.Wait()
}

func terminateGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGTERM) }

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
