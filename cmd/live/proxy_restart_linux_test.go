package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSessionsOutliveTheServer: a server that is stopped, or killed, and started
// again leads browsers on to the processes that they had.
func TestSessionsOutliveTheServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, at := filepath.Join(dir, "pool.yaml"), free(t)
	text := `fleet:
  isolation: none
  categories: [{name: default, lead_time: 10ms}]
policy: {name: static, level: 1}
store: {sqlite: pool.db}
provisioner: {process: {state: ` + filepath.Join(dir, "processes") + `}}
proxy:
  listen: ` + at + `
  session: {key_file: cookie.key}
`
	for name, text := range map[string]string{"pool.yaml": text, "cookie.key": strings.Repeat("k", 32)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := startServer(t, "--config", file)
	ann, ben := browser(t), browser(t)
	one, two := patient(t, ann, "http://"+at), patient(t, ben, "http://"+at)
	for _, by := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		s.end(t, by)
		s = startServer(t, "--config", file)
		if again := patient(t, ann, "http://"+at); again != one {
			t.Errorf("after %v %+v, not %+v", by, again, one)
		}
		if again := patient(t, ben, "http://"+at); again != two {
			t.Errorf("after %v %+v, not %+v", by, again, two)
		}
	}
	for _, pid := range []int{one.PID, two.PID} {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	s.end(t, syscall.SIGTERM)
}

// patient asks until the server that is started serves.
func patient(t *testing.T, c *http.Client, address string) (says workerSays) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		answer, err := c.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode == 200 && json.Unmarshal(text, &says) == nil {
			return says
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s %s", answer.Status, text)
		}
	}
}
