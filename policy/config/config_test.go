package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
)

// minimal is the least that a file can have; rest is put before it.
func minimal(rest string) string {
	return rest + "fleet: {default: {lead_time: 45s}}\npolicy: {name: static}\n"
}

func parseText(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("pool.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return f
}

func TestDefaults(t *testing.T) {
	got := parseText(t, minimal(""))
	want := &File{
		Name: "pool.yaml", Location: time.UTC,
		Fleet: Fleet{
			Isolation: policy.ByTenant, Binding: policy.Late, Tick: policy.DefaultTick,
			Default: &Category{LeadTime: LeadTime{Span: 45 * time.Second}, Price: 1},
		},
		Policy: policy.Spec{Name: "static"},
		Provisioner: Provisioner{Process: Process{
			StartTimeout: DefaultStartTimeout, StopGrace: DefaultStopGrace,
		}},
		API: API{Listen: DefaultListen, ClaimDeadline: DefaultClaimDeadline, MaxDeadline: DefaultMaxDeadline},
	}
	if d := cmp.Diff(want, got, sameLocation); d != "" {
		t.Error(d)
	}
}

var sameLocation = cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })

// Editors of other systems end lines with CR LF and begin with a mark.
func TestOtherEditors(t *testing.T) {
	want := parseText(t, everything)
	got := parseText(t, "\uFEFF"+strings.ReplaceAll(everything, "\n", "\r\n"))
	if d := cmp.Diff(want, got, sameLocation); d != "" {
		t.Error(d)
	}
}

const everything = `
timezone: Europe/Berlin
service:
  hit_rate: 0.97
fleet:
  isolation: none
  binding: early
  tick: 5s
  default:
    lead_time: lognormal:median=45s,p99=2m
    prices: {on_demand: 0.5}
    reuse: reusable
    limits: {max_instances: 20, max_launching: 3}
  categories:
    - name: small
    - name: "042"
      lead_time: empirical:leads.csv
      prices: {on_demand: 2}
      reuse: single-use
      promotion_delay: 250ms
      billing: {granularity: 1s, minimum: 1m}
      limits: {max_instances: 5}
      lifecycle:
        {max_age: 24h, min_remaining: 1h, idle_timeout: 30m, generation: v7, stale: forbid, surge: 2, rollout_deadline: 5m}
      compatible:
        - {category: small, adapt: 10s}
        - category: large
    - name: large
      layers: [{name: bare, adapt: 1m, memory: 0.25}]
      stages:
        - {name: boot, lead_time: 20s}
        - {name: pull, lead_time: 1m}
policy:
  name: static
  level.small: 3
  level: 2
provisioner:
  process:
    command: [worker, --port, 0]
    environment: {B: 1, A: "two words"}
    directory: work
    ready: {line: "^ready (.*)"}
    warm_up: [warm, all]
    start_timeout: 2m
    stop_grace: 3s
    state: /var/lib/pool
  categories:
    - name: large
      command: [big]
      ready: {http: /health}
api:
  listen: ":9090"
  claim_deadline: 20s
  max_deadline: 5m
store:
  postgres:
    url: postgres://pool@db.internal/shadowpool?sslmode=verify-full
    password_file: secrets/password
    pool: east
  lease: 3s
`

