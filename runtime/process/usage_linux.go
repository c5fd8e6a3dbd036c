package process

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"

	"shadowpool/runtime"
)

// Usage implements runtime.Meter. An instance's processes are those of its
// group: one that has left it does not count, and what an orphan has used is
// lost when it ends. The warm-up command's CPU time counts once it has ended.
func (p *Provisioner) Usage(ctx context.Context) (map[string]runtime.Usage, error) {
	children := make(map[string]*child)
	p.mu.Lock()
	for name, i := range p.instances {
		if i.child != nil {
			children[name] = i.child
		}
	}
	p.mu.Unlock()
	groups := make(map[int]*group, len(children))
	for _, c := range children {
		groups[c.pid()] = &group{}
	}
	// Asking for a process's group is cheap; only those that matter are read.
	processes, err := procfs.AllProcs()
	if err != nil {
		return nil, err
	}
	for _, q := range processes {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		id, err := unix.Getpgid(q.PID)
		if g := groups[id]; err == nil && g != nil {
			g.add(q)
		}
	}
	all := make(map[string]runtime.Usage, len(children))
	for name, c := range children {
		// Until a process has ended the number of its group is no other's.
		if g := groups[c.pid()]; g.runs && g.err == nil {
			if f, ok := c.process.(*found); ok {
				f.look()
			}
			if !c.ended() {
				g.CPU += c.warmUpCPU()
				all[name] = g.Usage
			}
		}
	}
	return all, nil
}

// A group is what the processes of an instance use together.
type group struct {
	runtime.Usage
	runs bool  // its leader does
	err  error // why it cannot be told
}

// add reads a process of the group, unless it is gone.
func (g *group) add(q procfs.Proc) {
	// First, so that it fails alone only where it is not told: the reads and
	// writes of another user's process are secret.
	io, secret := q.IO()
	stat, err := q.Stat()
	var size procfs.ProcStatm
	if err == nil {
		size, err = q.Statm()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH):
		return
	case err != nil:
		g.err = err
		return
	}
	if q.PID == stat.PGRP {
		g.runs = stat.State != "Z"
	}
	// With the children that it has waited for, as in io.
	g.CPU += time.Duration(int(stat.UTime+stat.STime)+stat.CUTime+stat.CSTime) * clockTick
	g.Memory += int64(size.ResidentBytes())
	g.Cached += int64(size.SHRBytes())
	if secret != nil || g.Read == runtime.Unknown {
		g.Read, g.Written = runtime.Unknown, runtime.Unknown
		return
	}
	g.Read += int64(io.ReadBytes)
	g.Written += int64(io.WriteBytes)
}

// clockTick is the unit of the times in /proc.
const clockTick = 10 * time.Millisecond
