package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy/plan"
)

// agents is a file with a section on agents.
func agents(section string) string {
	return "fleet: {default: {lead_time: 45s}}\npolicy: {name: none}\nprovisioner:\n  process: {command: [a], ready: {agent: true}}\n  agent: " + section + "\n"
}

func TestAgents(t *testing.T) {
	got := parseText(t, agents(`
    url: https://pool.example
    ca: ca.pem
    key_file: key
    allowed: [https://data.example/sets/]
    recipes:
      - {kind: prefetch, name: "acme-*", url: "https://data.example/sets/{tenant}/{name}", private: true, takes: 40s}
      - {kind: task, command: [python, -c, "import {name}"]}
      - {kind: cache, files: ["/opt/models/{name}/*"]}
    disk: 20GiB
    time: 90s
    user: warm
    limits: {time: 1m, memory: 512MB, processes: 8}
    secrets: environment
    orphan: {after: 5m, serving: 1h, command: [poweroff]}`)).Provisioner
	want := &Agent{
		URL: "https://pool.example", CA: "ca.pem", KeyFile: "key", Allowed: []string{"https://data.example/sets/"},
		Recipes: []Recipe{
			{Kind: plan.Prefetch, Name: "acme-*", URL: "https://data.example/sets/{tenant}/{name}", Private: true, Takes: 40 * time.Second},
			{Kind: plan.Task, Name: "*", Command: []string{"python", "-c", "import {name}"}, Takes: DefaultTakes},
			{Kind: plan.Cache, Name: "*", Files: []string{"/opt/models/{name}/*"}, Takes: DefaultTakes},
		},
		Disk: 20 << 30, Time: 90 * time.Second, User: "warm", Limits: CommandLimits{time.Minute, 512e6, 8}, SecretsInEnvironment: true,
		Orphan: Orphan{5 * time.Minute, time.Hour, []string{"poweroff"}},
	}
	if d := cmp.Diff(want, got.Agent); d != "" {
		t.Error(d)
	}
	if !got.ProcessOf("x").Ready.Agent {
		t.Error("it is not ready by its agent")
	}
	for name, at := range map[string]int{"acme-1": 0, "other": -1} {
		if r := want.Recipe(plan.Prefetch, name); (r == nil) != (at < 0) || r != nil && r != &want.Recipes[at] {
			t.Errorf("%s: %+v", name, r)
		}
	}
	empty := parseText(t, agents("{}")).Provisioner.Agent
	if empty == nil || empty.Disk != DefaultDisk || empty.User != DefaultCommandUser || empty.Orphan.After != DefaultOrphanAfter {
		t.Errorf("%+v", empty)
	}
}

func TestBadAgents(t *testing.T) {
	for _, c := range []struct{ section, want string }{
		{"{ur: x}", "provisioner.agent: unknown key \"ur\" (did you mean url?)"},
		{"{url: http://pool.example}", "want https"},
		{"{url: pool.example}", "want the URL of the server"},
		{"{allowed: [https://data.example]}", "provisioner.agent.allowed[0]: \"https://data.example\": want a path that ends with /"},
		{"{allowed: ['https://data.example/../']}", "no . or .. in it"},
		{"{recipes: [{name: x}]}", "provisioner.agent.recipes[0]: kind is missing"},
		{"{recipes: [{kind: fetch}]}", "want image or dependencies or prefetch or cache or task"},
		{"{recipes: [{kind: prefetch}]}", "url is missing: what a step of kind prefetch does"},
		{"{recipes: [{kind: task, command: [x], url: 'https://a/'}]}", "recipes[0].url: a step of kind task has command"},
		{"{recipes: [{kind: prefetch, url: 'https://data.example/{name}'}]}", "does not begin with what provisioner.agent.allowed lists"},
		{"{allowed: ['https://data.example/a/'], recipes: [{kind: prefetch, url: 'https://data.example/{name}'}]}", "recipes[0].url"},
		{"{recipes: [{kind: prefetch, url: 'file:///{name}'}]}", "want a URL such as"},
		{"{recipes: [{kind: prefetch, url: 'https://a/{nome}'}]}", "want a URL such as"},
		{"{recipes: [{kind: task, command: ['{tenant}']}]}", "add private: true"},
		{"{recipes: [{kind: cache, files: ['[']}]}", "want a name or a pattern"},
		{"{disk: 20}", "want a size with a unit"},
		{"{disk: 20 gigs}", "want a size with a unit"},
		{"{limits: {memory: 1MiB}}", "want at least 32 MiB"},
		{"{limits: {processes: 0}}", "want a whole number"},
		{"{secrets: disk}", "want files or environment"},
		{"{orphan: {after: 2h, serving: 1h}}", "serving 1h is shorter than after 2h"},
		{"{orphan: {after: 1ms}}", "want a span from 1s"},
	} {
		_, err := Parse("pool.yaml", []byte(agents(c.section)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.section, err, c.want)
		}
	}
	text := strings.Replace(agents("{}"), "\n  agent: {}", "", 1)
	if _, err := Parse("pool.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "needs provisioner.agent") {
		t.Errorf("an agent that nobody hears: %v", err)
	}
}