func TestEverything(t *testing.T) {
	got := parseText(t, everything)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	usual := Category{
		LeadTime: LeadTime{Law: Lognormal, Median: 45 * time.Second, P99: 2 * time.Minute},
		Price:    0.5, Reusable: true, Limits: Limits{20, 3},
	}
	small, large := usual, usual
	small.Name, large.Name = "small", "large"
	large.LeadTime = LeadTime{Span: 80 * time.Second}
	large.Layers = []policy.Layer{{Name: "bare", Adapt: time.Minute, Memory: 0.25}}
	large.Stages = []Stage{{Name: "boot", LeadTime: LeadTime{Span: 20 * time.Second}}, {Name: "pull", LeadTime: LeadTime{Span: time.Minute}}}
	process := Process{
		Command:     []string{"worker", "--port", "0"},
		Environment: []string{"B=1", "A=two words"},
		Directory:   "work",
		Ready:       Ready{Line: "^ready (.*)"},
		WarmUp:      []string{"warm", "all"}, StartTimeout: 2 * time.Minute, StopGrace: 3 * time.Second,
	}
	big := process
	big.Command = []string{"big"}
	big.Ready = Ready{HTTP: "/health"}
	want := &File{
		Name: "pool.yaml", Location: berlin, Service: Service{HitRate: 0.97},
		Fleet: Fleet{
			Isolation: policy.NoIsolation, Binding: policy.Early, Tick: 5 * time.Second, Default: &usual,
			Categories: []Category{small, {
				Name: "042", LeadTime: LeadTime{Law: Empirical, File: "leads.csv"}, Price: 2,
				Billing: Billing{time.Second, time.Minute}, PromotionDelay: 250 * time.Millisecond,
				Limits: Limits{5, 3}, Compatible: []Compatible{{"small", 10 * time.Second}, {"large", 0}},
				Lifecycle: policy.Lifecycle{
					MaxAge: 24 * time.Hour, MinRemaining: time.Hour, IdleTimeout: 30 * time.Minute, Generation: "v7",
					Stale: policy.ForbidStale, Surge: 2, RolloutDeadline: 5 * time.Minute,
				},
			}, large},
		},
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level.small", Value: "3"}, {Key: "level", Value: "2"}}},
		Provisioner: Provisioner{
			Process: process, State: "/var/lib/pool", Categories: []CategoryProcess{{"large", big}},
		},
		API: API{Listen: ":9090", ClaimDeadline: 20 * time.Second, MaxDeadline: 5 * time.Minute},
		Store: Store{
			Postgres: Postgres{URL: "postgres://pool@db.internal/shadowpool?sslmode=verify-full", PasswordFile: "secrets/password", Pool: "east"},
			Lease:    3 * time.Second,
		},
	}
	if d := cmp.Diff(want, got, sameLocation); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(big, got.Provisioner.ProcessOf("large")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(process, got.Provisioner.ProcessOf("small")); d != "" {
		t.Error(d)
	}
}

func TestPolicyConfig(t *testing.T) {
	got := parseText(t, strings.Replace(everything, "empirical:leads.csv", "7s", 1)).PolicyConfig()
	if s := got.Location.String(); s != "Europe/Berlin" {
		t.Errorf("location %s", s)
	}
	got.Location = nil
	mean := LeadTime{Law: Lognormal, Median: 45 * time.Second, P99: 2 * time.Minute}.Mean()
	bare := policy.PoolID(3)
	want := policy.Config{
		Binding: policy.Early, Isolation: policy.NoIsolation, Tick: 5 * time.Second,
		Categories: []policy.Category{
			{Name: "small", LeadTime: mean, Reusable: true, Price: 0.5, MaxInstances: 20, MaxLaunching: 3},
			{
				Name: "042", LeadTime: 7 * time.Second, Price: 2, PromotionDelay: 250 * time.Millisecond, MaxInstances: 5, MaxLaunching: 3,
				Compatible: []policy.Compatible{{Pool: 0, Adapt: 10 * time.Second}, {Pool: 2}},
				Lifecycle: policy.Lifecycle{
					MaxAge: 24 * time.Hour, MinRemaining: time.Hour, IdleTimeout: 30 * time.Minute, Generation: "v7",
					Stale: policy.ForbidStale, Surge: 2, RolloutDeadline: 5 * time.Minute,
				},
			},
			{
				Name: "large", LeadTime: 80 * time.Second, Reusable: true, Price: 0.5, MaxInstances: 20, MaxLaunching: 3,
				Below: &bare, Compatible: []policy.Compatible{{Pool: bare, Adapt: time.Minute}},
			},
			{Name: "bare", LeadTime: 20 * time.Second, Reusable: true, Memory: 0.25},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	only := parseText(t, minimal("")).PolicyConfig()
	if len(only.Categories) != 1 || only.Categories[0].Name != "default" || only.Categories[0].LeadTime != 45*time.Second {
		t.Errorf("a file without categories has %+v", only.Categories)
	}
}

// A service target is a parameter of the policies that can steer by it, and
// what the policy section says comes first.
func TestAim(t *testing.T) {
	const target = "service: {hit_rate: 0.97}\nfleet: {default: {lead_time: 45s}}\n"
	for _, c := range []struct{ section, want string }{
		{"policy: {name: adaptive}", "adaptive:hit_rate=0.97"},
		{"policy: {name: adaptive, hit_rate: 0.9}", "adaptive:hit_rate=0.9"},
		{"policy: {name: static, level: 2}", "static:level=2"},
	} {
		if got := parseText(t, target+c.section).PolicySpec().String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.section, got, c.want)
		}
	}
	f := parseText(t, target+"policy: {name: none}")
	if got := f.Aim(policy.Spec{Name: "static-rolling"}).String(); got != "static-rolling:hit_rate=0.97" {
		t.Errorf("another policy is aimed as %s", got)
	}
	for service, want := range map[string]string{
		"wait_p99: 30s": "adaptive:wait_p99=30s", "wait_price: 0.01": "adaptive:wait_price=36",
	} {
		text := "service: {" + service + "}\nfleet: {default: {lead_time: 45s}}\npolicy: {name: adaptive}"
		if got := parseText(t, text).PolicySpec().String(); got != want {
			t.Errorf("%s: %s, want %s", service, got, want)
		}
	}
	if got := parseText(t, minimal("")).Aim(policy.Spec{Name: "adaptive"}).String(); got != "adaptive" {
		t.Errorf("without a target: %s", got)
	}
}

// What is listed starts from the default; a lead time of one kind replaces
// one of the other.
func TestInherit(t *testing.T) {
	f := parseText(t, `
fleet:
  default: {stages: [{name: boot, lead_time: 20s}, {name: pull, lead_time: 10s}], prices: {on_demand: 3}}
  categories:
    - {name: a}
    - {name: b, lead_time: 5s}
policy: {name: none}
`)
	a, b := f.Fleet.Categories[0], f.Fleet.Categories[1]
	if a.LeadTime.Span != 30*time.Second || len(a.Stages) != 2 || a.Price != 3 {
		t.Errorf("a is %+v", a)
	}
	if b.LeadTime.Span != 5*time.Second || b.Stages != nil || b.Price != 3 {
		t.Errorf("b is %+v", b)
	}
}

func TestErrorsAreSingleErrors(t *testing.T) {
	_, err := Parse("pool.yaml", []byte(minimal("timezone: Mars\n")))
	var one *Error
	if !errors.As(err, &one) || one.Line != 1 || one.Key != "timezone" || one.File != "pool.yaml" {
		t.Errorf("%#v", one)
	}
}

// A file of another format is wrong everywhere; the report stays short.
func TestErrorsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 500 {
		b.WriteString("key" + strings.Repeat("x", i) + ": 1\n")
	}
	_, err := Parse("pool.yaml", []byte(b.String()))
	var all *Errors
	if !errors.As(err, &all) || len(all.List) != maxErrors || all.More != 502-maxErrors {
		t.Fatalf("%d errors and %d more", len(all.List), all.More)
	}
	if lines := strings.Split(err.Error(), "\n"); lines[len(lines)-1] != "pool.yaml: and 482 more" {
		t.Errorf("last line: %s", lines[len(lines)-1])
	}
}
