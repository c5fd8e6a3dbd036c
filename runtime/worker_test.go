package runtime_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/process"
	"shadowpool/runtime/worker"
)

// asWorker makes the test program an instance: a real process, without
// anything to build.
const asWorker = "SHADOWPOOL_TEST_WORKER"

func TestMain(m *testing.M) {
	if longest := os.Getenv(asWorker); longest != "" {
		if err := work(longest); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work is an instance whose warm-up takes up to longest, by its number.
func work(longest string) error {
	most, err := time.ParseDuration(longest)
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	h := fnv.New32a()
	h.Write([]byte(os.Getenv("SHADOWPOOL_INSTANCE")))
	return worker.Run(ctx, os.Stdout, most*time.Duration(h.Sum32()%1000)/1000)
}

// workers makes instances of the test program.
func workers(t *testing.T, longest time.Duration, categories ...string) *process.Provisioner {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	each := make(map[string]process.Config)
	for _, name := range categories {
		each[name] = process.Config{
			Command:     []string{self},
			Environment: []string{asWorker + "=" + longest.String()},
			Ready:       process.Ready{Line: worker.ReadyLine},
		}
	}
	p, err := process.New(each)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
