package process_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/process"
)

var kills = flag.Int("kills", 8, "how often TestKilledServers kills a server")

// serverFolder names the folder of a server that plays its part.
const serverFolder = "SHADOWPOOL_TEST_FOLDER"

// churn is what the instances of such a server are.
func churn() map[string]process.Config {
	fast, warmed, parent := config("worker"), config("worker"), config("runaway's parent")
	warmed.Warmup = []string{"/bin/sh", "-c", "sleep 0.02"}
	port := config("listener")
	port.Ready = process.Ready{HTTP: "/healthz"}
	all := map[string]process.Config{"fast": fast, "warmed": warmed, "parent": parent, "port": port}
	for name, c := range all {
		c.Grace = 20 * time.Millisecond
		all[name] = c
	}
	return all
}

func init() {
	// A server starts and stops instances until it is killed. It tells of each
	// when it is warm, and before it is stopped.
	parts["server"] = func() error {
		p, err := process.Open(os.Getenv(serverFolder), churn())
		if err != nil {
			return err
		}
		var all sync.WaitGroup
		for _, pool := range slices.Sorted(maps.Keys(churn())) {
			all.Go(func() {
				for n := 0; ; n++ {
					name := fmt.Sprintf("%s-%d-%d", pool, os.Getpid(), n)
					i, err := p.Start(context.Background(), runtime.InstanceSpec{Name: name, Pool: pool, Category: pool})
					if err != nil {
						fmt.Println("failed", name, strconv.Quote(err.Error()))
						return
					}
					fmt.Println("warm", name, i.PID)
					if n%3 > 0 {
						fmt.Println("stop", name, i.PID)
						if err := p.Stop(context.Background(), name); err != nil {
							fmt.Println("failed", name, strconv.Quote(err.Error()))
							return
						}
						fmt.Println("gone", name, i.PID)
					}
				}
			})
		}
		all.Wait()
		return errors.New("it has ended by itself")
	}
}

// TestKilledServers: whenever a server is killed, the next one adopts each
// instance that was warm, as the same process, lists every process that there
// is, goes on with, or makes anew, what was launching, and leaves none of them
// when it has stopped all.
func TestKilledServers(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	states := map[string]int{}
	for range *kills {
		told := killed(t, folder, time.Duration(random.Int64N(int64(400*time.Millisecond))))
		p, err := process.Open(folder, churn())
		if err != nil {
			t.Fatal(err)
		}
		names := listed(t, p)
		for pid, instance := range marked(t, folder) {
			if !slices.Contains(names, instance) {
				t.Errorf("process %s of %s exists, and %q are listed", pid, instance, names)
			}
		}
		for name, was := range told {
			i, err := p.Adopt(t.Context(), runtime.InstanceSpec{Name: name})
			switch {
			case was.doing == "warm" && (err != nil || i.PID != was.pid || !alive(i.PID)):
				t.Errorf("%s was warm, process %d, and is process %d, %v", name, was.pid, i.PID, err)
			case was.doing == "gone" && !errors.Is(err, runtime.ErrGone):
				t.Errorf("%s was gone, and is there: %v", name, err)
			}
			states[was.doing]++
		}
		var all sync.WaitGroup
		for _, name := range names {
			if _, ok := told[name]; ok {
				continue
			}
			states["launching"]++
			all.Go(func() {
				var pool string
				for pool = range churn() {
					if len(name) > len(pool) && name[:len(pool)+1] == pool+"-" {
						break
					}
				}
				if _, err := p.Start(t.Context(), runtime.InstanceSpec{Name: name, Pool: pool, Category: pool}); err != nil {
					t.Errorf("%s was launching: %v", name, err)
				}
			})
		}
		all.Wait()
		endAll(t, p, folder)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("instances by what they did when their server was killed: %v", states)
}

// doing is what a server has told of an instance last.
type doing struct {
	doing string
	pid   int
}

// killed runs a server for a while after it has told of an instance, and kills
// it.
func killed(t *testing.T, folder string, after time.Duration) map[string]doing {
	t.Helper()
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), play+"=server", serverFolder+"="+folder)
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	told := map[string]doing{}
	lines := bufio.NewScanner(out)
	for {
		if !lines.Scan() {
			_ = server.Wait()
			if len(told) == 0 {
				t.Fatal("the server has told nothing")
			}
			return told
		}
		if len(told) == 0 {
			time.AfterFunc(after, func() { _ = server.Process.Kill() })
		}
		f := strings.SplitN(lines.Text(), " ", 3)
		if len(f) < 3 { // it was killed in the middle of it
			continue
		}
		if f[0] == "failed" {
			t.Error(lines.Text())
		}
		pid, _ := strconv.Atoi(f[2])
		told[f[1]] = doing{f[0], pid}
	}
}
