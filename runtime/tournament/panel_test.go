package tournament

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shadowpool/policy"
	"shadowpool/sim"
)

// The panel has a row for reality and for every policy, and a cell for every column; over HTTP
// it is as here.
func TestPanel(t *testing.T) {
	src, fleet := day(t, policy.NoIsolation, policy.Late, sim.Constant(2*time.Minute))
	live := specs(t, "static:level=9")[0]
	held := hold(t, Options{Fleet: fleet.PolicyConfig(), Live: live, Contenders: specs(t, "static:level=5"), Block: time.Hour, Observation: time.Hour, Least: 20}, happened(t, src, fleet, live))
	s := held.Status()
	p := s.Panel()
	names := []string{}
	for _, r := range p.Rows {
		names = append(names, r[0])
		if len(r) != len(p.Columns) {
			t.Errorf("%d cells for %d columns: %q", len(r), len(p.Columns), r)
		}
	}
	if got := strings.Join(names, ", "); got != "reality, static:level=9 (live), none, static:level=5" {
		t.Error(got)
	}
	if r := p.Rows[3]; !strings.HasPrefix(r[8], "-") || r[10] != "worse service" || !strings.Contains(p.Note, "24 observations of 1h0m0s") {
		t.Errorf("%q %s", r, p.Note)
	}
	server := httptest.NewServer(held.Handler())
	defer server.Close()
	get := func(path string, v any) int {
		r, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if r.StatusCode == 200 {
			if err := json.NewDecoder(r.Body).Decode(v); err != nil {
				t.Fatal(path, err)
			}
		}
		return r.StatusCode
	}
	var status Status
	var panel Panel
	var blocks []BlockFigures
	if get("/v1/tournament", &status) != 200 || get("/v1/tournament/panel", &panel) != 200 || get("/v1/tournament/blocks?most=3", &blocks) != 200 {
		t.Fatal("not served")
	}
	if status.Contenders[0].Hits != s.Contenders[0].Hits || len(panel.Rows) != 4 || len(blocks) != 3 || len(blocks[0].All) != 3 || !blocks[2].Whole {
		t.Errorf("%+v\n%+v\n%+v", status, panel, blocks)
	}
	if get("/v1/tournament/blocks?most=x", nil) != 422 {
		t.Error("x blocks")
	}
}
