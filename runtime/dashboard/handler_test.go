package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
)

// TestHandler: the page may load nothing of others, what is asked wrongly is
// refused, instances are those of the pool, and panels of others are shown.
func TestHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := policy.Config{Categories: []policy.Category{{Name: "one", LeadTime: time.Second}, {Name: "two", LeadTime: time.Second}}}
		watched(t, "static:level=2", fleet, &names{lead: time.Second}, func(host *runtime.Host, board *Board) {
			h := board.Handler(host,
				PanelFunc(func(context.Context) (Table, error) {
					return Table{Title: "Tournament", Columns: []Column{{Title: "policy"}, {Title: "hit rate", Number: true, Unit: "%"}}, Rows: [][]any{{"static", 97.5}}}, nil
				}),
				PanelFunc(func(context.Context) (Table, error) { return Table{Title: "Other"}, errors.New("it is away") }))
			time.Sleep(3 * time.Second)
			if _, err := host.Claim(t.Context(), runtime.Request{Category: "two", Tenant: "acme"}); err != nil {
				t.Fatal(err)
			}
			states := map[string]int{}
			for _, i := range ask[[]Instance](t, h, "/v1/dashboard/instances?pool=two") {
				states[i.State]++
				if i.Pool != "two" || i.Ordered.IsZero() || i.Since.Before(i.Ordered) || (i.State == "serving") != (i.Claim != "" && i.Tenant == "acme") {
					t.Errorf("%+v", i)
				}
			}
			if states["serving"] != 1 || states["idle"] != 1 || states["launching"] != 1 {
				t.Errorf("states %v", states)
			}
			if all := ask[[]Instance](t, h, "/v1/dashboard/instances"); len(all) != 5 {
				t.Errorf("%d instances", len(all))
			}
			tables := ask[[]Table](t, h, "/v1/dashboard/panels")
			if len(tables) != 2 || tables[0].Rows[0][1] != 97.5 || !strings.Contains(tables[1].Note, "it is away") {
				t.Errorf("%+v", tables)
			}
			documented, err := os.ReadFile("../../docs/dashboard.md")
			if err != nil {
				t.Fatal(err)
			}
			paths := regexp.MustCompile("`GET (/v1/dashboard/\\w+)").FindAllSubmatch(documented, -1)
			if len(paths) != 6 {
				t.Errorf("%d paths are documented", len(paths))
			}
			for _, path := range paths {
				gone, leave := context.WithCancel(t.Context())
				leave() // so that events end
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequestWithContext(gone, "GET", string(path[1])+"?pool=two", nil))
				if w.Code != http.StatusOK && string(path[1]) != "/v1/dashboard/instances" || w.Body.Len() == 0 {
					t.Errorf("%s: %d %s", path[1], w.Code, w.Body)
				}
			}
			for path, want := range map[string]int{
				"/v1/dashboard/points?pool=three": 400, "/v1/dashboard/points?span=2h": 400, "/v1/dashboard/decisions?after=x": 400,
				"/v1/dashboard/events?pool=three": 400, "/v1/dashboard/nothing": 404,
			} {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				if w.Code != want {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
		})
	})
	page := Page()
	for _, path := range []string{"/", "/dashboard/page.css", "/dashboard/page.js", "/dashboard/chart.js", "/dashboard/stream.js", "/dashboard/table.js"} {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if got := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || !strings.Contains(got, "default-src 'none'") || strings.Contains(got, "unsafe") {
			t.Errorf("%s: %d, %q", path, w.Code, got)
		}
	}
}
