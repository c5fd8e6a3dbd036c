package runtime_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"go.yaml.in/yaml/v4"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// A family is a metric as the host describes it.
type family struct{ name, help, labels string }

var describes = regexp.MustCompile(`^Desc\{fqName: "(shadowpool_\w+)", help: "(.*)", constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// families are the metrics that a host can have, by name.
func families(t *testing.T, h *runtime.Host) (all []family) {
	t.Helper()
	descs := make(chan *prometheus.Desc)
	go func() {
		h.Metrics().Describe(descs)
		close(descs)
	}()
	for d := range descs {
		if m := describes.FindStringSubmatch(d.String()); m != nil {
			labels := m[4]
			if m[3] != "" {
				labels = "policy,version"
			}
			all = append(all, family{m[1], m[2], labels})
		}
	}
	slices.SortFunc(all, func(a, b family) int { return strings.Compare(a.name, b.name) })
	if len(all) < 20 {
		t.Fatalf("only %d metrics are described", len(all))
	}
	return all
}

func measured(t *testing.T) *runtime.Host {
	t.Helper()
	host, err := runtime.New(runtime.Options{
		Policy: policy.Spec{Name: "static", Params: []policy.Setting{{Key: "level", Value: "2"}}}, Provisioner: newMemory(time.Millisecond), Version: "test",
		Fleet:  policy.Config{Categories: []policy.Category{{Name: "one", MaxInstances: 10, Price: 1}}},
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// Every metric is in its documentation as it is, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := regexp.MustCompile("(?m)^\\| `shadowpool_.*$").FindAllString(string(page), -1)
	var want []string
	for _, f := range families(t, measured(t)) {
		labels := ""
		if f.labels != "" {
			labels = "`" + strings.ReplaceAll(f.labels, ",", "`, `") + "`"
		}
		want = append(want, fmt.Sprintf("| `%s` | %s | %s |", f.name, labels, f.help))
	}
	if !slices.Equal(documented, want) {
		t.Errorf("docs/metrics.md should have the rows\n%s", strings.Join(want, "\n"))
	}
}

var metricName = regexp.MustCompile(`\bshadowpool_[a-z0-9_]+`)

// expressions are the queries of the Grafana dashboard.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	body, err := os.ReadFile("../deploy/grafana/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard any
	if err := json.Unmarshal(body, &dashboard); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if e, ok := v["expr"].(string); ok {
				all = append(all, e)
			}
			for _, one := range v {
				walk(one)
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(dashboard)
	if len(all) < 20 {
		t.Fatalf("only %d queries", len(all))
	}
	return all
}

type rules struct {
	Groups []struct {
		Rules []struct {
			Record, Alert, Expr string
			Annotations         map[string]string
		}
	}
}

func alertRules(t *testing.T) (r rules) {
	t.Helper()
	body, err := os.ReadFile("../deploy/prometheus/alerts.yaml")
	if err == nil {
		err = yaml.Unmarshal(body, &r)
	}
	if err != nil || len(r.Groups) == 0 {
		t.Fatal(len(r.Groups), err)
	}
	return r
}

// What the Grafana dashboard and the alerts ask for exists.
func TestMetricsThatAreAskedFor(t *testing.T) {
	known := map[string]bool{}
	for _, f := range families(t, measured(t)) {
		known[f.name] = true
	}
	asked := expressions(t)
	for _, r := range alertRules(t).Groups[0].Rules {
		if r.Record != "" {
			known[metricName.FindString(r.Record)] = true
		}
		asked = append(asked, r.Expr)
	}
	names := map[string]bool{}
	for _, e := range asked {
		for _, name := range metricName.FindAllString(e, -1) {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				name = strings.TrimSuffix(name, suffix)
			}
			names[name] = true
			if !known[name] {
				t.Errorf("there is no %s: %s", name, e)
			}
		}
	}
	if len(names) < 15 {
		t.Errorf("only %d are asked for", len(names))
	}
}

var anchor = regexp.MustCompile(`(?m)^## (\w+)$`)

// Every alert, of Prometheus and of the dashboard, has its section of the
// runbook, and no other has.
func TestRunbook(t *testing.T) {
	page, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for _, m := range anchor.FindAllStringSubmatch(string(page), -1) {
		sections[m[1]] = false
	}
	use := func(name string) {
		if _, ok := sections[name]; !ok {
			t.Errorf("docs/runbook.md lacks the section %s", name)
		}
		sections[name] = true
	}
	for _, r := range alertRules(t).Groups[0].Rules {
		if r.Alert == "" {
			continue
		}
		name := strings.TrimPrefix(r.Alert, "Shadowpool")
		if want := "docs/runbook.md#" + strings.ToLower(name); r.Annotations["runbook_url"] != want {
			t.Errorf("%s leads to %s, not to %s", r.Alert, r.Annotations["runbook_url"], want)
		}
		use(name)
	}
	source, err := os.ReadFile("dashboard/alert.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`add\("(\w+)"`).FindAllSubmatch(source, -1)
	if len(shown) < 5 {
		t.Fatalf("only %d alerts on the dashboard", len(shown))
	}
	for _, m := range shown {
		use(string(m[1]))
	}
	for name, used := range sections {
		if !used {
			t.Errorf("no alert leads to the section %s of docs/runbook.md", name)
		}
	}
}

// promtool runs Prometheus' own tool, or skips the test where there is none.
func promtool(t *testing.T, input io.Reader, arguments ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("there is no promtool here (Debian's package prometheus): metrics and alerts are not checked")
	}
	c := exec.Command(path, arguments...)
	c.Stdin = input
	if out, err := c.CombinedOutput(); err != nil || input != nil && len(out) > 0 {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
}

// TestPromtool: names are as Prometheus wants them, the alerts are raised and
// not raised as their tests say, and what Grafana asks for can be asked.
func TestPromtool(t *testing.T) {
	promtool(t, nil, "check", "rules", "../deploy/prometheus/alerts.yaml")
	promtool(t, nil, "test", "rules", "../deploy/prometheus/alerts_test.yaml")
	untested := map[string]bool{}
	tests, err := os.ReadFile("../deploy/prometheus/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range alertRules(t).Groups[0].Rules {
		if r.Alert != "" && !bytes.Contains(tests, []byte("alertname: "+r.Alert+"\n    exp_alerts:\n")) {
			untested[r.Alert] = true
		}
	}
	if len(untested) > 0 {
		t.Errorf("no test raises %v", untested)
	}

	var asked strings.Builder
	asked.WriteString("groups:\n- name: grafana\n  rules:\n")
	for i, e := range expressions(t) {
		e = strings.NewReplacer("$__rate_interval", "5m", "$category", ".*").Replace(e)
		fmt.Fprintf(&asked, "  - record: r%d\n    expr: '%s'\n", i, strings.ReplaceAll(e, "'", "''"))
	}
	file := filepath.Join(t.TempDir(), "grafana.yaml")
	if err := os.WriteFile(file, []byte(asked.String()), fs.FileMode(0o666)); err != nil {
		t.Fatal(err)
	}
	promtool(t, nil, "check", "rules", file)

	host, stop := measured(t), make(chan error, 1)
	go func() { stop <- host.Run(t.Context()) }()
	g, err := host.Claim(t.Context(), runtime.Request{})
	if err == nil {
		err = host.Release(t.Context(), g.Claim)
	}
	if err != nil {
		t.Fatal(err)
	}
	all, err := host.Metrics().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, f := range all {
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(text.String(), `shadowpool_price_dollars{category="one"} 1`) {
		t.Errorf("metrics:\n%s", &text)
	}
	promtool(t, &text, "check", "metrics")
}
