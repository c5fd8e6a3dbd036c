package process

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// marks are all processes that have the pool's in their environment, by
// instance. The
// environment of another user's process is secret, and a process may write
// over its own: what is in an instance's group is ended without looking here.
func (s *state) marks() map[string][]int {
	all := make(map[string][]int)
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil
	}
	buffer := make([]byte, 64<<10)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == os.Getpid() {
			continue
		}
		if instance, ok := s.markOf(pid, buffer); ok {
			all[instance] = append(all[instance], pid)
		}
	}
	return all
}

// markOf is the instance that a process says it is of. The buffer is to be used.
func (s *state) markOf(pid int, buffer []byte) (instance string, ok bool) {
	environment := environmentOf(pid, buffer)
	if !bytes.Contains(environment, []byte(poolID+"="+s.id)) {
		return "", false
	}
	ours := false
	for variable := range bytes.SplitSeq(environment, []byte{0}) {
		name, value, _ := bytes.Cut(variable, []byte{'='})
		switch string(name) {
		case poolID:
			ours = string(value) == s.id
		case "SHADOWPOOL_INSTANCE":
			instance = string(value)
		}
	}
	return instance, ours
}

// environmentOf reads a process's environment, with as few calls as it takes:
// nil if it is gone, or its environment secret.
func environmentOf(pid int, buffer []byte) []byte {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/environ", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	read := 0
	for {
		n, err := unix.Read(fd, buffer[read:])
		if err == unix.EINTR {
			continue
		}
		if read += max(n, 0); err != nil || read < len(buffer) {
			return buffer[:read]
		}
		buffer = append(buffer, make([]byte, len(buffer))...)
	}
}

// passes are looks at all processes. Who asks while one is under way waits for
// the next, together with all others that do.
type passes struct {
	mu      sync.Mutex
	next    *pass // nobody has begun it
	looking bool
}

type pass struct {
	done  chan struct{}
	found map[string][]int
}

// look is what a pass finds that begins after the call.
func (s *state) look() map[string][]int {
	p := &s.passes
	p.mu.Lock()
	if p.next == nil {
		p.next = &pass{done: make(chan struct{})}
	}
	mine := p.next
	if !p.looking {
		p.looking = true
		go s.looks()
	}
	p.mu.Unlock()
	<-mine.done
	return mine.found
}

// looks makes passes as long as somebody asks for one.
func (s *state) looks() {
	for {
		s.passes.mu.Lock()
		now := s.passes.next
		s.passes.next = nil
		s.passes.looking = now != nil
		s.passes.mu.Unlock()
		if now == nil {
			return
		}
		now.found = s.marks()
		close(now.done)
	}
}

// sweepWait is how long a killed process has until others are looked for again,
// and it too.
const sweepWait = time.Second

// sweep kills all processes that have an instance's mark, until there are none
// or stop is closed.
func (s *state) sweep(instance string, stop <-chan struct{}) {
	for {
		pids := s.look()[instance]
		select {
		case <-stop:
			return
		default:
		}
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			s.killMarked(pid, instance)
		}
	}
}

// killMarked kills a process if it still has the mark, and waits for its end.
func (s *state) killMarked(pid int, instance string) {
	handle, err := open(pid)
	if err != nil {
		return
	}
	defer handle.Close()
	raw, err := handle.SyscallConn()
	// If the handle's process has not ended, the mark is its own.
	if of, ok := s.markOf(pid, make([]byte, 64<<10)); err != nil || !ok || of != instance || over(handle) {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.PidfdSendSignal(int(fd), unix.SIGKILL, nil, 0) })
	if handle.SetReadDeadline(time.Now().Add(sweepWait)) == nil {
		_ = raw.Read(readable)
	}
}
