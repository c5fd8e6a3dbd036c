package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/experiments/sweep"
)

// TestShardOfACluster runs every shard as a cluster would: told by the
// environment.
func TestShardOfACluster(t *testing.T) {
	file, dir := experiment(t, 7), t.TempDir()
	alone, shared := filepath.Join(dir, "alone"), filepath.Join(dir, "shared")
	if _, log, status := simulate(t, "sweep", file, "--out", alone, "--quiet"); status != 0 {
		t.Fatal(log)
	}
	t.Setenv("SHADOWPOOL_SHARDS", "3")
	for _, shard := range []string{"2", "0", "1"} {
		t.Setenv("JOB_COMPLETION_INDEX", shard)
		if _, log, status := simulate(t, "sweep", file, "--out", shared, "--quiet", "--resume"); status != 0 {
			t.Fatal(log)
		}
		runs, err := filepath.Glob(filepath.Join(shared, "runs", "*.json"))
		if want := map[string]int{"2": 2, "0": 5, "1": 7}[shard]; err != nil || len(runs) != want {
			t.Fatalf("after shard %s there are %d runs, want %d; %v", shard, len(runs), want, err)
		}
	}
	if string(contents(t, alone, sweep.TableName)) != string(contents(t, shared, sweep.TableName)) {
		t.Error("three shards make another table than one machine")
	}
	t.Setenv("JOB_COMPLETION_INDEX", "3")
	if _, log, status := simulate(t, "sweep", file, "--out", shared, "--resume"); status != 2 || !strings.Contains(log, "the first is 0") {
		t.Errorf("status %d: %s", status, log)
	}
}

// onlyURLs writes an experiment that needs no file but its configuration.
func onlyURLs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"experiment.yaml": "traces: [\"s3://traces/requests.parquet\"]\nconfig: pool.yaml\n",
		"pool.yaml":       "policy: {name: adaptive}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "experiment.yaml")
}

func TestSubmitWrites(t *testing.T) {
	file := onlyURLs(t)
	dir := filepath.Dir(file)
	for _, c := range []struct {
		arguments string
		want      []string
	}{
		{"--submit slurm --out results --shards 20 --memory 512M --time 90m", []string{
			"--array=0-19\n", "--mem=512M\n", "--time=0-01:30\n", "--cpus-per-task=4\n", "export SHADOWPOOL_SHARDS=20\n",
			" sweep " + file + " --out " + filepath.Join(dir, "results") + " --resume --quiet --workers 4 && exit\n"}},
		{"--submit slurm --out s3://sweeps/monday --workers 3 --cpus 2", []string{"--cpus-per-task=2\n", "--out s3://sweeps/monday", "--workers 3 "}},
		{"--submit kubernetes --out s3://sweeps/monday --image simulate:1 --memory 2Gi", []string{
			"completions: 8\n", "memory: 2048Mi", `"experiment.yaml": |` + "\n    traces: ", `"pool.yaml": |` + "\n    policy: ",
			`- "/job/experiment.yaml"` + "\n", `- "s3://sweeps/monday"` + "\n"}},
	} {
		t.Chdir(dir)
		text, log, status := simulate(t, append([]string{"sweep", file}, strings.Fields(c.arguments)...)...)
		if status != 0 || log != "" {
			t.Errorf("%s: status %d, %s", c.arguments, status, log)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", c.arguments, want, text)
			}
		}
	}
}

func TestSubmitRefuses(t *testing.T) {
	elsewhere := onlyURLs(t)
	if err := os.WriteFile(elsewhere, []byte("config: ../pool.yaml\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, arguments, says string }{
		{onlyURLs(t), "--submit pbs", "neither slurm nor kubernetes"},
		{onlyURLs(t), "--submit slurm --shard 0/2", "--shard for one"},
		{onlyURLs(t), "--submit slurm --shards 0", "0 shards"},
		{onlyURLs(t), "--submit slurm --memory 4", "--memory"},
		{onlyURLs(t), "--submit slurm --time 10s", "at least 1m"},
		{onlyURLs(t), "--submit kubernetes --image simulate", "give a URL"},
		{onlyURLs(t), "--submit kubernetes --image simulate --out file:///results", "give a URL"},
		{onlyURLs(t), "--submit kubernetes --out s3://sweeps/monday", "which image"},
		{experiment(t, 1), "--submit kubernetes --image simulate --out s3://sweeps/monday", "pods do not see"},
		{elsewhere, "--submit kubernetes --image simulate --out s3://sweeps/monday", "must lie beside"},
	} {
		if text, log, status := simulate(t, append([]string{"sweep", c.file}, strings.Fields(c.arguments)...)...); status != 2 || text != "" || !strings.Contains(log, c.says) {
			t.Errorf("%s: status %d, %q on standard output, %s", c.arguments, status, text, log)
		}
	}
}
