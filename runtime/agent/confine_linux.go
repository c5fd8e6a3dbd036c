package agent

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Confine carries out a job: it is the main program of a process of its own,
// beside the agent's, and so outlives the agent by as long as it takes to clear
// up, however that has ended. Arguments are those after the command's name.
//
// A command becomes a child of it, with all that this starts: what wants to get
// away becomes a child of Confine, and goes with the others.
func Confine(arguments []string, in io.Reader, out io.Writer) int {
	if len(arguments) == 1 && arguments[0] == "exec" {
		return enter()
	}
	j, err := readJob(in)
	if err != nil {
		return 1
	}
	if len(j.Command) == 0 {
		_, _ = io.Copy(io.Discard, in)
		for _, dir := range j.Wipe {
			_ = os.RemoveAll(dir)
		}
		return 0
	}
	o := oversee(&j, in)
	if json.NewEncoder(out).Encode(o) != nil {
		return 1
	}
	return 0
}

// lookEvery is how often a command's processes are looked at.
const lookEvery = 100 * time.Millisecond

// oversee runs a command until it has ended, breaks a limit, or in ends.
func oversee(j *job, in io.Reader) outcome {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return outcome{Status: -1, Error: err.Error()}
	}
	first, err := spawn(j)
	if err != nil {
		return outcome{Status: -1, Error: err.Error()}
	}
	cancelled := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(cancelled)
	}()
	type end struct {
		pid    int
		status syscall.WaitStatus
		usage  syscall.Rusage
	}
	ends := make(chan end)
	go func() {
		defer close(ends)
		for {
			var e end
			var err error
			if e.pid, err = syscall.Wait4(-1, &e.status, 0, &e.usage); err == syscall.EINTR {
				continue
			} else if err != nil { // ECHILD: none is left
				return
			}
			ends <- e
		}
	}()
	o := outcome{Status: -1}
	over := false // the command itself has ended
	kill := func(why string) {
		if o.Killed == "" {
			o.Killed = why
		}
		if !over { // its group at once, who has left that after it
			_ = syscall.Kill(-first, syscall.SIGKILL)
		}
		killTree()
	}
	deadline := time.NewTimer(j.Limits.Time)
	defer deadline.Stop()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case e, more := <-ends:
			if !more {
				return o
			}
			o.CPU += time.Duration(e.usage.Utime.Nano() + e.usage.Stime.Nano())
			if e.pid == first {
				over = true
				if e.status.Exited() {
					o.Status = e.status.ExitStatus()
				}
			}
		case <-cancelled:
			cancelled = nil
			kill("cancelled")
		case <-deadline.C:
			kill(fmt.Sprintf("it took longer than %v", j.Limits.Time))
		case <-ticker.C:
			if o.Killed != "" || over {
				killTree() // what it has left behind
				continue
			}
			switch memory, count := weigh(); {
			case memory > j.Limits.Memory:
				kill(fmt.Sprintf("its processes had %d bytes in memory, %d are allowed", memory, j.Limits.Memory))
			case count > j.Limits.Processes:
				kill(fmt.Sprintf("it had %d processes, %d are allowed", count, j.Limits.Processes))
			}
		}
	}
}

// spawn starts the command by way of enter, which learns the job from a pipe.
func spawn(j *job) (int, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return 0, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	attr := &syscall.ProcAttr{
		Dir: j.Directory, Env: j.Environment,
		Files: []uintptr{null.Fd(), 2, 2, r.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	}
	if j.UID != 0 {
		attr.Sys.Credential = &syscall.Credential{Uid: uint32(j.UID), Gid: uint32(j.GID)}
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"shadowpool", confineVerb, "exec"}, attr)
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", j.Command[0], err)
	}
	go func() {
		_, _ = w.Write(append(text, '\n'))
		_ = w.Close()
	}()
	return pid, nil
}

// enter becomes the command: it has its user already, sets the limits that a
// process can only set itself, and replaces itself. It returns if that fails.
func enter() int {
	runtime.LockOSThread() // what follows is by thread until exec
	pipe := os.NewFile(3, "job")
	j, err := readJob(pipe)
	_ = pipe.Close()
	if err == nil {
		err = j.enter()
	}
	fmt.Fprintln(os.Stderr, err)
	return 127
}

func (j *job) enter() error {
	program, err := lookPath(j.Command[0], j.Environment)
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// What others have left open here is not the command's.
	if unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) != nil { // before Linux 5.11
		for fd := 3; fd < 1024; fd++ {
			unix.CloseOnExec(fd)
		}
	}
	type limit struct {
		what int
		most uint64
	}
	all := []limit{
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_NOFILE, 1024},
		{unix.RLIMIT_FSIZE, uint64(j.Limits.File)},
		{unix.RLIMIT_CPU, uint64(j.Limits.Time/time.Second+1) * uint64(runtime.NumCPU())},
	}
	if j.UID != 0 {
		// Between two looks a fork bomb gets no further than this. The kernel
		// counts by user, who may have others running.
		all = append(all, limit{unix.RLIMIT_NPROC, uint64(tasksOf(j.UID) + 2*j.Limits.Processes + 16)})
	}
	// Last, as this program may need more than the command may have.
	all = append(all, limit{unix.RLIMIT_DATA, uint64(j.Limits.Memory)})
	for _, l := range all {
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.most, Max: l.most}); err != nil {
			return err
		}
	}
	return fmt.Errorf("starting %s: %w", j.Command[0], syscall.Exec(program, j.Command, j.Environment))
}
