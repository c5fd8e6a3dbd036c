package agent

import (
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// terminate asks a process to end.
const terminate = syscall.SIGTERM

// group lets a service die with the agent. Where the agent leads a process group,
// the service stays in it: whoever has started the agent ends and measures them
// as one. Otherwise it gets a group of its own.
func group(cmd *exec.Cmd) (alone bool) {
	alone = syscall.Getpgrp() != os.Getpid()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: alone, Pdeathsig: syscall.SIGKILL}
	return alone
}

// clear waits for the end of a service and kills what it leaves in its group,
// while the number of that cannot become another's.
func (s *service) clear() {
	for unix.Waitid(unix.P_PID, s.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	if s.alone {
		signalGroup(s.cmd.Process, os.Kill)
	}
}

func signalGroup(p *os.Process, s os.Signal) {
	if n, ok := s.(syscall.Signal); ok {
		_ = syscall.Kill(-p.Pid, n)
	}
}

// spent is what a service that has ended has used: CPU time, and the largest
// resident size, bytes.
func (s *service) spent() (time.Duration, int64) {
	state := s.cmd.ProcessState
	if state == nil {
		return 0, 0
	}
	var most int64
	if r, ok := state.SysUsage().(*syscall.Rusage); ok {
		most = r.Maxrss << 10
	}
	return state.UserTime() + state.SystemTime(), most
}
