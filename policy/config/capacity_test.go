package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
)

const capacity = `
service: {budget: 12.5}
fleet:
  provider:
    launches_per_second: 0.5
    burst: 4
    quota: {on_demand: 3, spot: 7}
    stragglers: {share: 0.1, slowdown: 3}
  default:
    lead_time: 1m
    prices: {on_demand: 2, spot: 0.5, stopped: 0.1}
    spot: {interruptions_per_hour: 0.25, refused: 0.5, prices: prices.csv}
    stopped: {resume: 10s}
  categories:
    - name: a
    - name: b
      spot: {interruptions_per_hour: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23], notice: 30s, on_promote: replace}
policy: {name: static}
`

func TestCapacity(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("pool.yaml", capacity)
	write("prices.csv", "time_s,zone,price\n100,x,0.5\n160.5,x,0.75\n")
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Provider{LaunchesPerSecond: 0.5, Burst: 4, OnDemand: 3, Spot: 7, Stragglers: 0.1, Slowdown: 3}); f.Fleet.Provider != want {
		t.Errorf("%+v", f.Fleet.Provider)
	}
	prices := Prices{Times: []policy.Time{100e9, 160_500e6}, Price: []float64{0.5, 0.75}}
	for i, notice := range []time.Duration{DefaultNotice, 30 * time.Second} {
		if k := f.Fleet.Categories[i]; k.Spot.Notice != notice || !cmp.Equal(k.Spot.Prices, prices) {
			t.Errorf("%+v", k.Spot)
		}
	}
	stopped := &policy.StoppedTerms{Price: 0.1, Resume: 10e9}
	want := []policy.Category{
		{Name: "a", LeadTime: time.Minute, Price: 2, Stopped: stopped, Spot: &policy.SpotTerms{Price: 0.5, Interruptions: 0.25, Refused: 0.5}},
		{Name: "b", LeadTime: time.Minute, Price: 2, Stopped: stopped, Spot: &policy.SpotTerms{Price: 0.5, Interruptions: 11.5, Refused: 0.5, Replace: true}},
	}
	c := f.PolicyConfig()
	if d := cmp.Diff(want, c.Categories); d != "" || c.Budget != 12.5 {
		t.Errorf("budget %v\n%s", c.Budget, d)
	}
	for name, text := range map[string]string{
		"is no price": "time_s,price\n0,-1\n", "must ascend": "time_s,price\n5,1\n5,1\n", "no price": "time_s,price\n",
		"columns time_s and price": "t,price\n", "no number of seconds": "time_s,price\nx,1\n",
	} {
		write("prices.csv", text)
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "fleet.default.spot.prices") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
