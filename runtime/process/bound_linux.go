package process

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// maxFile is how much of what an instance writes a file keeps, in bytes, and
// boundEvery how often that is looked after. While no server runs, nobody does.
const (
	maxFile    = 1 << 20
	boundEvery = 2 * time.Second
)

// bound keeps the files of the instances' output small.
func (p *Provisioner) bound() {
	ticker := time.NewTicker(boundEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-p.state.done:
			return
		}
		p.mu.Lock()
		var all []*output
		for _, i := range p.instances {
			if i.child != nil {
				all = append(all, i.child.output)
			}
		}
		p.mu.Unlock()
		for _, o := range all {
			_ = p.state.while(func() error { o.bound(); return nil })
		}
	}
}

// bound frees what the files hold beyond their end.
func (o *output) bound() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.files {
		f.bound(o.line == nil)
	}
}

// bound makes a hole of all but the end of a large file: it keeps its length,
// so that what is written in the meantime is not lost. Where the file system
// has no holes, the file is truncated.
func (f *file) bound(onlyEnd bool) {
	var stat unix.Stat_t
	if unix.Stat(f.path, &stat) != nil || stat.Blocks*512 <= maxFile {
		return
	}
	f.catchUp(onlyEnd)
	out, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer out.Close()
	hole := (stat.Size - maxOutput) &^ 4095
	if unix.Fallocate(int(out.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, hole) != nil {
		_ = out.Truncate(0)
	}
}
