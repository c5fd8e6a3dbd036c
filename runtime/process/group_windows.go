package process

import (
	"os"
	"os/exec"
)

// There are no process groups here: an instance must end what it starts.

func ownGroup(*exec.Cmd) {}

// reap implements process.
func (s *started) reap() error {
	err := s.cmd.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reaped = true
	return err
}

func terminateGroup(p *os.Process) { _ = p.Kill() }

func killGroup(p *os.Process) { _ = p.Kill() }
