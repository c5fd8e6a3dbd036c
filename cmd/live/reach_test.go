//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"shadowpool/runtime/api"
)

// TestReach: a server does not start where others can reach it and nobody is
// asked who they are, or where they could listen in.
func TestReach(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens.yaml")
	if _, stderr, status := live(t, "token", "create", "--file", tokens, "--name", "ci", "--verb", "claim"); status != 0 {
		t.Fatalf("%d %s", status, stderr)
	}
	file := filepath.Join(dir, "pool.yaml")
	text := "fleet: {default: {lead_time: 1s}}\npolicy: {name: none}\napi: {tokens_file: " + tokens + "}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		arguments []string
		says      string
	}{
		{[]string{"--listen", "0.0.0.0:0"}, "nobody would be asked who they are"},
		{[]string{"--listen", "0.0.0.0:0", "--config", file}, "in the clear"},
		{[]string{"--listen", "0.0.0.0:0", "--config", file, "--insecure-no-auth"}, "in the clear"},
	} {
		_, stderr, status := live(t, append([]string{"serve"}, tt.arguments...)...)
		if status != 2 || !strings.Contains(stderr, tt.says) {
			t.Errorf("%v: %d %s", tt.arguments, status, stderr)
		}
	}
	for _, tt := range []struct {
		arguments []string
		auth      bool
	}{
		{[]string{"--listen", "0.0.0.0:0", "--insecure-no-auth"}, false},
		{[]string{"--listen", "0.0.0.0:0", "--config", file, "--insecure-no-tls"}, true},
		{[]string{"--config", file}, true},
	} {
		s := startServer(t, tt.arguments...)
		_, port, _ := strings.Cut(strings.TrimPrefix(s.address, "http://"), "]:")
		if port == "" {
			_, port, _ = strings.Cut(strings.TrimPrefix(s.address, "http://"), ":")
		}
		_, stderr, status := live(t, "claims", "--server", "127.0.0.1:"+port)
		if tt.auth != (status == 1 && strings.Contains(stderr, "Authorization")) {
			t.Errorf("%v: without a token: %d %s", tt.arguments, status, stderr)
		}
		s.end(t, syscall.SIGTERM)
	}
}

// TestVerbs: every command does what it says, over the API and with a token.
func TestVerbs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tokens, file := filepath.Join(dir, "tokens.yaml"), filepath.Join(dir, "pool.yaml")
	token := func(name string, arguments ...string) string {
		stdout, stderr, status := live(t, append([]string{"token", "create", "--file", tokens, "--name", name}, arguments...)...)
		if status != 0 {
			t.Fatalf("%d %s", status, stderr)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(stdout), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	acme := token("acme", "--tenant", "acme", "--verb", "claim,read")
	operator := token("operator", "--verb", "claim,read,operate")
	if _, _, status := live(t, "token", "create", "--file", tokens, "--name", "acme", "--verb", "claim"); status != 2 {
		t.Errorf("a second token of the name: %d", status)
	}
	text := `
fleet: {default: {lead_time: 20ms, limits: {max_instances: 8}}, categories: [{name: small}]}
policy: {name: adaptive, hit_rate: 0.9}
api: {tokens_file: ` + tokens + `, limits: {claims: 3}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, "--config", file)
	as := func(who string, arguments ...string) (stdout, stderr string, status int) {
		return live(t, append(arguments, "--server", s.address, "--token-file", who, "--format", "json")...)
	}
	var claim, again api.Claim
	run := func(to any, who string, arguments ...string) {
		t.Helper()
		stdout, stderr, status := as(who, arguments...)
		if status != 0 {
			t.Fatalf("%v: %d %s", arguments, status, stderr)
		}
		if to != nil {
			if err := json.Unmarshal([]byte(stdout), to); err != nil {
				t.Fatalf("%v: %s %v", arguments, stdout, err)
			}
		}
	}
	run(&claim, acme, "claim", "--key", "job-7", "--label", "job=7")
	run(&again, acme, "claim", "--key", "job-7")
	if claim.Claim == "" || again.Claim != claim.Claim || again.Key != "job-7" {
		t.Errorf("%+v, again %+v", claim, again)
	}
	var claims []api.Claim
	run(&claims, acme, "claims")
	if len(claims) != 1 || claims[0].Tenant != "acme" || claims[0].Labels["job"] != "7" {
		t.Errorf("%+v", claims)
	}
	var instances []api.Instance
	run(&instances, operator, "instances")
	if len(instances) == 0 || instances[0].Pool != "small" {
		t.Errorf("%+v", instances)
	}
	for _, order := range [][]string{{"pause"}, {"resume", "small"}, {"reset", "small"}, {"invalidate", "small"}} {
		run(nil, operator, order...)
		if _, stderr, status := as(acme, order...); status == 0 || !strings.Contains(stderr, "operate") && !strings.Contains(stderr, "usage") {
			t.Errorf("acme: %v: %d %s", order, status, stderr)
		}
	}
	if _, stderr, status := as(operator, "pause", "large"); status != 1 || !strings.Contains(stderr, "no such pool") {
		t.Errorf("pause large: %d %s", status, stderr)
	}
	var hint api.Announced
	run(&hint, acme, "hint", "--count", "2", "--in", "1h", "--during", "10m")
	run(nil, acme, "hint", "--withdraw", hint.Hint)
	if _, _, status := as(acme, "hint", "--withdraw", hint.Hint); status != 1 {
		t.Errorf("withdrawn twice: %d", status)
	}
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("canary-17\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, status := as(acme, "claim", "--env", "A=1", "--secret-file", "B="+secret, "--file", "in/x="+secret); status != 2 || strings.Contains(stderr, "canary-17") {
		t.Errorf("a claim that brings something: %d %s", status, stderr)
	}
	run(nil, acme, "release", claim.Claim)
	_, log := s.end(t, syscall.SIGTERM)
	if !strings.Contains(log, "by=operator") || strings.Contains(log, "canary-17") {
		t.Errorf("the log: %s", log)
	}
	for _, path := range []string{acme, operator} {
		if text, err := os.ReadFile(path); err != nil || strings.Contains(log, strings.TrimSpace(string(text))) {
			t.Errorf("the log has a token; %v", err)
		}
	}
}
