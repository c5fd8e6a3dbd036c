package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/experiments"
)

// taxis writes a series of three days by half hours, busy by day, and returns
// its path.
func taxis(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("time_s,count\n")
	for i := range 3 * 48 {
		n := 3 + i%5
		if i%48 >= 16 {
			n += 40
		}
		fmt.Fprintf(&b, "%d,%d\n", i*1800, n)
	}
	path := filepath.Join(t.TempDir(), "taxis.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestForecastExitStatus(t *testing.T) {
	trace, series := requests(t), taxis(t)
	holidays := filepath.Join(t.TempDir(), "holidays.csv")
	if err := os.WriteFile(holidays, []byte("date,name\n2026-06-01,today\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"--trace " + trace, 0, "combination"},
		{"--trace " + trace + " --forecasters ewma-1h --horizon 1m,5m --tick 1m --holidays " + holidays, 0, "horizon 5m"},
		{"--trace " + trace + " --forecasters ewma-1h --by category", 0, "by category (2 parts)"},
		{"--series " + series + " --forecasters ewma-1h,seasonal-naive-day", 0, "horizon 30m"},
		{"--series " + series + " --forecasters ewma-1h --start 2026-06-01 --measure-from 2026-06-02T12:00:00 --timezone Europe/Paris", 0, "Europe/Paris"},
		{"--series " + series + " --forecasters prophet", 2, "no forecaster is named \"prophet\""},
		{"--series " + series + " --forecasters ewma-1h,ewma-1h", 2, "twice"},
		{"--series " + series + " --trace " + trace, 2, "none of the others can be"},
		{"--series " + series + " --jitter 5m", 2, "none of the others can be"},
		{"--trace " + trace + " --forecasters ewma-1h --jitter 1s", 0, "ewma-1h"},
		{"--series " + series + " --horizon 45m", 2, "whole multiple"},
		{"--series " + series + " --horizon soon", 2, "--horizon"},
		{"--series " + series + " --horizon 1h,60m", 2, "twice"},
		{"--series " + series + " --horizon 240h", 2, "beyond the end"},
		{"--series " + series + " --measure-from 2026-06-02", 2, "--measure-from"},
		{"--series " + series + " --format xml", 2, "--format"},
		{"--series " + series + " --holidays " + series, 2, "date,name"},
		{"--series " + trace, 2, "time_s,count"},
		{"--trace " + trace + " --by colour", 2, "none of task_type"},
		{"--trace " + trace + " --by tenant", 2, "tenant"},
		{"--trace " + trace + " --tick 1ms", 2, "--tick"},
		{"--series " + series + " --forecasters ewma-1h --out " + series, 1, "--out"},
	} {
		stdout, stderr, status := simulate(t, append([]string{"forecast"}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("simulate forecast %s: status %d, want %d with %q; said\n%s%s", c.args, status, c.status, c.want, stdout, stderr)
		}
		if status == 2 && stdout != "" {
			t.Errorf("simulate forecast %s: wrote results although its input was bad:\n%s", c.args, stdout)
		}
	}
}

// Table, JSON and CSV say the same in the same bytes, and --out holds them with
// a picture for each horizon.
func TestForecastResults(t *testing.T) {
	series, out := taxis(t), filepath.Join(t.TempDir(), "report")
	args := []string{"forecast", "--series", series, "--forecasters", "ewma-1h,holt-winters-day", "--horizon", "30m,2h", "--quiet"}
	run := func(format string, more ...string) string {
		t.Helper()
		one, silence, status := simulate(t, append(append(args, "--format", format), more...)...)
		two, _, _ := simulate(t, append(args, "--format", format)...)
		if status != 0 || silence != "" || one != two {
			t.Fatalf("%s: status %d, said %q with --quiet, the same twice: %v", format, status, silence, one == two)
		}
		return one
	}
	var answer experiments.Backtest
	text := run("json", "--out", out)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Results) != 4 || answer.Results[3].Forecaster != "holt-winters-day" || answer.Results[3].HorizonS != 7200 ||
		answer.Trace.Name != "taxis" || answer.Trace.StepS != 1800 {
		t.Errorf("%+v", answer)
	}
	if s := answer.Results; s[1].Pinball >= s[0].Pinball {
		t.Errorf("a plain season: holt-winters-day %.3f, ewma-1h %.3f", s[1].Pinball, s[0].Pinball)
	}
	lines, err := csv.NewReader(strings.NewReader(run("csv"))).ReadAll()
	if err != nil || len(lines) != 5 || len(lines[0]) != 11 || lines[4][0] != "holt-winters-day" {
		t.Errorf("CSV %v, %v", lines, err)
	}
	table := run("table")
	for _, name := range []string{"report.html", "results.json", "results.csv", "fan-holt-winters-day-30m.svg"} {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Error(err)
			continue
		}
		switch name {
		case "results.json":
			if string(data) != text {
				t.Error("results.json is not what standard output says")
			}
		case "report.html":
			if n := bytes.Count(data, []byte("<svg")); n != 2 || !bytes.Contains(data, []byte("MASE")) || !strings.Contains(table, "MASE") {
				t.Errorf("report.html has %d pictures, want 2, and the table", n)
			}
		}
	}
}
