package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A proc is a line of /proc.
type proc struct {
	pid, parent int
	started     string // tells it from a later one of the same number
	resident    int64  // bytes
}

func readProc(pid int) (proc, bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return proc{}, false
	}
	_, rest, _ := strings.Cut(string(b[strings.LastIndexByte(string(b), ')')+1:]), " ")
	f := strings.Fields(rest)
	if len(f) < 22 || f[0] == "Z" {
		return proc{}, false
	}
	parent, err := strconv.Atoi(f[1])
	pages, err2 := strconv.ParseInt(f[21], 10, 64)
	return proc{pid, parent, f[19], pages * int64(os.Getpagesize())}, err == nil && err2 == nil
}

// tree are the processes below this one.
func tree() []proc {
	var all []proc
	for next := []int{os.Getpid()}; len(next) > 0; next = next[1:] {
		for _, pid := range children(next[0]) {
			if p, ok := readProc(pid); ok {
				all, next = append(all, p), append(next, pid)
			}
		}
	}
	return all
}

// children are those of a process, whichever of its threads has started them.
func children(pid int) (all []int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if threads == nil { // a kernel without these files
		return scan(pid)
	}
	for _, name := range threads {
		b, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for _, text := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(text); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

// scan finds the children of a process among all that there are.
func scan(parent int) (all []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if p, ok := readProc(pid); ok && p.parent == parent {
				all = append(all, pid)
			}
		}
	}
	return all
}

// weigh is the memory of the processes below this one, and their number.
func weigh() (memory int64, count int) {
	all := tree()
	for _, p := range all {
		memory += p.resident
	}
	return memory, len(all)
}

// killTree ends every process below this one. They are stopped first, so that
// none starts others in place of those that die.
func killTree() {
	stopped := make(map[int]string)
	for range 100 {
		fresh := false
		for _, p := range tree() {
			if stopped[p.pid] != p.started {
				stopped[p.pid], fresh = p.started, true
				p.signal(unix.SIGSTOP)
			}
		}
		if !fresh {
			break
		}
	}
	for _, p := range tree() {
		p.signal(unix.SIGKILL)
	}
}

// signal reaches that process or none.
func (p proc) signal(s unix.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if now, ok := readProc(p.pid); ok && now.started == p.started {
		_ = unix.PidfdSendSignal(fd, s, nil, 0)
	}
}

// tasksOf is how many processes and threads a user has.
func tasksOf(uid int) int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	count := 0
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		b, err := os.ReadFile(filepath.Join("/proc", e.Name(), "status"))
		if err != nil {
			continue
		}
		owner, threads := "", 1
		for line := range strings.Lines(string(b)) {
			key, value, _ := strings.Cut(line, ":")
			switch f := strings.Fields(value); {
			case len(f) == 0:
			case key == "Uid":
				owner = f[0]
			case key == "Threads":
				threads, _ = strconv.Atoi(f[0])
			}
		}
		if owner == strconv.Itoa(uid) {
			count += threads
		}
	}
	return count
}

// lookPath finds a program in the PATH of an environment, not in ours.
func lookPath(program string, environment []string) (string, error) {
	if strings.Contains(program, "/") {
		return program, nil
	}
	path := ""
	for _, e := range environment {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path = v
		}
	}
	for _, dir := range filepath.SplitList(path) {
		name := filepath.Join(dir, program)
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return name, nil
		}
	}
	return "", fmt.Errorf("there is no program %s in %s", program, path)
}
