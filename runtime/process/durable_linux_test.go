package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/process"
)

func init() {
	// A runaway child leaves its parent's session, and the parent tells its
	// number when it has.
	parts["runaway's parent"] = func() error {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), play+"=silent")
		child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := child.Start(); err != nil {
			return err
		}
		fmt.Println("ready", child.Process.Pid)
		return child.Wait()
	}
	parts["starved"] = func() error {
		configs := map[string]process.Config{"x": config("worker")}
		plain, err := process.New(configs)
		if err != nil {
			return err
		}
		durable, err := process.Open(os.Getenv(serverFolder), configs)
		if err != nil {
			return err
		}
		if err := errors.Join(starve(plain), starve(durable)); err != nil {
			return err
		}
		files, err := os.ReadDir(filepath.Join(os.Getenv(serverFolder), "instances"))
		if len(files) > 0 {
			return fmt.Errorf("files are left: %v", files)
		}
		return err
	}
	parts["chatterbox"] = func() error {
		line := strings.Repeat("x", 1023) + "\n"
		for range 4 << 10 {
			fmt.Print(line)
		}
		fmt.Println("ready")
		for {
			fmt.Fprint(os.Stderr, line)
			time.Sleep(100 * time.Microsecond)
		}
	}
}

// starve tries to start an instance where no file can be opened any more.
func starve(p *process.Provisioner) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = 1
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if _, err := p.Start(context.Background(), runtime.InstanceSpec{Name: "x-1", Pool: "x"}); !errors.Is(err, runtime.ErrNoCapacity) {
		return fmt.Errorf("%w, want what wraps: %w", err, runtime.ErrNoCapacity)
	}
	if names, err := p.List(context.Background()); err != nil || len(names) > 0 {
		return fmt.Errorf("left are %q, %w", names, err)
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

func start(t *testing.T, p *process.Provisioner, pool, name string) runtime.Instance {
	t.Helper()
	i, err := p.Start(t.Context(), runtime.InstanceSpec{Name: name, Pool: pool, Category: pool})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func listed(t *testing.T, p *process.Provisioner) []string {
	t.Helper()
	names, err := p.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// endAll ends all instances, of which nothing may be left then.
func endAll(t *testing.T, p *process.Provisioner, folder string) {
	t.Helper()
	for _, name := range listed(t, p) {
		if err := p.Stop(context.Background(), name); err != nil {
			t.Error(err)
		}
	}
	if left := marked(t, folder); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	files, err := os.ReadDir(filepath.Join(folder, "instances"))
	if err != nil || len(files) > 0 {
		t.Errorf("files are left: %v, %v", files, err)
	}
}

// TestOneServerAtATime: a folder has one owner, until that lets go.
func TestOneServerAtATime(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	configs := map[string]process.Config{"x": config("worker")}
	first := open(t, folder, configs)
	i := start(t, first, "x", "x-1")
	if _, err := process.Open(folder, configs); err == nil || !strings.Contains(err.Error(), "another server has it") {
		t.Errorf("two have one folder: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := open(t, folder, configs)
	if answer, err := http.Get(i.Address); err != nil {
		t.Error(err)
	} else {
		answer.Body.Close()
	}
	endAll(t, second, folder)
	select {
	case <-i.Gone: // it is still the first's child
	case <-time.After(10 * time.Second):
		t.Error("who has started it does not notice its end")
	}
}

// TestStrangers: neither a process that has got an instance's number, nor one of
// before the system was booted, is ever taken for it.
func TestStrangers(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(record map[string]any, stranger int){
		"another's number": func(r map[string]any, stranger int) { r["pid"] = stranger },
		"another boot":     func(r map[string]any, _ int) { r["boot"] = "of yesterday" },
		"another start":    func(r map[string]any, _ int) { r["started_ticks"] = r["started_ticks"].(float64) - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			configs := map[string]process.Config{"x": config("worker")}
			p := open(t, folder, configs)
			i := start(t, p, "x", "x-1")
			stranger := exec.Command("sleep", "1000")
			stranger.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
			if err := stranger.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = stranger.Process.Kill()
				_ = stranger.Wait()
			}()
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			rewrite(t, filepath.Join(folder, "instances", "x-1.json"), func(r map[string]any) { forge(r, stranger.Process.Pid) })
			again := open(t, folder, configs)
			if _, err := again.Adopt(t.Context(), runtime.InstanceSpec{Name: "x-1", Pool: "x"}); !errors.Is(err, runtime.ErrGone) {
				t.Errorf("a stranger was adopted: %v", err)
			}
			endAll(t, again, folder)
			if alive(i.PID) {
				t.Error("what bears the mark of an instance that is gone is left")
			}
			if !alive(stranger.Process.Pid) {
				t.Error("a stranger was killed")
			}
		})
	}
}

func rewrite(t *testing.T, path string, change func(map[string]any)) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var record map[string]any
	if err := json.Unmarshal(b, &record); err != nil {
		t.Fatal(err)
	}
	change(record)
	if b, err = json.Marshal(record); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestUnrecorded: an instance whose server was killed before it could write it
// down is listed, and a Start makes it anew.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	for _, damage := range []string{"no record", "half a record"} {
		t.Run(damage, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			configs := map[string]process.Config{"x": config("worker")}
			p := open(t, folder, configs)
			first := start(t, p, "x", "x-1")
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			record := filepath.Join(folder, "instances", "x-1.json")
			err := os.Remove(record)
			if damage != "no record" {
				err = os.WriteFile(record, []byte(`{"name":"x-1","pi`), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			again := open(t, folder, configs)
			if names := listed(t, again); !slices.Equal(names, []string{"x-1"}) {
				t.Errorf("%q are listed", names)
			}
			if _, err := again.Adopt(t.Context(), runtime.InstanceSpec{Name: "x-1", Pool: "x"}); !errors.Is(err, runtime.ErrGone) {
				t.Errorf("what is not known to be warm was adopted: %v", err)
			}
			second := start(t, again, "x", "x-1")
			if second.PID == first.PID || alive(first.PID) {
				t.Errorf("process %d should have taken the place of %d", second.PID, first.PID)
			}
			endAll(t, again, folder)
		})
	}
}

// TestRunaways: what has left its instance's session ends with it, whoever has
// the folder then, or if nobody has.
func TestRunaways(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"stopped", "lost", "adopted and stopped", "adopted and lost", "lost while no server runs"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			configs := map[string]process.Config{"x": config("runaway's parent")}
			p := open(t, folder, configs)
			i := start(t, p, "x", "x-1")
			runaway, err := strconv.Atoi(i.Address)
			if err != nil {
				t.Fatal(err)
			}
			kill := func() {
				if err := syscall.Kill(i.PID, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			if strings.HasPrefix(how, "adopted") || how == "lost while no server runs" {
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
				if how == "lost while no server runs" {
					kill()
					for alive(i.PID) {
						time.Sleep(time.Millisecond)
					}
				}
				p = open(t, folder, configs)
			}
			if how == "lost while no server runs" {
				// Until the last of its threads has ended it is there.
				for len(listed(t, p)) > 0 {
					time.Sleep(time.Millisecond)
				}
			} else {
				if i, err = p.Adopt(t.Context(), runtime.InstanceSpec{Name: "x-1", Pool: "x"}); err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(how, "lost") {
					kill()
				} else if err := p.Stop(t.Context(), "x-1"); err != nil {
					t.Fatal(err)
				}
				<-i.Gone
			}
			if alive(runaway) {
				t.Errorf("process %d of an instance that is gone is there", runaway)
			}
			endAll(t, p, folder)
		})
	}
}

// TestWarmUpCutOff: a warm-up command is not run twice for one process.
func TestWarmUpCutOff(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mark := filepath.Join(t.TempDir(), "warming")
	c := config("worker")
	c.Warmup = []string{"/bin/sh", "-c", "test -e $MARK && exit 0; echo $SHADOWPOOL_PID > $MARK; exec sleep 1000"}
	c.Environment = append(c.Environment, "MARK="+mark)
	configs := map[string]process.Config{"x": c}
	p := open(t, folder, configs)
	failed := make(chan error, 1)
	go func() {
		_, err := p.Start(context.Background(), runtime.InstanceSpec{Name: "x-1", Pool: "x", Category: "x"})
		failed <- err
	}()
	var first int
	for first == 0 {
		b, _ := os.ReadFile(mark)
		first, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		time.Sleep(time.Millisecond)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("a start succeeded though it was cut off")
	}
	if !alive(first) {
		t.Error("it did not outlive its server")
	}
	p = open(t, folder, configs)
	if i := start(t, p, "x", "x-1"); i.PID == first || alive(first) {
		t.Errorf("process %d was half warm, and is now %d", first, i.PID)
	}
	endAll(t, p, folder)
}

// TestOutputOfSurvivors: the end of what an instance writes is known, also of
// one that writes when no server runs, and its files do not grow without bound.
func TestOutputOfSurvivors(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	configs := map[string]process.Config{"x": config("chatterbox")}
	p := open(t, folder, configs)
	i := start(t, p, "x", "x-1")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open(t, folder, configs)
	i, err := p.Adopt(t.Context(), runtime.InstanceSpec{Name: "x-1", Pool: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if tail := i.Output(); len(tail) != 500 || strings.Trim(tail, "x\n") != "" {
		t.Errorf("it wrote last %q", tail)
	}
	small := func() bool {
		for _, ending := range []string{".out", ".err"} {
			var stat syscall.Stat_t
			if err := syscall.Stat(filepath.Join(folder, "instances", "x-1"+ending), &stat); err != nil {
				t.Fatal(err)
			}
			if stat.Blocks*512 > 2<<20 {
				return false
			}
		}
		return true
	}
	for deadline := time.Now().Add(20 * time.Second); !small(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("its files are large")
		}
	}
	if tail := i.Output(); len(tail) != 500 || strings.Trim(tail, "x\n") != "" {
		t.Errorf("it wrote last %q", tail)
	}
	endAll(t, p, folder)
	if tail := i.Output(); len(tail) != 500 {
		t.Errorf("when it is gone, it wrote last %q", tail)
	}
}

// TestNoCapacity: a machine that has no room for a process says so.
func TestNoCapacity(t *testing.T) {
	t.Parallel()
	starved := exec.Command(os.Args[0])
	starved.Env = append(os.Environ(), play+"=starved", serverFolder+"="+t.TempDir())
	if out, err := starved.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestNamesOfFiles: no name leads out of the folder.
func TestNamesOfFiles(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := open(t, folder, map[string]process.Config{"x": config("worker")})
	for _, name := range []string{"", "../x", "a/b", "a.json", "a\x00"} {
		if _, err := p.Start(t.Context(), runtime.InstanceSpec{Name: name, Pool: "x"}); err == nil || !strings.Contains(err.Error(), "letters, digits and dashes") {
			t.Errorf("%q: %v", name, err)
		}
	}
	endAll(t, p, folder)
}
