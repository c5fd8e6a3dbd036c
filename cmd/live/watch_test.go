//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/dashboard"
)

// TestPicture: it fits its screen, and what matters most is there on a small one.
func TestPicture(t *testing.T) {
	p := picture{
		state: dashboard.State{
			At: time.Unix(1e9, 0), Policy: "adaptive:hit_rate=0.95", UptimeS: 100, Priced: true, Draining: true,
			Recent: dashboard.Figures{WindowS: 100, Requests: 40, HitRate: new(0.975), P50S: new(0.0), P99S: new(12.34), Cost: 1.5},
			Pools: []dashboard.PoolState{
				{Pool: "a-category-with-a-long-name@eu-a", Level: 3, Warm: 2, Launching: 1, InUse: 4, Waiting: 2, Forecast: &runtime.Forecast{OverS: 6, Mean: 2.5, P05: 0, P95: 6}},
				{Pool: "empty"},
			},
			Alerts: []dashboard.Alert{{Name: "LaunchesHeld", Severity: "critical", Pool: "empty", Text: "5 launches have failed in a row."}},
		},
		decisions: []dashboard.Decision{
			{At: time.Unix(1e9-60, 0), Pool: "empty", Action: "launch", Text: "Launched 4 at a tick: the level is 7, and there were 2 warm + 1 launching − 0 waiting = 3."},
			{At: time.Unix(1e9-2, 0), Pool: "empty", Action: "fail", Text: "1 launch failed: \x1b]0;owned\x07."},
			{At: time.Unix(1e9-1, 0), Pool: "empty", Action: "assign", Text: "Served 1 request at once."},
		},
	}
	colours := regexp.MustCompile(`\x1b\[[0-9;]*m`)
	for _, width := range []int{20, 36, 49, 50, 80, 90, 200} {
		for _, height := range []int{0, 12} {
			for _, colour := range []bool{false, true} {
				var b strings.Builder
				s := screen{width, height, colour}
				if err := s.draw(&b, &p, false); err != nil {
					t.Fatal(err)
				}
				text := b.String()
				if stripped := colours.ReplaceAllString(text, ""); (stripped != text) != colour {
					t.Errorf("width %d, colour %v: %q", width, colour, text)
				} else {
					text = stripped
				}
				lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
				if height > 0 && len(lines) > height {
					t.Errorf("%d lines on %d", len(lines), height)
				}
				for _, l := range lines {
					if utf8.RuneCountInString(l) > width {
						t.Errorf("width %d: %q", width, l)
					}
				}
				if strings.ContainsAny(text, "\x1b\x07") {
					t.Errorf("what an instance wrote reaches the terminal: %q", text)
				}
				if !strings.Contains(text, "draining") || !strings.Contains(text, "97.5 %") || !strings.Contains(text, "! LaunchesHeld") || strings.Contains(text, "Served") {
					t.Errorf("width %d: %s", width, text)
				}
				if width >= 36 && height == 0 && !strings.Contains(strings.Join(strings.Fields(text), " "), "= 3.") {
					t.Errorf("width %d: the reason is cut off: %s", width, text)
				}
			}
		}
	}
	for _, c := range []struct {
		inUse, warm, launching, level int32
		want                          string
	}{{4, 2, 1, 3, "████▓▓░|  "}, {0, 0, 0, 0, "|         "}, {5, 5, 0, 5, "█████▓▓▓▓|"}, {0, 4, 0, 2, "▓▓|▓      "}} {
		var got strings.Builder
		for _, p := range bars(10, 10, c.inUse, c.warm, c.launching, c.level) {
			got.WriteString(p.text)
		}
		if got.String() != c.want {
			t.Errorf("%+v: %q", c, got.String())
		}
	}
}

// TestWatch: on a terminal the picture is drawn in place, in its size and in
// colour unless NO_COLOR says otherwise; elsewhere it is plain text.
func TestWatch(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--lead-time", "10ms", "--stop-timeout", "100ms")
	client, err := api.NewClient(s.address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Claim(t.Context(), api.ClaimRequest{}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var state dashboard.State
		if client.Fetch(t.Context(), "/v1/dashboard/state", &state) == nil && state.Recent.Requests == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the dashboard does not see the claim")
		}
	}
	watch := func(c *exec.Cmd) string {
		t.Helper()
		var out strings.Builder
		c.Stdout, c.Stderr = &out, &out
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGINT)
		_ = c.Wait()
		return out.String()
	}
	text := watch(command("status", "--watch", "--server", s.address))
	if strings.Count(text, "serving, up") < 2 || strings.Contains(text, "\x1b") || !strings.Contains(text, "Launched 2 at the start") {
		t.Errorf("without a terminal: %q", text)
	}
	if _, errs, status := live(t, "status", "--watch", "--format", "json", "--server", s.address); status != 2 {
		t.Errorf("as JSON: %d %s", status, errs)
	}
	if status, log := s.end(t, syscall.SIGINT); status != 0 {
		t.Errorf("the server ends with %d: %s", status, log)
	}
}

// TestWatchOnATerminal: the same on a pseudo-terminal.
func TestWatchOnATerminal(t *testing.T) {
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("there is no script(1) here, which makes a terminal")
	}
	t.Parallel()
	s := startServer(t, "--lead-time", "10ms")
	for _, c := range []struct {
		environment string
		colour      bool
	}{{"TERM=xterm", true}, {"NO_COLOR=1", false}} {
		of := command()
		// An interrupt ends it as Ctrl-C does; the terminal goes back to its own screen.
		shown := exec.Command(script, "-qec", fmt.Sprintf("stty cols 40 rows 12; timeout -s INT 3 %s status --watch --server %s", of.Path, s.address), "/dev/null")
		shown.Env = append(of.Env, c.environment)
		out, err := shown.CombinedOutput()
		text := string(out)
		if !strings.HasPrefix(text, "\x1b[?1049h") || !strings.HasSuffix(text, "\x1b[?1049l") || strings.Count(text, "\x1b[H") < 2 {
			t.Fatalf("%s: %v %q", c.environment, err, text)
		}
		if strings.Contains(text, "\x1b[32m") != c.colour {
			t.Errorf("%s: %q", c.environment, text)
		}
		for _, l := range strings.Split(regexp.MustCompile(`\x1b\[[0-9;?]*[a-zA-Z]`).ReplaceAllString(text, ""), "\r\n") {
			if utf8.RuneCountInString(l) > 2*40 { // the end of one picture and the beginning of the next
				t.Errorf("%s: %q", c.environment, l)
			}
		}
	}
}
