//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"shadowpool/policy/config"
)

// shownPool is what a page of the documentation shows: the file pool.yaml and the commands.
func shownPool(t *testing.T, name string) (pool string, commands [][]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(text), "```yaml\n# pool.yaml\n")
	if !found {
		t.Fatalf("%s shows no pool.yaml", name)
	}
	pool, _, _ = strings.Cut(block, "```")
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "    live ") || strings.HasPrefix(line, "    simulate ") {
			commands = append(commands, strings.Fields(line))
		}
	}
	return pool, commands
}

// shows says whether a page shows what a command said, but for its last line.
func shows(t *testing.T, name string, out []byte) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		shown[strings.TrimSpace(line)] = true
	}
	all := lines(out)
	for _, line := range all[:len(all)-1] {
		if !shown[strings.TrimSpace(line)] {
			t.Logf("not shown: %s", line)
			return false
		}
	}
	return true
}

// What docs/retune.md says works, from top to bottom, on a folder of requests such as a server
// records.
func TestRetunePage(t *testing.T) {
	t.Parallel()
	simulate := simulateProgram(t)
	pool, commands := shownPool(t, "retune.md")
	dir := recorded(t, 36)
	if err := os.WriteFile(filepath.Join(dir, "pool.yaml"), []byte(pool), 0o666); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, line := range commands {
		c := command(line[1:]...)
		switch {
		case line[0] == "simulate":
			c = exec.Command(simulate, line[1:]...)
		case line[1] == "serve": // that is TestTournament's
			if _, err := config.Load(filepath.Join(dir, line[3])); err != nil {
				t.Error(err)
			}
			continue
		case line[1] == "retune":
			c = command(append([]string{"retune", "--simulate", simulate}, line[2:]...)...)
		}
		c.Dir = dir
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", line, err, out)
		}
		t.Logf("%s\n%s", strings.Join(line, " "), out)
		if line[1] == "retune" && !shows(t, "retune.md", out) {
			t.Errorf("the page shows another proposal than\n%s", out)
		}
		ran++
	}
	if ran < 3 {
		t.Errorf("%d commands", ran)
	}
}

// What docs/tournament.md says works.
func TestTournamentPage(t *testing.T) {
	t.Parallel()
	pool, commands := shownPool(t, "tournament.md")
	dir := t.TempDir()
	file := filepath.Join(dir, "pool.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(pool, "evidence.json", dir+"/evidence.json")), 0o666); err != nil {
		t.Fatal(err)
	}
	if len(commands) != 2 || commands[0][1] != "serve" || commands[1][1] != "tournament" {
		t.Fatalf("%q", commands)
	}
	s := startServer(t, "--config", file)
	out, errs, status := live(t, "tournament", "--server", s.address)
	if status != 0 || !strings.Contains(out, "ewma:quantile=0.95") {
		t.Errorf("%d %s %s", status, out, errs)
	}
	if status, log := s.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("%d %s", status, log)
	}
}
