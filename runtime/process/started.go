package process

import (
	"os"
	"os/exec"
	"sync"
	"time"
)

// started is a process that this server has started.
type started struct {
	cmd *exec.Cmd

	mu     sync.Mutex
	reaped bool
}

// pipeDelay is how long what an instance has started may keep its output open
// after it has exited.
const pipeDelay = 2 * time.Second

// prepare makes a child that has not started yet and dies with this server.
func prepare(r *recipe, command, environment []string, out *output) *child {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Dir = environment, r.Dir
	cmd.Stdout, cmd.Stderr = out.stdout(), out.stderr()
	cmd.WaitDelay = pipeDelay
	ownGroup(cmd)
	return &child{process: &started{cmd: cmd}, output: out, grace: r.Grace, gone: make(chan struct{})}
}

func (s *started) pid() int { return s.cmd.Process.Pid }

func (s *started) terminate() { s.signal(terminateGroup) }

func (s *started) kill() { s.signal(killGroup) }

func (s *started) signal(do func(*os.Process)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.reaped {
		do(s.cmd.Process)
	}
}

func (s *started) ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reaped
}

func (s *started) used() time.Duration {
	if state := s.cmd.ProcessState; state != nil { // nil if waiting for it failed
		return state.UserTime() + state.SystemTime()
	}
	return 0
}
