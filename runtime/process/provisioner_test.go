//go:build unix

package process_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime"
	"shadowpool/runtime/process"
	"shadowpool/runtime/provisionertest"
	"shadowpool/runtime/worker"
)

// play makes the test program play a part as a process of its own.
const play = "SHADOWPOOL_TEST_PLAY"

func TestMain(m *testing.M) {
	part := os.Getenv(play)
	if part == "" {
		os.Exit(m.Run())
	}
	if err := parts[part](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

var parts = map[string]func() error{
	"worker": func() error {
		ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer cancel()
		return worker.Run(ctx, os.Stdout, 0)
	},
	"broken": func() error {
		fmt.Println("loading the model")
		return fmt.Errorf("no such model")
	},
	"slow": func() error {
		ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer cancel()
		return worker.Run(ctx, os.Stdout, slowTakes)
	},
	"silent": func() error { select {} },
	"deaf": func() error {
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ready")
		select {}
	},
	// A parent starts a child of its own in its group and tells its number.
	"parent": func() error {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), play+"=silent")
		if err := child.Start(); err != nil {
			return err
		}
		fmt.Println("ready", child.Process.Pid)
		return child.Wait()
	},
	"listener": func() error {
		l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("SHADOWPOOL_PORT"))
		if err != nil {
			return err
		}
		asked := 0
		return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked < 3 || r.URL.Path != "/healthz" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
	},
	"warm-up": func() error {
		answer, err := http.Get(os.Getenv("SHADOWPOOL_ADDRESS"))
		if err != nil {
			return err
		}
		fmt.Println("warmed up", os.Getenv("SHADOWPOOL_INSTANCE"), answer.Status)
		return os.WriteFile(os.Getenv("WARMED"), []byte(os.Getenv("SHADOWPOOL_INSTANCE")), 0o600)
	},
}

// config is a process that plays a part.
func config(part string) process.Config {
	return process.Config{
		Command: []string{os.Args[0]}, Environment: []string{play + "=" + part},
		Ready: process.Ready{Line: `^ready ?(.*)$`}, Grace: 5 * time.Second,
	}
}

func provisioner(t *testing.T, categories map[string]process.Config) *process.Provisioner {
	t.Helper()
	p, err := process.New(categories)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		names, _ := p.List(context.Background())
		for _, n := range names {
			_ = p.Stop(context.Background(), n)
		}
	})
	return p
}

// one starts an instance of the only category.
func one(t *testing.T, c process.Config) (*process.Provisioner, runtime.Instance, error) {
	t.Helper()
	p := provisioner(t, map[string]process.Config{"x": c})
	i, err := p.Start(t.Context(), runtime.InstanceSpec{Name: "x-1", Pool: "x", Category: "x"})
	return p, i, err
}

const slowTakes = 400 * time.Millisecond

