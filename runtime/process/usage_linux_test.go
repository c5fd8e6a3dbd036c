package process_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"shadowpool/runtime"
	"shadowpool/runtime/process"
)

const (
	heldBytes  = 64 << 20
	burntCPU   = 300 * time.Millisecond
	wroteBytes = 8 << 20
	// /proc tells CPU time in hundredths of a second, rounded down, by process.
	rounding = 50 * time.Millisecond
)

func init() {
	parts["hog"] = func() error {
		hold()
		fmt.Println("ready")
		select {}
	}
	// The child tells when it holds all; the parent only waits.
	parts["hog's parent"] = func() error {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), play+"=hog")
		child.Stdout = os.Stdout
		return child.Run()
	}
	parts["writer"] = func() error {
		f, err := os.Create(os.Getenv("WRITE_TO"))
		if err != nil {
			return err
		}
		if _, err := f.Write(make([]byte, wroteBytes)); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		fmt.Println("ready")
		select {}
	}
	parts["burner"] = func() error {
		burn()
		return nil
	}
	parts["burner's parent"] = func() error {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), play+"=burner")
		if err := child.Run(); err != nil {
			return err
		}
		fmt.Println("ready")
		select {}
	}
}

var held []byte

// hold takes memory and CPU time.
func hold() {
	held = make([]byte, heldBytes)
	for i := 0; i < len(held); i += 4096 {
		held[i] = 1
	}
	burn()
}

func burn() {
	var used unix.Rusage
	for time.Duration(used.Utime.Nano()+used.Stime.Nano()) < burntCPU {
		for range 1000 {
			_ = unix.Getpid()
		}
		if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
			panic(err)
		}
	}
}

// used is what the only instance of a provisioner uses.
func used(t *testing.T, p *process.Provisioner, i runtime.Instance) runtime.Usage {
	t.Helper()
	all, err := p.Usage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, ok := all[i.Name]
	if !ok {
		t.Fatalf("nothing is known of %s, but of %v", i.Name, all)
	}
	return u
}

// TestUsage: an instance counts with what it has started.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"hog", "hog's parent"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			p, i, err := one(t, config(part))
			if err != nil {
				t.Fatal(err)
			}
			u := used(t, p, i)
			if u.Memory < heldBytes || u.Memory > 3*heldBytes {
				t.Errorf("it holds %d bytes, want %d and little more", u.Memory, heldBytes)
			}
			if u.Cached <= 0 || u.Cached > u.Memory-heldBytes {
				t.Errorf("%d bytes of %d are cached", u.Cached, u.Memory)
			}
			if u.CPU < burntCPU-rounding || u.CPU > 10*burntCPU {
				t.Errorf("it has used %v, want %v and little more", u.CPU, burntCPU)
			}
			if err := p.Stop(t.Context(), i.Name); err != nil {
				t.Fatal(err)
			}
			// The parent is told to end with its child and waits for it no more.
			if part == "hog" && (i.CPU() < burntCPU || i.CPU() < u.CPU) {
				t.Errorf("it used %v in all, %v before its end", i.CPU(), u.CPU)
			}
		})
	}
}

// TestUsageWhileProcessesEnd: what ends while it is looked at takes nothing
// away from what is known of its instance.
func TestUsageWhileProcessesEnd(t *testing.T) {
	t.Parallel()
	c := config("")
	c.Command = []string{"/bin/sh", "-c", "echo ready; while :; do (:); done"}
	p, i, err := one(t, c)
	if err != nil {
		t.Fatal(err)
	}
	_, secret := os.ReadFile("/proc/self/io")
	for range 500 {
		u := used(t, p, i)
		if u.Memory <= 0 || (u.Read == runtime.Unknown) != (secret != nil) {
			t.Fatalf("%+v", u)
		}
	}
}

func TestUsageOfStorage(t *testing.T) {
	t.Parallel()
	c := config("writer")
	dir := t.TempDir()
	c.Environment = append(c.Environment, "WRITE_TO="+filepath.Join(dir, "written"))
	p, i, err := one(t, c)
	if err != nil {
		t.Fatal(err)
	}
	u := used(t, p, i)
	if _, err := os.ReadFile("/proc/self/io"); err != nil {
		if u.Read != runtime.Unknown || u.Written != runtime.Unknown {
			t.Errorf("the kernel does not tell, and it read %d and wrote %d bytes", u.Read, u.Written)
		}
		return
	}
	var on unix.Statfs_t
	if err := unix.Statfs(dir, &on); err != nil {
		t.Fatal(err)
	}
	if on.Type == unix.TMPFS_MAGIC {
		t.Skip("nothing there is sent to storage")
	}
	if u.Written < wroteBytes || u.Written > 2*wroteBytes || u.Read < 0 {
		t.Errorf("it read %d and wrote %d bytes, want %d written", u.Read, u.Written, wroteBytes)
	}
}

// TestUsageOfWarmUp: the CPU time of what an instance has waited for, and of
// the command that warmed it up, is its own.
func TestUsageOfWarmUp(t *testing.T) {
	t.Parallel()
	command := config("worker")
	command.Warmup = []string{"/usr/bin/env", play + "=burner", os.Args[0]}
	for name, c := range map[string]process.Config{"command": command, "child": config("burner's parent")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, i, err := one(t, c)
			if err != nil {
				t.Fatal(err)
			}
			if u := used(t, p, i); u.CPU < burntCPU-rounding {
				t.Errorf("it has used %v, and its warm-up alone %v", u.CPU, burntCPU)
			}
			if err := p.Stop(t.Context(), i.Name); err != nil {
				t.Fatal(err)
			}
			if i.CPU() < burntCPU {
				t.Errorf("it used %v in all, and its warm-up alone %v", i.CPU(), burntCPU)
			}
		})
	}
}
