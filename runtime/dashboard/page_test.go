package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shadowpool/cmd/browsertest"
	"shadowpool/policy"
	"shadowpool/runtime"
)

// TestToken: where the server asks who asks, so does the page, once; what other
// parts of the program show is there, and many pools with long names fit a
// telephone. Motion is left out for those who want none.
func TestToken(t *testing.T) {
	b := browsertest.Open(t)
	var fleet policy.Config
	for i := range 40 {
		fleet.Categories = append(fleet.Categories, policy.Category{Name: fmt.Sprintf("category-%d-with-a-name-that-is-long@europe-west-%d", i, i%3), LeadTime: time.Second})
	}
	watched(t, "ewma", fleet, &names{lead: 100 * time.Millisecond}, func(host *runtime.Host, board *Board) {
		data := board.Handler(host, PanelFunc(func(context.Context) (Table, error) {
			return Table{
				Title: "Tournament", Note: "of policies", Columns: []Column{{Title: "policy"}, {Title: "hit rate", Number: true, Unit: "%"}, {Title: "cost", Number: true}},
				Rows: [][]any{{"adaptive:hit_rate=0.95", 97.123456, 1.5}, {"<b>static</b>", nil, 2}},
			}, nil
		}))
		mux := http.NewServeMux()
		mux.Handle("/", Page())
		mux.HandleFunc("/v1/dashboard/", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer open sesame" {
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			data.ServeHTTP(w, r)
		})
		server := httptest.NewServer(mux)
		defer server.Close()
		defer b.Look("about:blank", 360, "light") // closes its connection

		b.Look(server.URL+"/", 360, "dark")
		b.Until(`document.activeElement.id === "token" && document.querySelector("#connection").textContent === "the server asks for a token"`)
		b.Type("open wheat")
		b.Press("Enter", 13, "\r")
		b.Until(`document.querySelector("#token").value === ""`)
		b.Until(`!document.querySelector("#who").hidden`)
		b.Eval(`(document.querySelector("#token").focus(), 1)`, new(int))
		b.Type("open sesame")
		b.Press("Enter", 13, "\r")
		b.Until(`document.querySelector("#connection").textContent === "live" && document.querySelector("#who").hidden`)
		b.Until(`document.querySelectorAll("#pools tbody tr").length === 40`)
		b.Until(`document.querySelector("#panels table")`)
		var panel string
		if b.Eval(`document.querySelector("#panels").innerText`, &panel); !strings.Contains(panel, "97.12 %") || !strings.Contains(panel, "<b>static</b>") || !strings.Contains(panel, "–") {
			t.Errorf("the panel shows %q", panel)
		}
		var wide float64
		if b.Eval("document.documentElement.scrollWidth", &wide); wide > 360 {
			t.Errorf("the page is %v wide", wide)
		}
		b.Picture("dashboard-many-pools-360")
		var motion string
		if b.Eval(`getComputedStyle(document.querySelector("#connection"), "::before").animationName`, &motion); motion != "beat" {
			t.Errorf("the light is %q", motion)
		}
		b.Still()
		if b.Eval(`getComputedStyle(document.querySelector("#connection"), "::before").animationName`, &motion); motion != "none" {
			t.Errorf("with less motion the light is %q", motion)
		}

		// It is asked once a session.
		b.Look(server.URL+"/", 1300, "light")
		b.Until(`document.querySelector("#connection").textContent === "live"`)
	})
}