// fixture is what the suite needs to know of processes that play parts.
func fixture() (map[string]process.Config, provisionertest.Fixture) {
	configs := map[string]process.Config{"worker": config("worker"), "broken": config("broken"), "slow": config("slow")}
	return configs, provisionertest.Fixture{
		Category: "worker", Broken: "broken", Slow: "slow", SlowTakes: slowTakes,
		Kill: func(i runtime.Instance) error { return syscall.Kill(i.PID, syscall.SIGKILL) },
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	provisionertest.Run(t, func(t *testing.T) provisionertest.Fixture {
		configs, f := fixture()
		f.Provisioner = provisioner(t, configs)
		return f
	})
}

func TestAddress(t *testing.T) {
	t.Parallel()
	_, i, err := one(t, config("worker"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(i.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if i.Launch <= 0 || i.WarmUp != 0 {
		t.Errorf("its launch took %v, its warm-up %v, and it has none", i.Launch, i.WarmUp)
	}
	for key, want := range map[string]string{
		"SHADOWPOOL_INSTANCE": "x-1", "SHADOWPOOL_CATEGORY": "x", "SHADOWPOOL_ADDRESS": i.Address, "SHADOWPOOL_PID": strconv.Itoa(i.PID),
	} {
		if i.Environment[key] != want {
			t.Errorf("%s is %q, want %q", key, i.Environment[key], want)
		}
	}
}

func TestReadyOverTheNetwork(t *testing.T) {
	t.Parallel()
	for name, ready := range map[string]process.Ready{"http": {HTTP: "/healthz"}, "tcp": {TCP: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config("listener")
			c.Ready = ready
			_, i, err := one(t, c)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", strings.TrimPrefix(i.Address, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	coldStart, missing, slow := config("worker"), config("worker"), config("silent")
	coldStart.Warmup = []string{"/bin/sh", "-c", "echo the data set is not there; exit 3"}
	missing.Command = []string{"./no-such-program"}
	slow.StartTimeout = 50 * time.Millisecond
	for _, tt := range []struct {
		name   string
		config process.Config
		want   []string
	}{
		{"exits", config("broken"), []string{"ended before it was ready", "exit status 1", "no such model"}},
		{"missing", missing, []string{"no-such-program"}},
		{"slow", slow, []string{"not warm after 50ms"}},
		{"warm-up", coldStart, []string{"warm-up command failed", "exit status 3", "the data set is not there"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, err := one(t, tt.config)
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if left, _ := p.List(t.Context()); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestWarmUp(t *testing.T) {
	t.Parallel()
	c := config("worker")
	mark := t.TempDir() + "/warmed"
	c.Environment = append(c.Environment, "WARMED="+mark)
	c.Warmup = []string{"/usr/bin/env", play + "=warm-up", os.Args[0]}
	began := time.Now()
	_, i, err := one(t, c)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); i.Launch <= 0 || i.WarmUp <= 0 || i.Launch+i.WarmUp > took {
		t.Errorf("of %v the launch took %v and the warm-up %v", took, i.Launch, i.WarmUp)
	}
	if b, err := os.ReadFile(mark); err != nil || string(b) != "x-1" {
		t.Errorf("the warm-up of %q was run, %v", b, err)
	}
}

func TestKilledWhenDeaf(t *testing.T) {
	t.Parallel()
	c := config("deaf")
	c.Grace = 20 * time.Millisecond
	p, i, err := one(t, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(t.Context(), i.Name); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(i.PID, 0); err != syscall.ESRCH {
		t.Errorf("process %d: %v, want it gone", i.PID, err)
	}
}

// TestChildren: what an instance has started ends with it, however it ends.
func TestChildren(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"stopped", "killed"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p, i, err := one(t, config("parent"))
			if err != nil {
				t.Fatal(err)
			}
			child, err := strconv.Atoi(i.Address)
			if err != nil {
				t.Fatal(err)
			}
			if how == "killed" {
				err = syscall.Kill(i.PID, syscall.SIGKILL)
			} else {
				err = p.Stop(t.Context(), i.Name)
			}
			if err != nil {
				t.Fatal(err)
			}
			<-i.Gone
			for deadline := time.Now().Add(10 * time.Second); alive(child); {
				if time.Now().After(deadline) {
					t.Fatalf("child %d is still there", child)
				}
			}
		})
	}
}

// alive tells whether a process exists and is no zombie.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !os.IsNotExist(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z")
}

func TestConfig(t *testing.T) {
	ready := process.Ready{TCP: true}
	for _, tt := range []struct {
		config process.Config
		want   string
	}{
		{process.Config{Ready: ready}, "no command"},
		{process.Config{Command: []string{"x"}}, "choose one"},
		{process.Config{Command: []string{"x"}, Ready: process.Ready{TCP: true, HTTP: "/"}}, "choose one"},
		{process.Config{Command: []string{"x"}, Ready: process.Ready{Agent: true}}, "knows of agents"},
		{process.Config{Command: []string{"x"}, Ready: process.Ready{HTTP: "healthz"}}, "begin with /"},
		{process.Config{Command: []string{"x"}, Ready: process.Ready{Line: "("}}, "readiness line"},
		{process.Config{Command: []string{"x"}, Ready: ready, Environment: []string{"=x"}}, "KEY=VALUE"},
		{process.Config{Command: []string{"x"}, Ready: ready, Grace: -1}, "negative"},
	} {
		_, err := process.New(map[string]process.Config{"gpu": tt.config})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `"gpu"`) {
			t.Errorf("%+v: %v, want %q", tt.config, err, tt.want)
		}
	}
}
