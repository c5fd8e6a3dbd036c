//go:build !linux

package agent

import (
	"os"
	"os/exec"
	"time"
)

// terminate asks a process to end.
var terminate = os.Interrupt

func group(*exec.Cmd) bool { return false }

func (s *service) clear() {}

func signalGroup(p *os.Process, s os.Signal) { _ = p.Signal(s) }

// spent is the CPU time of a service that has ended.
func (s *service) spent() (time.Duration, int64) {
	if state := s.cmd.ProcessState; state != nil {
		return state.UserTime() + state.SystemTime(), 0
	}
	return 0, 0
}
