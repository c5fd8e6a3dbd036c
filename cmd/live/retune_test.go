//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shadowpool/policy/config"
	"shadowpool/trace"
)

// recorded is a folder with requests of so many days, and a pool.yaml that holds far too much.
func recorded(t *testing.T, days int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	b := trace.NewBuilder()
	at := int64(1_780_000_000e9)
	for end := at + int64(days)*24*3600e9; at < end; at += int64(random.ExpFloat64() * 300e9) {
		if err := b.Add(trace.Record{Arrival: at, Duration: 600e9, Announced: trace.NoTime, Wait: trace.NoTime}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := b.Build("", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "requests"), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "requests", "requests-1.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := trace.WriteParquet(f, all); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`# ours
service: {hit_rate: 0.9}
fleet: {isolation: none, default: {lead_time: 60s}} # measured
policy:
  name: static
  level: 20
recording: {requests: %s/requests}
`, dir)
	if err := os.WriteFile(filepath.Join(dir, "pool.yaml"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// simulateProgram builds the real one.
func simulateProgram(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds simulate")
	}
	path := filepath.Join(t.TempDir(), "simulate")
	if out, err := exec.Command("go", "build", "-o", path, "shadowpool/cmd/simulate").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// script is a program in the place of simulate.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "simulate")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRetune: what is recorded is searched by the real program, what it would change is shown, and what is surely
// better is put to the server; as much as is asked for is kept.
func TestRetune(t *testing.T) {
	t.Parallel()
	simulate := simulateProgram(t)
	dir := recorded(t, 36)
	var put []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		put = append(put, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+"\n"+string(body))
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	proposals := filepath.Join(dir, "proposals")
	if err := os.MkdirAll(filepath.Join(proposals, "mine"), 0o777); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"retune", "--config", filepath.Join(dir, "pool.yaml"), "--simulate", simulate, "--out", proposals, "--budget", "30", "--server", server.URL, "--keep", "1"}
	out, errs, status := live(t, append(arguments, "--", "--policies", "static", "--measure-from", "10%")...)
	if status != 0 || !strings.Contains(out, "-  level: 20\n+  level: ") || strings.Contains(out, "-service") || !strings.Contains(out, "95 % interval") || len(put) > 0 {
		t.Fatalf("%d %s %s", status, out, errs)
	}
	time.Sleep(1100 * time.Millisecond) // folders are named by the second
	out, errs, status = live(t, append(arguments, "--apply", "--", "--policies", "static", "--measure-from", "10%")...)
	if status != 0 || !strings.Contains(out, "the server goes on with it") || len(put) != 1 || !strings.HasPrefix(put[0], "PUT /v1/configuration application/yaml\n# Found by simulate tune") {
		t.Errorf("%d %s %s %q", status, out, errs, put)
	}
	kept, err := filepath.Glob(filepath.Join(proposals, "*"))
	if err != nil || len(kept) != 2 { // that, and what is not its own
		t.Fatalf("%q, %v", kept, err)
	}
	text, err := os.ReadFile(filepath.Join(kept[0], proposalFile))
	if err != nil {
		t.Fatal(err)
	}
	var p proposal
	if err := json.Unmarshal(text, &p); err != nil || !p.Applied || !p.Surely || p.Now != "static:level=20" || *p.Gain.LessPerDay.Low <= 0 {
		t.Errorf("%s, %v", text, err)
	}
	file, err := config.Load(filepath.Join(kept[0], "pool.yaml"))
	if err != nil || file.PolicySpec().String() != p.Proposed {
		t.Errorf("%v, %v", file, err)
	}

	// Of few days it is not sure, and the server keeps what it has.
	few := recorded(t, 10)
	out, errs, status = live(t, "retune", "--config", filepath.Join(few, "pool.yaml"), "--simulate", simulate, "--out", filepath.Join(few, "proposals"),
		"--budget", "30", "--server", server.URL, "--apply", "--", "--policies", "static")
	if status != 0 || !strings.Contains(out, "too few for an interval") || !strings.Contains(out, "not applied") || len(put) != 1 {
		t.Errorf("%d %s %s %d", status, out, errs, len(put))
	}
}

// TestRetuneIsBounded: the search has the lowest priority, as many processors as allowed, and no more time
// than that; nothing is left of one that fails.
func TestRetuneIsBounded(t *testing.T) {
	t.Parallel()
	dir := recorded(t, 1)
	retune := func(simulate string, more ...string) (string, int) {
		_, errs, status := live(t, append([]string{"retune", "--config", filepath.Join(dir, "pool.yaml"), "--simulate", simulate, "--out", filepath.Join(dir, "p")}, more...)...)
		return errs, status
	}
	said := filepath.Join(dir, "said")
	errs, status := retune(script(t, `echo "$GOMAXPROCS $(nice) $*" >`+said+`; echo "no luck" >&2; exit 1`), "--cpus", "3", "--target", "wait_mean=5s", "--", "--seed", "7")
	text, err := os.ReadFile(said)
	if err != nil || status != 1 || !strings.Contains(errs, "no luck") {
		t.Fatalf("%d %s %v", status, errs, err)
	}
	if _, err := exec.LookPath("nice"); err == nil && !strings.HasPrefix(string(text), "3 19 tune --config ") {
		t.Errorf("%s", text)
	}
	if !strings.HasSuffix(string(text), " --minimise cost --at wait_mean=5s --budget 100 --seed 7\n") {
		t.Errorf("%s", text)
	}
	since := time.Now()
	if errs, status := retune(script(t, "exec sleep 60"), "--timeout", "300ms"); status != 1 || !strings.Contains(errs, "longer than 300ms") || time.Since(since) > 30*time.Second {
		t.Errorf("%d %s", status, errs)
	}
	if errs, status := retune(script(t, "echo strange")); status != 1 || !strings.Contains(errs, "of this version") {
		t.Errorf("%d %s", status, errs)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "p")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestRetuneUsage(t *testing.T) {
	t.Parallel()
	dir := recorded(t, 1)
	pool := filepath.Join(dir, "pool.yaml")
	bare := filepath.Join(dir, "bare.yaml")
	if err := os.WriteFile(bare, []byte("fleet: {default: {lead_time: 1s}}\npolicy: {name: none}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for want, arguments := range map[string]string{
		"give --config":           "",
		"no such file":            "--config " + dir + "/other.yaml",
		"records no requests":     "--config " + bare,
		"exclude each other":      "--config " + pool + " --every 1h --at 02:00",
		"no time of day":          "--config " + pool + " --at 25:00",
		"a minute at least":       "--config " + pool + " --every 1s",
		"come after --":           "--config " + pool + " static",
		"executable file not fou": "--config " + pool + " --simulate simulate-nowhere",
		"is not an address":       "--config " + pool + " --server ://",
	} {
		if _, errs, status := live(t, append([]string{"retune"}, strings.Fields(arguments)...)...); status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", want, status, errs)
		}
	}
}

// The time of day is that of the configuration's zone, summer time or not.
func TestRetuneAt(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	r := &retuning{at: "02:00", file: &config.File{Location: berlin}}
	for now, want := range map[string]string{
		"2026-11-25T00:30:00Z": "2026-11-25T01:00:00Z",
		"2026-11-25T01:00:00Z": "2026-11-26T01:00:00Z",
		"2026-10-24T12:00:00Z": "2026-10-25T01:00:00Z", // 02:00 comes twice, the proposal once
		"2026-10-25T01:00:00Z": "2026-10-26T01:00:00Z",
		"2026-03-28T12:00:00Z": "2026-03-29T01:00:00Z", // no 02:00: at 03:00
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.next(at).UTC().Format(time.RFC3339); got != want {
			t.Errorf("after %s: %s, want %s", now, got, want)
		}
	}
}
