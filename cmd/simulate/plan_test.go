package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shadowpool/policy/plan"
)

// Of the requests four in five read dataset a, one in five b; tenant y only b.
func TestPlan(t *testing.T) {
	var b strings.Builder
	b.WriteString("arrival,duration_s,task_type,tenant,dataset\n")
	for i := range 100 {
		dataset, tenant := "a", "x"
		if i%5 == 4 {
			dataset, tenant = "b", "y"
		}
		fmt.Fprintf(&b, "2026-06-01T%sZ,45,train,%s,%s\n", clock(i*30), tenant, dataset)
	}
	path := filepath.Join(t.TempDir(), "requests.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	read := func(args ...string) plan.Plan {
		t.Helper()
		out, log, status := simulate(t, append([]string{"plan", "--trace", path, "--stage", "model=dataset=20s", "--format", "yaml"}, args...)...)
		if status != 0 {
			t.Fatalf("%v: status %d: %s", args, status, log)
		}
		p, err := plan.ParseYAML([]byte(out))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return p
	}
	if p := read("--time", "20s"); len(p.Steps) != 1 || p.Steps[0].Name != "a" {
		t.Errorf("in 20 s: %+v", p)
	}
	if p := read("--time", "60s"); len(p.Steps) != 2 || p.Steps[0].Name != "a" || p.Steps[1].Name != "b" {
		t.Errorf("in 60 s: %+v", p)
	}
	if p := read("--time", "20s", "--task-type", "train", "--tenant", "y"); len(p.Steps) != 1 || p.Steps[0].Name != "b" || p.Tenant != "y" {
		t.Errorf("for tenant y: %+v", p)
	}
	table, _, _ := simulate(t, "plan", "--trace", path, "--stage", "model=dataset=20s")
	if !strings.Contains(table, "train") || !strings.Contains(table, "plan ") {
		t.Errorf("%s", table)
	}
	for want, args := range map[string]string{
		"--trace is missing": "", "not in the trace": "--trace " + path + " --tenant z", "--format": "--trace " + path + " --format csv",
		"--time": "--trace " + path + " --time 0s", "--top": "--trace " + path + " --top 0",
	} {
		if _, log, status := simulate(t, append([]string{"plan"}, strings.Fields(args)...)...); status != 2 || !strings.Contains(log, want) {
			t.Errorf("plan %s: status %d, %q, want one with %q", args, status, log, want)
		}
	}
}
