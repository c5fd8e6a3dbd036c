package process

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"shadowpool/runtime"
)

// found is a process that another server has started. A pidfd stands for it:
// unlike its number it is never another's.
type found struct {
	id      int
	started uint64 // as in its record
	handle  *os.File

	mu   sync.Mutex
	last time.Duration // CPU time when it was last seen
}

// open opens a handle on a process that has not ended; ErrGone if it has.
func open(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	switch {
	case err == unix.ESRCH:
		return nil, runtime.ErrGone
	case err != nil:
		return nil, fmt.Errorf("process %d: %w", pid, err)
	}
	handle := os.NewFile(uintptr(fd), fmt.Sprintf("process %d", pid))
	if over(handle) {
		handle.Close()
		return nil, runtime.ErrGone
	}
	return handle, nil
}

// find is the process that a record is of; ErrGone if there is none.
func find(r *record) (*found, error) {
	if r.PID == 0 || r.Boot != bootID() {
		return nil, runtime.ErrGone
	}
	handle, err := open(r.PID)
	if err != nil {
		return nil, err
	}
	// What is read of the number is of the process if that has not ended then.
	if at, err := startOf(r.PID); err != nil || at != r.Started || over(handle) {
		handle.Close()
		return nil, runtime.ErrGone
	}
	return &found{id: r.PID, started: r.Started, handle: handle}, nil
}

// over tells whether a process has ended; also if nobody has waited for it.
func over(handle *os.File) bool {
	is := true
	if raw, err := handle.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { is = readable(fd) })
	}
	return is
}

func readable(fd uintptr) bool {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		if err != unix.EINTR {
			return n > 0 || err != nil
		}
	}
}

// signal sends a signal to the group that a process leads, even if only others
// of the group are left; where the kernel (before 6.9) knows of no such thing,
// to the process: what it leaves is found by its mark.
func signal(handle *os.File, s unix.Signal) {
	raw, err := handle.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		if unix.PidfdSendSignal(int(fd), s, nil, unix.PIDFD_SIGNAL_PROCESS_GROUP) == unix.EINVAL {
			_ = unix.PidfdSendSignal(int(fd), s, nil, 0)
		}
	})
}

func (f *found) pid() int { return f.id }

func (f *found) terminate() {
	f.look()
	signal(f.handle, unix.SIGTERM)
}

func (f *found) kill() { signal(f.handle, unix.SIGKILL) }

// reap implements process. How it ended is told to its parent only.
func (f *found) reap() error {
	raw, err := f.handle.SyscallConn()
	if err == nil {
		err = raw.Read(readable)
	}
	if err != nil {
		return err
	}
	f.look()
	f.kill()
	return f.handle.Close()
}

func (f *found) ended() bool { return over(f.handle) }

// look notes what it has used so far.
func (f *found) look() {
	p, err := procfs.NewProc(f.id)
	if err != nil {
		return
	}
	stat, err := p.Stat() // also of a zombie
	if err != nil || stat.Starttime != f.started {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = max(f.last, time.Duration(int(stat.UTime+stat.STime)+stat.CUTime+stat.CSTime)*clockTick)
}

// used implements process: what was seen of it last.
func (f *found) used() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}
