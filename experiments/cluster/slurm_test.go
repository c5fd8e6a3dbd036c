package cluster

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// hostile are words that a shell, YAML or Kubernetes would like to read as
// something else.
var hostile = []string{
	"", " ", "-n", "--x=y", "a b", "a'b", `a"b`, `a\`, `\'`, "$HOME", "$(id)", "$$(id)", "$", "`id`", "!!", "#", "a#b", "~", "*", "a;b", "a&b", "<b>",
	"line\nbreak", "tab\t", "*anchor", "- x", "x: y", "null", "012", "é\u2028\x7f\ufeff", "{{.Name}}", "'", "''",
}

var job = Job{Name: "Monday's sweep", Arguments: hostile, Shards: 4, CPUs: 2, MemoryMiB: 1500}

// TestScript runs the script, not as a task of Slurm's: it must give the
// program its arguments as they are, and end with its status.
func TestScript(t *testing.T) {
	for _, status := range []string{"0", "2"} {
		dir := filepath.Join(t.TempDir(), `a "hostile" $(folder)'s`)
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		program := filepath.Join(dir, "simulate")
		if err := os.WriteFile(program, []byte("#!/bin/sh\nprintf '%s\\0' $SHADOWPOOL_SHARDS \"$@\"\nexit "+status+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		var script, out bytes.Buffer
		if err := (Slurm{Program: program, Time: 90 * time.Second, Partition: "gpu,main"}).Write(&script, job); err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"--job-name=monday-s-sweep", "--array=0-3", "--cpus-per-task=2", "--mem=1500M", "--time=0-00:02", "--partition=gpu,main"} {
			if !strings.Contains(script.String(), "\n#SBATCH "+line+"\n") {
				t.Errorf("no %s in\n%s", line, &script)
			}
		}
		cmd := exec.Command("bash")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = &script, &out, os.Stderr
		err := cmd.Run()
		if cmd.ProcessState.String() != "exit status "+status {
			t.Errorf("the script ended with %v, its program with %s", err, status)
		}
		want := append([]string{"4"}, hostile...)
		if diff := cmp.Diff(want, strings.Split(strings.TrimSuffix(out.String(), "\x00"), "\x00")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestSlurmRefuses(t *testing.T) {
	for name, change := range map[string]func(*Slurm, *Job){
		"no shard":       func(_ *Slurm, j *Job) { j.Shards = 0 },
		"no processor":   func(_ *Slurm, j *Job) { j.CPUs = 0 },
		"no memory":      func(_ *Slurm, j *Job) { j.MemoryMiB = 0 },
		"a zero byte":    func(_ *Slurm, j *Job) { j.Arguments = []string{"a\x00b"} },
		"no UTF-8":       func(_ *Slurm, j *Job) { j.Arguments = []string{"a\xffb"} },
		"no time":        func(s *Slurm, _ *Job) { s.Time = 0 },
		"more in a line": func(s *Slurm, _ *Job) { s.Partition = "main\n#SBATCH --uid=0" },
	} {
		s, j := Slurm{Program: "/simulate", Time: time.Hour}, job
		change(&s, &j)
		var out bytes.Buffer
		if err := s.Write(&out, j); err == nil || out.Len() > 0 {
			t.Errorf("%s: written, error %v", name, err)
		}
	}
}

func TestSlurmTime(t *testing.T) {
	for span, want := range map[time.Duration]string{
		time.Minute: "0-00:01", 61 * time.Second: "0-00:02", 4 * time.Hour: "0-04:00", 50*time.Hour + 30*time.Minute: "2-02:30",
	} {
		if got := slurmTime(span); got != want {
			t.Errorf("%s is %s, want %s", span, got, want)
		}
	}
}

func TestLabel(t *testing.T) {
	for name, want := range map[string]string{
		"experiment": "experiment", "A_b.c": "a-b-c", "--7é--": "sweep", "9x-": "x", strings.Repeat("ab-", 20): strings.Repeat("ab-", 13) + "a",
	} {
		if got := (Job{Name: name}).label(); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// A client that is not there is told from one that refuses.
func TestSubmitFails(t *testing.T) {
	if _, err := client(t.Context(), strings.NewReader(""), filepath.Join(t.TempDir(), "sbatch")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "client is installed") {
		t.Error(err)
	}
	if _, err := client(t.Context(), strings.NewReader("echo no such partition >&2; exit 1"), "sh"); err == nil || !strings.HasSuffix(err.Error(), "no such partition") {
		t.Error(err)
	}
}
