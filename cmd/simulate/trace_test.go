package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/trace"
)

// traceVerb runs a verb of the trace command.
func traceVerb(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := newTraceCommand()
	var out, log bytes.Buffer
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&log)
	cmd.SetArgs(args)
	cmd.SilenceUsage = true
	err = cmd.Execute()
	return out.String(), log.String(), err
}

func mustTraceVerb(t *testing.T, stdin string, args ...string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr, err := traceVerb(t, stdin, args...)
	if err != nil {
		t.Fatalf("trace %s: %v", strings.Join(args, " "), err)
	}
	return stdout, stderr
}

func TestTraceGenerateDescribeSplitValidate(t *testing.T) {
	dir := t.TempDir()
	whole, a, b := filepath.Join(dir, "w.parquet"), filepath.Join(dir, "a.parquet"), filepath.Join(dir, "b.parquet")
	mustTraceVerb(t, "", "generate", "flash", "-o", whole, "--days", "2", "--seed", "3")
	again := filepath.Join(dir, "again.parquet")
	mustTraceVerb(t, "", "generate", "flash", "-o", again, "--days", "2", "--seed", "3")
	one, err1 := os.ReadFile(whole)
	two, err2 := os.ReadFile(again)
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Errorf("the same seed gave two files (%v, %v)", err1, err2)
	}

	text, _ := mustTraceVerb(t, "", "describe", whole, "--timezone", "Europe/Berlin")
	if !strings.Contains(text, "Europe/Berlin") || !strings.Contains(text, "session") {
		t.Errorf("described as\n%s", text)
	}
	var d trace.Description
	asJSON, _ := mustTraceVerb(t, "", "describe", whole, "--format", "json")
	if err := json.Unmarshal([]byte(asJSON), &d); err != nil {
		t.Fatal(err)
	}

	mustTraceVerb(t, "", "split", whole, "--at", "1d", "-o", a, "-o", b)
	first, err := trace.Load(a, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := trace.Load(b, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if int64(first.Len()+second.Len()) != d.Requests || first.Len() == 0 || second.Len() == 0 {
		t.Errorf("parts of %d and %d requests, want %d together", first.Len(), second.Len(), d.Requests)
	}
	if cut := first.Arrival[0] + 86400e9; second.Arrival[0] < cut || first.Arrival[first.Len()-1] >= cut {
		t.Error("the cut is not a day after the first arrival")
	}

	text, _ = mustTraceVerb(t, "", "validate", whole, a, b)
	if strings.Count(text, ": valid, ") != 3 {
		t.Errorf("validated as\n%s", text)
	}
	if err := os.WriteFile(a, one[:len(one)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := traceVerb(t, "", "validate", a); err == nil || !strings.Contains(err.Error(), a) {
		t.Errorf("half a file: error %v, want one that names it", err)
	}
}

const jobs = `JobID|Submit|Start|End|State
1|2026-06-01T09:00:00|2026-06-01T09:00:30|2026-06-01T10:00:30|COMPLETED
1.batch|2026-06-01T09:00:30|2026-06-01T09:00:30|2026-06-01T10:00:30|COMPLETED
2|2026-06-01T08:00:00|2026-06-01T08:00:30|2026-06-01T08:10:30|COMPLETED
`

func TestTraceImportReadsStandardInput(t *testing.T) {
	out := filepath.Join(t.TempDir(), "jobs.parquet")
	_, log := mustTraceVerb(t, jobs, "import", "slurm-sacct", "-", "-o", out, "--timezone", "Europe/Berlin", "--name", "jobs")
	if !strings.Contains(log, "left out 1: job step") || !strings.Contains(log, "2 requests") {
		t.Errorf("reported\n%s", log)
	}
	tr, err := trace.Load(out, trace.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if tr.Name != "jobs" || tr.Len() != 2 || tr.Duration[0] != 600e9 || tr.Wait[0] != 30e9 {
		t.Errorf("imported %+v", tr)
	}
}

func TestTraceLeadtimes(t *testing.T) {
	dir := t.TempDir()
	const in = "stage,latency_ms\npull,1500\nboot,20\npull,2\n"
	source := filepath.Join(dir, "in.csv")
	if err := os.WriteFile(source, []byte(in), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _ := mustTraceVerb(t, "", "leadtimes", "stages-csv", source); out != in {
		t.Errorf("standard output is %q", out)
	}
	plain := filepath.Join(dir, "pull.txt")
	mustTraceVerb(t, "", "leadtimes", "stages-csv", source, "--stage", "pull", "-o", plain)
	got, err := os.ReadFile(plain)
	if err != nil {
		t.Fatal(err)
	}
	if want := "# latency in seconds, stage pull\n1.5\n0.002\n"; string(got) != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
	for _, args := range [][]string{
		{"leadtimes", "stages-csv", source, "-o", plain},
		{"leadtimes", "stages-csv", source, "--stage", "none"},
		{"leadtimes", "swf", source},
	} {
		if _, _, err := traceVerb(t, "", args...); err == nil {
			t.Errorf("trace %s: no error", strings.Join(args, " "))
		}
	}
}

func TestTraceBadUsage(t *testing.T) {
	out := filepath.Join(t.TempDir(), "o.parquet")
	for want, args := range map[string][]string{
		"no format is called": {"import", "nothing", "-", "-o", out},
		"no workload":         {"generate", "nothing", "-o", out},
		"--days":              {"generate", "poisson", "-o", out, "--days", "-1"},
		"required flag":       {"generate", "poisson"},
		"2 cuts make 3 parts": {"split", out, "--at", "1d", "--at", "2d", "-o", out},
		"--timezone":          {"describe", out, "--timezone", "Nowhere"},
		"--format":            {"describe", out, "--format", "xml"},
		"--columns":           {"describe", out, "--columns", "x"},
		"--duration":          {"import", "swf", "-", "-o", out, "--duration", "soon"},
		"no such file":        {"import", "swf", filepath.Join(out, "x"), "-o", out},
	} {
		_, _, err := traceVerb(t, "", args...)
		if want == "no such file" && err != nil {
			continue // systems word it differently
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("trace %s: error %v, want one that says %q", strings.Join(args, " "), err, want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a failed verb left a file")
	}
}

func TestTraceHelpFitsTheTerminal(t *testing.T) {
	for _, verb := range newTraceCommand().Commands() {
		if !strings.Contains(verb.Example, "simulate trace "+verb.Name()) {
			t.Errorf("the help of %s has no example", verb.Name())
		}
		for line := range strings.SplitSeq(verb.Long+"\n"+verb.Example, "\n") {
			if len(line) > 100 {
				t.Errorf("the help of %s has a line of %d characters: %s", verb.Name(), len(line), line)
			}
		}
	}
}
