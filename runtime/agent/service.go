package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"time"
)

// A service is the user's own program, which the agent has started. It belongs
// to the instance, not to the predictive workload: it has the agent's user and
// is not confined.
type service struct {
	cmd   *exec.Cmd
	ready chan string   // gets the address, once
	ended chan struct{} // closed when it is gone
	err   error         // how it ended; to be read then
	alone bool          // in a process group of its own
}

// pipeDelay is how long what a service has started may keep its output open.
const pipeDelay = time.Second

// startService starts a program; line, if any, is what it writes when it is
// ready.
func startService(command, environment []string, line *regexp.Regexp, out, errs io.Writer) (*service, error) {
	s := &service{cmd: exec.Command(command[0], command[1:]...), ready: make(chan string, 1), ended: make(chan struct{})}
	s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = environment, out, errs
	if line == nil {
		s.ready <- ""
	} else {
		s.cmd.Stdout = &scanner{line: line, to: out, found: s.ready}
	}
	s.cmd.WaitDelay = pipeDelay
	s.alone = group(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	go func() {
		s.clear()
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	return s, nil
}

// await returns the address at which the service is reached when it is ready.
func (s *service) await(ctx context.Context) (string, error) {
	select {
	case address := <-s.ready:
		return address, nil
	case <-s.ended:
		return "", fmt.Errorf("the service ended before it was ready: %w", errors.Join(s.err, errEnded))
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

var errEnded = errors.New("it has ended")

// end terminates the service: politely, then, after the grace, not.
func (s *service) end(grace time.Duration) {
	s.signal(terminate)
	select {
	case <-s.ended:
		return
	case <-time.After(grace):
	}
	s.signal(os.Kill)
	<-s.ended
}

func (s *service) signal(what os.Signal) {
	select {
	case <-s.ended:
		return
	default:
	}
	if s.alone {
		signalGroup(s.cmd.Process, what)
		return
	}
	_ = s.cmd.Process.Signal(what)
}

// A scanner passes lines on, and finds the one that says ready.
type scanner struct {
	mu    sync.Mutex
	line  *regexp.Regexp // nil once it was found
	to    io.Writer
	part  []byte
	found chan string
}

// maxLine bounds the line that says ready, in bytes.
const maxLine = 4 << 10

// Write implements io.Writer.
func (s *scanner) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for rest := b; s.line != nil && len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		s.part = append(s.part, line[:min(len(line), maxLine-len(s.part))]...)
		if !whole {
			break
		}
		rest = after
		if m := s.line.FindSubmatch(bytes.TrimSuffix(s.part, []byte("\r"))); m != nil {
			address := ""
			if len(m) > 1 {
				address = string(m[1])
			}
			s.found <- address
			s.line = nil
		}
		s.part = s.part[:0]
	}
	return s.to.Write(b)
}
