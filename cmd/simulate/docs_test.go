package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/policy/config"
)

// What docs/from-trace-to-pool.md says works, from top to bottom: files that
// it shows are written, commands that it shows are run.
func TestFromTraceToPool(t *testing.T) {
	if testing.Short() {
		t.Skip("tunes")
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "from-trace-to-pool.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	commands, served := 0, false
	var file strings.Builder
	name, fenced := "", false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			if fenced && name != "" {
				if err := os.WriteFile(name, []byte(file.String()), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			fenced, name = !fenced, ""
			file.Reset()
		case fenced:
			if name == "" {
				name = strings.TrimPrefix(line, "# ")
			}
			file.WriteString(line + "\n")
		case strings.HasPrefix(line, "    simulate "):
			args := strings.Fields(line)[1:]
			out, log, status := simulate(t, append(args, quietly(args)...)...)
			if status != 0 {
				t.Fatalf("%s: status %d\n%s%s", strings.TrimSpace(line), status, out, log)
			}
			t.Logf("%s\n%s%s", strings.TrimSpace(line), out, log)
			commands++
		case strings.HasPrefix(line, "    live serve --config "):
			served = true // the server itself is tested in cmd/live
			f, err := config.Load(strings.TrimPrefix(line, "    live serve --config "))
			if err != nil {
				t.Fatal(err)
			}
			if spec := f.PolicySpec(); spec.Name == "" {
				t.Errorf("%s has no policy", f.Name)
			}
		case strings.HasPrefix(line, "    "):
			t.Errorf("no test runs %q", line)
		}
	}
	if commands < 10 || !served {
		t.Errorf("%d commands were run, served: %v; has the page another form now?", commands, served)
	}
}

// quietly silences those commands that show progress.
func quietly(args []string) []string {
	switch args[0] {
	case "trace", "report":
		return nil
	default:
		return []string{"--quiet"}
	}
}
