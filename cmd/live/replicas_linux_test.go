package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shadowpool/runtime/api"
	"shadowpool/runtime/postgres/postgrestest"
)

// TestReplicas: of servers that share a PostgreSQL each serves claims, and when
// the one that leads is killed another goes on within 10 s: with the claims that
// were held, and with the instances, none twice.
func TestReplicas(t *testing.T) {
	database := postgrestest.Start(t)
	dir := t.TempDir()
	password, err := os.ReadFile(database.PasswordFile)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "password"), password, 0o600)
	}
	file := filepath.Join(dir, "pool.yaml")
	if err == nil {
		err = os.WriteFile(file, []byte(fmt.Sprintf(`fleet: {categories: [{name: one, lead_time: 10ms, reuse: reusable}], isolation: none}
policy: {name: static, level: 3}
store: {postgres: {url: '%s', password_file: password}, lease: 3s}
provisioner: {process: {state: processes}}
`, database.Database(t, "replicas"))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "processes")
	endPool(t, state)
	claim := func(s *server, key string) (c api.Claim) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			out, errs, status := live(t, "claim", "--key", key, "--server", s.address, "--format", "json")
			if status == 0 {
				if err := json.Unmarshal([]byte(out), &c); err != nil {
					t.Fatal(err)
				}
				return c
			}
			if time.Now().After(deadline) {
				t.Fatalf("claim: %s", errs)
			}
		}
	}
	leader := startServer(t, "--config", file)
	held := claim(leader, "0") // so it leads
	for round := 1; round <= 3; round++ {
		standby := startServer(t, "--config", file)
		if again := claim(standby, fmt.Sprint(round-1)); again.Claim != held.Claim || again.Instance != held.Instance {
			t.Errorf("through the other server claim %s on %s is %s on %s", held.Claim, held.Instance, again.Claim, again.Instance)
		}
		leader.end(t, syscall.SIGKILL)
		began := time.Now()
		next := claim(standby, fmt.Sprint(round))
		took := time.Since(began)
		t.Logf("round %d: the next claim is answered after %v", round, took.Round(time.Millisecond))
		if took > 10*time.Second {
			t.Errorf("the other server goes on after %v", took)
		}
		if next.Instance == held.Instance {
			t.Errorf("instance %s is two claims'", next.Instance)
		}
		if _, errs, status := live(t, "release", held.Claim, "--server", standby.address); status != 0 {
			t.Errorf("release of what was held: %s", errs)
		}
		leader, held = standby, next
	}
	instances := map[string]int{}
	for _, name := range ofPool(t, state) {
		instances[name]++
	}
	if list, errs, status := live(t, "instances", "--server", leader.address); status != 0 || strings.Count(list, "one") < len(instances) {
		t.Errorf("the leader knows %s%s, and there are %v", list, errs, instances)
	}
	if _, errs, status := live(t, "release", held.Claim, "--server", leader.address); status != 0 {
		t.Error(errs)
	}
	drainAll(t, leader)
	if status, log := leader.end(t, syscall.SIGTERM); status != 0 {
		t.Errorf("end: %d %s", status, log)
	}
	for deadline := time.Now().Add(20 * time.Second); len(ofPool(t, state)) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %v", ofPool(t, state))
		}
	}
}
