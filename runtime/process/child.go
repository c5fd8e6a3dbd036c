package process

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A child is the process of an instance, or of its warm-up, until nothing of
// it is left.
type child struct {
	process
	output *output
	grace  time.Duration // between SIGTERM and SIGKILL
	gone   chan struct{} // closed when it is, by who has reaped it
	err    error         // how it ended; to be read when gone

	mu     sync.Mutex
	warmUp time.Duration // CPU time of its warm-up command, which has ended
}

// A process leads a group of its own. It was started by this server, or found
// by it.
type process interface {
	pid() int
	// terminate and kill signal its group, unless it has ended.
	terminate()
	kill()
	// reap waits for its end, kills what it leaves in its group, and tells how
	// it ended, if that can be told.
	reap() error
	// ended tells whether its id may be another process's by now.
	ended() bool
	// used is the CPU time of one that is gone, and of the children that it has
	// waited for.
	used() time.Duration
}

// warmUpCPU is the CPU time of its warm-up command so far.
func (c *child) warmUpCPU() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.warmUp
}

// cpu is the CPU time of a process that is gone, and of its warm-up command.
func (c *child) cpu() time.Duration { return c.warmUpCPU() + c.used() }

// end terminates a process: politely, then, after the grace or when ctx ends,
// not. It returns when the process is gone.
func (c *child) end(ctx context.Context, grace time.Duration) error {
	c.terminate()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.gone:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	c.kill()
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
