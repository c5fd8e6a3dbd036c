package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"time"
)

// A child is a process in a group of its own.
type child struct {
	cmd    *exec.Cmd
	output *output
	grace  time.Duration // between SIGTERM and SIGKILL
	gone   chan struct{} // closed by who started it, after reap
	err    error         // how it ended; to be read when gone

	mu     sync.Mutex
	reaped bool          // its id may be another process's by now
	warmUp time.Duration // CPU time of its warm-up command, which has ended
}

// pipeDelay is how long what an instance has started may keep its output open
// after it has exited.
const pipeDelay = 2 * time.Second

func newChild(r *recipe, command, environment []string, line *regexp.Regexp) *child {
	c := &child{
		cmd:    exec.Command(command[0], command[1:]...),
		output: newOutput(line),
		grace:  r.Grace,
		gone:   make(chan struct{}),
	}
	c.cmd.Env, c.cmd.Dir = environment, r.Dir
	c.cmd.Stdout, c.cmd.Stderr = c.output.stdout(), c.output.stderr()
	c.cmd.WaitDelay = pipeDelay
	ownGroup(c.cmd)
	return c
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// signal does something to the process's group, unless that is gone.
func (c *child) signal(do func(*os.Process)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		do(c.cmd.Process)
	}
}

// state is the CPU time of its warm-up command so far, and whether it is reaped.
func (c *child) state() (warmUp time.Duration, reaped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.warmUp, c.reaped
}

// cpu is the CPU time of a process that is gone, of the children that it has
// waited for, and of its warm-up command.
func (c *child) cpu() time.Duration {
	all, _ := c.state()
	if s := c.cmd.ProcessState; s != nil { // nil if waiting for it failed
		all += s.UserTime() + s.SystemTime()
	}
	return all
}

// end terminates a process: politely, then, after the grace or when ctx ends,
// not. It returns when the process is gone.
func (c *child) end(ctx context.Context, grace time.Duration) error {
	c.signal(terminateGroup)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.gone:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	c.signal(killGroup)
	last := time.NewTimer(killDelay)
	defer last.Stop()
	select {
	case <-c.gone:
		return nil
	case <-last.C:
		return fmt.Errorf("process %d is still there %v after SIGKILL", c.pid(), killDelay)
	}
}

// killDelay is how long a process may take to die of SIGKILL: longer than
// pipeDelay.
const killDelay = 10 * time.Second
