package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/wire"
)

// slowStore serves datasets by range at so many bytes a second to each reader.
func slowStore(t *testing.T, size, rate int) *httptest.Server {
	content := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(slowly{w, rate}, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(s.Close)
	return s
}

type slowly struct {
	http.ResponseWriter
	rate int
}

func (s slowly) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		part := b[:min(len(b), 32<<10)]
		time.Sleep(time.Duration(len(part)) * time.Second / time.Duration(s.rate))
		var m int
		m, err = s.ResponseWriter.Write(part)
		n, b = n+m, b[m:]
	}
	return n, err
}

// agentPool writes a configuration whose instances are this program as an agent
// of a service.
func agentPool(t *testing.T, service, agent string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pool.yaml")
	text := fmt.Sprintf(`
fleet:
  isolation: none
  categories:
    - {name: nb, lead_time: 1s}
policy: {name: static, level: 1}
provisioner:
  process:
    command: [%s, agent, --stop-grace, 1s, --start-on, promote, --, sh, -c, %q]
    environment: {%s: "1"}
    ready: {agent: true}
  agent:
    orphan: {after: 1m}
%s`, os.Args[0], service, asLive, agent)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func claimOf(t *testing.T, s *server, q api.ClaimRequest) api.Claim {
	t.Helper()
	client, err := api.NewClient(s.address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := client.Claim(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func giveBack(t *testing.T, s *server, claim string) {
	t.Helper()
	client, err := api.NewClient(s.address)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Release(t.Context(), claim); err != nil {
		t.Error(err)
	}
}

func warm(t *testing.T, s *server) {
	t.Helper()
	client, err := api.NewClient(s.address)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "an instance is warm", func() bool {
		var status runtime.Status
		status, err = client.Status(t.Context())
		return err == nil && status.Pools[0].Warm > 0
	})
}

func eventually(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !met(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// processes that sleep for a mark.
func marked(t *testing.T, mark string) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if b, err := os.ReadFile(name); err == nil && string(b) == "sleep\x00"+mark+"\x00" {
			pid, _ := strconv.Atoi(strings.Split(name, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// TestAgentServes: a server whose instances have agents, end to end. What
// requests used is learned, the next shadow prepares for it, and is promoted in
// the midst of it within a second; its configuration reaches its service and
// nobody else.
func TestAgentServes(t *testing.T) {
	t.Parallel()
	mark := fmt.Sprintf("3%d%d", os.Getpid(), time.Now().UnixNano()%1e6)
	got := filepath.Join(t.TempDir(), "got")
	service := `echo "$CITY|$(cat $SHADOWPOOL_SECRETS/PASSWORD)|$(cat $SHADOWPOOL_FILES/a/b)|$(env | grep -c AGENT_TOKEN)" > ` + got + `.new; mv ` + got + `.new ` + got + `; exec sleep ` + mark + "1"
	config := agentPool(t, service, "    recipes:\n      - {kind: task, name: train, command: [sh, -c, 'trap \"\" TERM; setsid sleep "+mark+" & sleep "+mark+"']}\n")
	s := startServer(t, "--config", config)
	warm(t, s)
	q := api.ClaimRequest{
		TaskType: "train", Environment: map[string]string{"CITY": "Kyoto"}, Secrets: map[string]api.Secret{"PASSWORD": "hush-hush"}, Files: map[string][]byte{"a/b": []byte("file")},
	}
	for round := range 2 {
		if round > 0 { // by then it is known what requests need
			eventually(t, "the workload runs", func() bool { return len(marked(t, mark)) >= 2 })
		}
		began := time.Now()
		c := claimOf(t, s, q)
		took := time.Since(began)
		// The client is answered when the workload has stopped, and all is there.
		for _, pid := range marked(t, mark) { // its successor may be at it already
			if of, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); bytes.Contains(of, []byte("SHADOWPOOL_INSTANCE="+c.Instance+"\x00")) {
				t.Errorf("round %d: process %d of the workload is still there", round, pid)
			}
		}
		t.Logf("round %d: promoted after %v", round, took)
		if c.Outcome != "hit" || strings.Contains(fmt.Sprint(c), "TOKEN") {
			t.Errorf("%+v", c)
		}
		eventually(t, "the service runs", func() bool { _, err := os.Stat(got); return err == nil })
		if text, err := os.ReadFile(got); err != nil || string(text) != "Kyoto|hush-hush|file|0\n" {
			t.Errorf("round %d: the service found %q, %v", round, text, err)
		}
		_ = os.Remove(got)
		secretsStay(t, s.Process.Pid, c.PID)
		giveBack(t, s, c.Claim)
		eventually(t, "the instance is gone", func() bool { return syscall.Kill(c.PID, 0) != nil })
	}
	status, log := s.end(t, syscall.SIGTERM)
	stops := regexp.MustCompile(`workload_stopped_s=(\S+)`).FindAllStringSubmatch(log, -1)
	for _, m := range stops {
		if took, err := strconv.ParseFloat(m[1], 64); err != nil || took >= 1 {
			t.Errorf("the workload has stopped after %s s", m[1])
		}
		t.Logf("the workload has stopped after %s s", m[1])
	}
	if len(stops) != 2 {
		t.Errorf("%d promotions are logged", len(stops))
	}
	if status != 0 || strings.Contains(log, "hush-hush") || strings.Contains(log, "level=ERROR") || !strings.Contains(log, "promoted") {
		t.Errorf("%d %s", status, log)
	}
	if left := append(marked(t, mark), marked(t, mark+"1")...); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// secretsStay: neither a secret nor the instance's token is in the environment of
// any process but the agent's own, and that nobody of its user can read.
func secretsStay(t *testing.T, server, agent int) {
	t.Helper()
	for _, pid := range append(children(t, server), children(t, agent)...) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if err != nil || pid == agent {
			continue
		}
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		isAgent := bytes.Contains(name, []byte("\x00agent\x00"))
		if bytes.Contains(text, []byte("hush-hush")) || bytes.Contains(text, []byte("AGENT_TOKEN")) && !isAgent {
			t.Errorf("a secret is in the environment of %q", name)
		}
	}
	if os.Getuid() != 0 {
		return
	}
	// Of its user, which here is root: without root's privileges.
	look := exec.Command("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "cat", fmt.Sprintf("/proc/%d/environ", agent))
	if out, err := look.CombinedOutput(); err == nil || bytes.Contains(out, []byte("AGENT_TOKEN=")) {
		t.Errorf("the agent's environment can be read: %v", err)
	}
}

// TestAgentAlone: an agent by itself outlives its server's restart and its own
// loss of contact, and ends when the server stays away.
func TestAgentAlone(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "key")
	config := agentPool(t, "sleep 1000", "    key_file: "+key+"\n    orphan: {after: 3s, serving: 3s}\n")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("    orphan: {after: 1m}\n"), nil, 1)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, "--config", config)
	secret, err := os.ReadFile(key)
	if info, err2 := os.Stat(key); err != nil || err2 != nil || len(secret) != wire.KeyBytes || info.Mode().Perm() != 0o600 {
		t.Fatalf("%d bytes of key, %v", len(secret), err)
	}
	state := t.TempDir()
	one := func(token string, arguments ...string) (*exec.Cmd, *bytes.Buffer) {
		c := command(append([]string{"agent", "--state", state}, arguments...)...)
		c.Env = append(c.Env, "SHADOWPOOL_AGENT_URL="+s.address, "SHADOWPOOL_AGENT_TOKEN="+token)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Process.Kill() })
		return c, &out
	}
	token := wire.Token(secret, wire.Identity{Name: "vm-1", Pool: "nb", Category: "nb"})
	a, out := one(token)
	// Only a server of the same key is obeyed.
	stranger, words := one(wire.Token(bytes.Repeat([]byte{1}, 32), wire.Identity{Name: "vm-2", Pool: "nb", Category: "nb"}), "--orphan-timeout", "1s")
	if err := stranger.Wait(); err == nil || !strings.Contains(words.String(), "gone for too long") {
		t.Errorf("%v %s", err, words)
	}
	folders := func() []string {
		all, err := filepath.Glob(filepath.Join(state, "shadowpool-vm-1-*"))
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	eventually(t, "it has a folder", func() bool { return len(folders()) == 1 })
	// The server is started again, at the same address.
	at := regexp.MustCompile(`\d+$`).FindString(s.address)
	s.end(t, syscall.SIGTERM)
	s = startServer(t, "--config", config, "--listen", "127.0.0.1:"+at)
	time.Sleep(5 * time.Second) // longer than it lives without
	if err := syscall.Kill(a.Process.Pid, 0); err != nil {
		t.Errorf("it ended although its server is there: %s", out)
	}
	// One that is killed leaves nothing.
	b, _ := one(wire.Token(secret, wire.Identity{Name: "vm-3", Pool: "nb", Category: "nb"}))
	third := func() int {
		all, _ := filepath.Glob(filepath.Join(state, "shadowpool-vm-3-*"))
		return len(all)
	}
	eventually(t, "the other is at work", func() bool {
		cache, _ := filepath.Glob(filepath.Join(state, "shadowpool-vm-3-*", "cache"))
		return len(cache) == 1
	})
	_ = b.Process.Kill()
	_ = b.Wait()
	eventually(t, "the folder of the one that was killed is gone", func() bool { return third() == 0 })
	s.end(t, syscall.SIGKILL)
	gone := time.Now()
	if err := a.Wait(); err == nil || a.ProcessState.ExitCode() != 1 || !strings.Contains(out.String(), "gone for too long") {
		t.Errorf("%v %s", err, out)
	}
	if took := time.Since(gone); took > 15*time.Second {
		t.Errorf("it ended after %v", took)
	}
	if left := folders(); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// TestAgentBenefit measures what the predictive workload saves a claim's task: it
// reads a dataset from a slow server, and then, as it is known by then what
// requests need, from the disk.
func TestAgentBenefit(t *testing.T) {
	t.Parallel()
	const size, rate = 8 << 20, 8 << 20 // a second
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the task is curl, which there is none of")
	}
	data := slowStore(t, size, rate)
	done := filepath.Join(t.TempDir(), "done")
	service := `s=$(date +%s%N); n=$(curl -sf ${SHADOWPOOL_DATA_URL}faces | wc -c); e=$(date +%s%N); echo "$n $(( (e-s)/1000 ))" > ` + done + `.new; mv ` + done + `.new ` + done + `; exec sleep 1000`
	config := agentPool(t, service, fmt.Sprintf("    allowed: [%s/]\n    recipes: [{kind: prefetch, url: '%s/{name}'}]\n", data.URL, data.URL))
	s := startServer(t, "--config", config)
	task := func() time.Duration {
		warm(t, s)
		c := claimOf(t, s, api.ClaimRequest{TaskType: "train", Dataset: "faces"})
		eventually(t, "the task is done", func() bool { _, err := os.Stat(done); return err == nil })
		text, err := os.ReadFile(done)
		var n, us int64
		if _, err2 := fmt.Sscan(string(text), &n, &us); err != nil || err2 != nil || n != size {
			t.Fatalf("%q %v %v", text, err, err2)
		}
		_ = os.Remove(done)
		giveBack(t, s, c.Claim)
		return time.Duration(us) * time.Microsecond
	}
	first := task()
	_ = task()                  // the shadow that was there before anything was known
	time.Sleep(3 * time.Second) // as an idle shadow has
	next := task()
	if next > first/2 {
		t.Errorf("the task took %v at first, and %v with its dataset prefetched", first, next)
	}
	t.Logf("the task took %v at first, and %v with its dataset prefetched", first, next)
}

// The example of the documentation is a configuration.
func TestAgentExample(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "agent.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(text, []byte("```yaml\n"))
	example, _, found := bytes.Cut(rest, []byte("```"))
	file, err := config.Parse("docs/agent.md", example)
	if err != nil || !found {
		t.Fatal(err)
	}
	if _, err := newOffice(file); err != nil {
		t.Error(err)
	}
}

// TestAgentUsage: what cannot work is said before anything is done.
func TestAgentUsage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		says      string
	}{
		{[]string{"agent"}, "token"},
		{[]string{"agent", "--start-on", "later"}, "neither launch nor promote"},
		{[]string{"agent", "sleep", "1"}, "live agent -- sleep"},
	} {
		if _, errs, status := live(t, c.arguments...); status == 0 || !strings.Contains(errs, c.says) {
			t.Errorf("%v: %d %s", c.arguments, status, errs)
		}
	}
	var claim api.ClaimRequest
	if err := json.Unmarshal([]byte(`{"secrets":{"A":"b"}}`), &claim); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, "--lead-time", "1ms")
	client, err := api.NewClient(s.address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Claim(t.Context(), claim); err == nil {
		t.Error("secrets were taken that reach nobody")
	}
}
