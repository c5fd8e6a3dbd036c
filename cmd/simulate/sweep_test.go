package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shadowpool/experiments/sweep"
)

// asCommand is set in the environment of a test binary that is to be the
// command itself, so that it can be killed.
const asCommand = "SIMULATE_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// experiment writes an experiment on the requests of an hour, of that many
// runs.
func experiment(t *testing.T, runs int) string {
	t.Helper()
	text := fmt.Sprintf("traces: [%q]\ntarget: hit_rate=0.9\npolicies:\n  - {name: static, level: 1..%d/%d}\n", requests(t), runs, runs)
	path := filepath.Join(t.TempDir(), "experiment.yaml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func contents(t *testing.T, path ...string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// A sweep that is killed at any instant loses the runs in flight, and what
// it ends with are the bytes of one that was left alone.
func TestSweepSurvivesBeingKilled(t *testing.T) {
	const runs = 1000
	kills := 100
	if testing.Short() {
		kills = 10
	}
	file, dir := experiment(t, runs), t.TempDir()
	alone, killed := filepath.Join(dir, "alone"), filepath.Join(dir, "killed")
	if _, log, status := simulate(t, "sweep", file, "--out", alone, "--quiet"); status != 0 {
		t.Fatal(log)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	have := 0
	count := func() int {
		entries, _ := filepath.Glob(filepath.Join(killed, "runs", "*.json"))
		return len(entries)
	}
	cut, pause := 0, float64(10*time.Millisecond)
	for range kills {
		if have == runs { // all is done: begin again
			if err := os.RemoveAll(killed); err != nil {
				t.Fatal(err)
			}
			have = 0
		}
		cmd := exec.Command(os.Args[0], "sweep", file, "--out", killed, "--resume", "--quiet", "--workers", "2")
		cmd.Env = append(os.Environ(), asCommand+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Float64() * pause))
		_ = cmd.Process.Kill() // it may have ended
		if cmd.Wait() != nil {
			cut++
		}
		now := count()
		if now < have {
			t.Fatalf("a kill left %d of %d runs", now, have)
		}
		if now == have { // it was not yet at work
			pause *= 1.5
		}
		have = now
	}
	t.Logf("%d of %d kills came before the end, with %d runs done", cut, kills, have)
	if cut == 0 || have == 0 {
		t.Error("no kill came amid the sweep: this test shows nothing")
	}
	if _, log, status := simulate(t, "sweep", file, "--out", killed, "--resume", "--quiet"); status != 0 {
		t.Fatal(log)
	}
	if !bytes.Equal(contents(t, alone, sweep.TableName), contents(t, killed, sweep.TableName)) {
		t.Error("the table after kills is not that of an undisturbed sweep")
	}
}

func TestSweep(t *testing.T) {
	file := experiment(t, 5)
	dir := filepath.Join(t.TempDir(), "sweep")
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"sweep", 2, "accepts 1 arg"},
		{"sweep " + file + " --shard 4/4 --out " + dir, 2, "I from 0 to N-1"},
		{"sweep nowhere.yaml --out " + dir, 2, "nowhere.yaml"},
		{"sweep " + file + " --shard 1/2 --out " + dir, 0, "2 of 5 runs are done; 3 are left to other shards"},
		{"sweep " + file + " --out " + dir, 1, "2 of 5 runs are kept there already: add --resume"},
		{"sweep " + file + " --shard 0/2 --out " + dir, 0, "5 runs; the table is results.parquet"},
		{"sweep " + file + " --resume --out " + dir, 0, "5 runs; the table is results.parquet"},
	} {
		_, log, status := simulate(t, strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(log, c.want) {
			t.Errorf("simulate %s: status %d, %q; want %d and %q in it", c.args, status, log, c.status, c.want)
		}
	}
}
