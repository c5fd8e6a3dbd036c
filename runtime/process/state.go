package process

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// poolID is the variable that marks every process of a pool whose instances
// outlive their server, and what they start in turn.
const poolID = "SHADOWPOOL_POOL_ID"

// A state is the folder of a provisioner whose instances outlive it. A nil one
// is that of a provisioner whose instances do not.
type state struct {
	folder string
	id     string   // the pool's
	lock   *os.File // nobody else has it
	passes passes
	done   chan struct{} // closed when it is

	mu     sync.RWMutex // locked for reading while something changes
	closed bool
}

// close lets others have the folder.
func (s *state) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.done)
	return s.lock.Close()
}

// while does something that only who has the folder may do.
func (s *state) while(do func() error) error {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return errClosed
	}
	return do()
}

func (s *state) write(r *record) error { return s.while(func() error { return s.save(r) }) }

// allows refuses names that are none of files.
func (s *state) allows(name string) error {
	letter := func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	if s != nil && (name == "" || len(name) > 200 || strings.ContainsFunc(name, letter)) {
		return fmt.Errorf("the name %.200q of an instance is not of letters, digits and dashes", name)
	}
	return nil
}

// mark adds what tells the pool's processes from others.
func (s *state) mark(environment []string) []string {
	if s == nil {
		return environment
	}
	return append(environment, poolID+"="+s.id)
}

// start starts an instance's process, and records it.
func (s *state) start(r *record, c *child) error {
	cmd := c.process.(*started).cmd
	if s == nil {
		return cmd.Start()
	}
	return s.while(func() error {
		// The files are there before it starts, so that a server that is killed
		// now leaves a hint to look for it.
		err := s.redirect(r.Name, c)
		if err == nil {
			err = cmd.Start()
		}
		for _, w := range []any{cmd.Stdout, cmd.Stderr} {
			if f, ok := w.(*os.File); ok {
				f.Close() // it has its own
			}
		}
		if err != nil {
			_ = s.remove(r.Name)
			return err
		}
		r.PID, r.Stage, r.Boot = c.pid(), launching, bootID()
		if r.Started, err = startOf(r.PID); err != nil {
			return err
		}
		return s.save(r)
	})
}

// redirect makes an instance's process one with a session of its own that
// writes to files.
func (s *state) redirect(name string, c *child) error {
	stdout, stderr := s.path(name, ofStdout), s.path(name, ofStderr)
	c.output.toFiles(stdout, stderr)
	cmd := c.process.(*started).cmd
	ownSession(cmd)
	out, err := create(stdout)
	if err != nil {
		return err
	}
	cmd.Stdout = out
	errs, err := create(stderr)
	if err == nil {
		cmd.Stderr = errs
	}
	return err
}

// create makes a file that is appended to, so that it can be truncated.
func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
}

// forget ends what an instance that has ended leaves, whatever group it has
// joined, and removes its files.
func (s *state) forget(name string, out *output) {
	if s == nil {
		return
	}
	s.sweep(name, s.done)
	_ = s.while(func() error {
		out.catchUp()
		return s.remove(name)
	})
}
