package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// mostSaid is how much of what a command writes is kept for a message, bytes.
const mostSaid = 1 << 10

// cleanPath is the PATH of commands.
const cleanPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// unprivileged is who commands run as: the named user if the agent is root,
// else the agent's own.
func unprivileged(name string) (uid, gid int, err error) {
	if os.Getuid() != 0 {
		return 0, 0, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, fmt.Errorf("commands cannot run as %q: %w", name, err)
	}
	uid, err = strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err = errors.Join(err, err2); err == nil && uid == 0 {
		err = errors.New("commands of the predictive workload never run as root; choose another user")
	}
	return uid, gid, err
}

// confined runs a command of the predictive workload in a folder of its own,
// with nothing of the agent's environment. It returns when no process of it is
// left.
func confined(ctx context.Context, scratch string, command, environment []string, username string, most limits) error {
	uid, gid, err := unprivileged(username)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(scratch, "step-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if uid != 0 {
		if err := os.Chown(dir, uid, gid); err != nil {
			return err
		}
	}
	j := job{
		Command: command, Directory: dir, UID: uid, GID: gid, Limits: most,
		Environment: append([]string{"PATH=" + cleanPath, "HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8"}, environment...),
	}
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	said := &tail{}
	var result bytes.Buffer
	cmd := exec.Command("/proc/self/exe", confineVerb)
	cmd.Args[0], cmd.Env, cmd.Dir = "shadowpool", []string{}, "/"
	cmd.Stdout, cmd.Stderr = &result, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", command[0], err)
	}
	_, wrote := in.Write(append(text, '\n'))
	stop := context.AfterFunc(ctx, func() { _ = in.Close() })
	defer stop()
	err = errors.Join(wrote, cmd.Wait())
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var o outcome
	if err != nil || json.Unmarshal(result.Bytes(), &o) != nil {
		return fmt.Errorf("%s: what oversees it has failed: %w", command[0], err)
	}
	switch {
	case o.Error != "":
		return errors.New(o.Error)
	case o.Killed != "":
		return fmt.Errorf("%s was ended: %s%s", command[0], o.Killed, said)
	case o.Status != 0:
		return fmt.Errorf("%s ended with status %d%s", command[0], o.Status, said)
	}
	return nil
}

// A tail keeps the end of what is written.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b...)
	if len(t.end) > mostSaid {
		t.end = append(t.end[:0], t.end[len(t.end)-mostSaid:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := strings.TrimSpace(strings.ToValidUTF8(string(t.end), "?")); s != "" {
		return "; it wrote last: " + s
	}
	return ""
}

// keep starts a process that wipes folders when this one is gone, however it
// has ended. Closing what is returned does so at once.
func keep(folders ...string) (io.Closer, error) {
	text, err := json.Marshal(job{Wipe: folders})
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe", confineVerb)
	cmd.Args[0], cmd.Env, cmd.Dir = "shadowpool", []string{}, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting what wipes %s: %w", folders[0], err)
	}
	if _, err := in.Write(append(text, '\n')); err != nil {
		return nil, err
	}
	return &keeper{in, cmd}, nil
}

type keeper struct {
	in  io.Closer
	cmd *exec.Cmd
}

func (k *keeper) Close() error { return errors.Join(k.in.Close(), k.cmd.Wait()) }

// hide lets no other process of the same user read this one's environment,
// which has the token.
func hide() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// inMemory tells whether a folder is on a file system that is in memory only.
func inMemory(dir string) bool {
	var s unix.Statfs_t
	return unix.Statfs(dir, &s) == nil && (s.Type == unix.TMPFS_MAGIC || s.Type == unix.RAMFS_MAGIC)
}

// memoryFolders are where such a file system usually is.
func memoryFolders() []string { return []string{os.Getenv("XDG_RUNTIME_DIR"), "/dev/shm", "/run"} }
