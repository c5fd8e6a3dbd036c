package process

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"shadowpool/runtime"
)

// Open makes a provisioner whose instances outlive it, and goes on with those
// of the one before that had the same folder, which is made if it is not there:
// it lists them, adopts them, and ends what is left of those that have ended.
// Only one at a time may have a folder. The error says so, or names what is
// impossible in a configuration, or why the folder cannot be used.
func Open(folder string, pools map[string]Config) (*Provisioner, error) {
	p, err := New(pools)
	if err != nil {
		return nil, err
	}
	if p.state, err = openState(folder); err != nil {
		return nil, fmt.Errorf("process provisioner: state folder %s: %w", folder, err)
	}
	if err := p.find(); err != nil {
		return nil, errors.Join(fmt.Errorf("process provisioner: state folder %s: %w", folder, err), p.Close())
	}
	go p.bound()
	return p, nil
}

func openState(folder string) (*state, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	s := &state{folder: folder, done: make(chan struct{})}
	if err := os.MkdirAll(s.path("", ""), 0o700); err != nil {
		return nil, err
	}
	if s.lock, err = os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	if err := s.own(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	if s.id, err = readID(filepath.Join(folder, "id")); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	return s, nil
}

// lockWait is how long the lock may be busy. A process that is being started
// shares it until it runs its command, though its server be killed: who gets
// the lock can see the marks of all that the server has started.
const lockWait = 3 * time.Second

func (s *state) own() error {
	for deadline := time.Now().Add(lockWait); ; time.Sleep(10 * time.Millisecond) {
		err := unix.Flock(int(s.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == unix.EINTR:
		case err == unix.EWOULDBLOCK && time.Now().Before(deadline):
		case err == unix.EWOULDBLOCK:
			return errors.New("another server has it; stop that, or choose another folder")
		case err != nil:
			return fmt.Errorf("cannot be locked: %w", err)
		default:
			return nil
		}
	}
}

// readID reads the pool's id, which is made once.
func readID(path string) (string, error) {
	b, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(b)); err == nil && len(id) == 2*idBytes {
		return id, nil
	}
	if err != nil && !os.IsNotExist(err) {
		return "", err
	}
	id := make([]byte, idBytes)
	rand.Read(id)
	if err := os.WriteFile(path+".new", fmt.Appendf(nil, "%x\n", id), 0o600); err != nil {
		return "", err
	}
	return hex.EncodeToString(id), os.Rename(path+".new", path)
}

const idBytes = 16

// find goes on with the instances of the server before, and ends what is left
// of those that have ended.
func (p *Provisioner) find() error {
	whole, others, err := p.state.records()
	if err != nil {
		return err
	}
	marked := p.state.look()
	if slices.ContainsFunc(others, func(name string) bool { return len(marked[name]) == 0 }) {
		// One that was just being started shows its mark in a moment.
		time.Sleep(50 * time.Millisecond)
		marked = p.state.look()
	}
	for name := range marked {
		if _, ok := whole[name]; !ok {
			whole[name] = p.state.unrecorded(name, marked[name])
		}
	}
	var left []string
	for name, r := range whole {
		switch f, err := find(&r); {
		case errors.Is(err, runtime.ErrGone):
			left = append(left, name)
		case err != nil:
			return err
		default:
			p.take(&r, f)
		}
	}
	for _, name := range others {
		if _, ok := whole[name]; !ok {
			left = append(left, name)
		}
	}
	return p.state.clear(left)
}

// unrecorded makes a record of an instance that has none, because its server
// was killed when it had just started it: its process is the one with a session
// of its own.
func (s *state) unrecorded(name string, pids []int) record {
	r := record{Name: name, Boot: bootID()}
	for _, pid := range pids {
		if session, err := unix.Getsid(pid); err == nil && session == pid {
			r.PID = pid
			r.Started, _ = startOf(pid)
			break
		}
	}
	return r
}

// take enters an instance that was found, before anybody else knows p.
func (p *Provisioner) take(r *record, f *found) {
	out := newOutput(p.recipes[r.Pool].line)
	if r.Stage != launching {
		out.line = nil
	}
	out.toFiles(p.state.path(r.Name, ofStdout), p.state.path(r.Name, ofStderr))
	c := &child{process: f, output: out, grace: r.Grace, gone: make(chan struct{}), warmUp: r.WarmUpCPU}
	i := &instance{record: *r, child: c}
	if r.Stage == warm {
		found := r.found(c)
		i.warm = &found
	}
	p.instances[r.Name] = i
	go p.accompany(i, c)
}

// clear ends what is left of instances that have ended.
func (s *state) clear(names []string) error {
	var all sync.WaitGroup
	errs := make([]error, len(names))
	late := make(chan struct{})
	timer := time.AfterFunc(killDelay, func() { close(late) })
	defer timer.Stop()
	for n, name := range names {
		all.Go(func() {
			if s.sweep(name, late); len(s.look()[name]) > 0 {
				errs[n] = fmt.Errorf("what instance %s has left is still there %v after SIGKILL", name, killDelay)
				return
			}
			errs[n] = s.remove(name)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// ownSession puts a command in a session, and a process group, of its own, that
// no terminal and no end of the server reaches.
func ownSession(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// bootID tells one boot of the system from another.
var bootID = sync.OnceValue(func() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
})

// startOf is when a process was started, in ticks since the boot.
func startOf(pid int) (uint64, error) {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return 0, err
	}
	stat, err := p.Stat()
	return stat.Starttime, err
}
