//go:build unix

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/cmd/browsertest"
	"shadowpool/runtime/api"
)

// The dashboard of a real server in a real browser: it renders, asks for what
// is the server's only, complains of nothing, is dark where that is preferred
// and fits a telephone; shows claims as they come, and after it is loaded again
// what was; and can be used by keyboard.
func TestDashboardInABrowser(t *testing.T) {
	b := browsertest.Open(t)
	s := startServer(t, "--category", "python,spark", "--policy", "static:level=2", "--lead-time", "300ms", "--reusable")
	client, err := api.NewClient(s.address)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(category string, n int) {
		t.Helper()
		for range n {
			c, err := client.Claim(t.Context(), api.ClaimRequest{Category: category, Tenant: "acme"})
			if err == nil {
				err = client.Release(t.Context(), c.Claim)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	claim("python", 5)
	complaints := func(when string) {
		t.Helper()
		for _, said := range b.Said() {
			if !strings.HasPrefix(said, "asks for "+s.address+"/") && said != "asks for data:," {
				t.Errorf("%s: %s", when, said)
			}
		}
	}
	text := func(selector string) (s string) {
		t.Helper()
		b.Eval(fmt.Sprintf("document.querySelector(%q).textContent", selector), &s)
		return s
	}
	for _, c := range []struct {
		width  int
		scheme string
	}{{1300, "light"}, {1300, "dark"}, {360, "light"}, {360, "dark"}} {
		name := fmt.Sprintf("dashboard-%s-%d", c.scheme, c.width)
		b.Look(s.address+"/", c.width, c.scheme)
		b.Until(`document.querySelectorAll("#pools tbody tr").length === 2 && document.querySelectorAll("#instances tbody tr").length === 4`)
		b.Until(`document.querySelectorAll(".chart path").length >= 15`)
		var wide, unnamed float64
		if b.Eval("document.documentElement.scrollWidth", &wide); wide > float64(c.width) {
			t.Errorf("%s: the page is %v wide", name, wide)
		}
		b.Eval(`document.querySelectorAll(".plot:not([aria-label]), .plot:not([aria-valuetext]), table button:empty").length`, &unnamed)
		if unnamed > 0 {
			t.Errorf("%s: %v things have no name", name, unnamed)
		}
		if paper, ink := b.Brightness(); (c.scheme == "dark") != (paper < 60 && ink > 180) {
			t.Errorf("%s: paper %v, ink %v", name, paper, ink)
		}
		if got := text("#tile-hits"); !strings.HasSuffix(got, "%") {
			t.Errorf("%s: a hit rate of %q, although there were requests before the page was loaded", name, got)
		}
		b.Picture(name)
		complaints(name)
	}

	b.Look(s.address+"/", 1300, "light")
	b.Until(`document.querySelector("#connection").textContent === "live"`)
	b.Until(`document.querySelector("#tiles").textContent.includes("of 5")`)
	claim("spark", 3)
	b.Until(`document.querySelector("#tiles").textContent.includes("of 8")`)
	b.Eval(`(document.querySelector("#kinds").value = "", document.querySelector("#kinds").dispatchEvent(new Event("change")), 1)`, new(int))
	b.Until(`document.querySelector("#decisions").textContent.includes("Served 3 requests at once: an instance was warm.")`)
	if got := text("#decisions"); !strings.Contains(got, "Launched 2 at the start: the level is 2, and there were 0 warm + 0 launching − 0 waiting = 0.") {
		t.Errorf("decisions: %s", got)
	}

	// The pool's name filters, by keyboard; the focus stays where it is.
	b.Eval(`(document.querySelector("#pools tbody button").focus(), 1)`, new(int))
	b.Press("Enter", 13, "\r")
	b.Until(`document.querySelector("#pool").value === "python" && document.querySelector("#tiles").textContent.includes("of 5")`)
	b.Until(`document.querySelector("#decisions li") && [...document.querySelectorAll("#decisions .of")].every(e => e.textContent === "python")`)
	b.Until(`document.querySelectorAll("#instances tbody tr").length === 2`)
	if got := text(":focus"); got != "python" {
		t.Errorf("the focus is on %q", got)
	}
	b.Press("Enter", 13, "\r")
	b.Until(`document.querySelector("#pool").value === ""`)

	// Tab goes from the top through every control, and shows where it is.
	b.Eval(`(document.activeElement.blur(), window.scrollTo(0, 0), document.querySelector(".skip").focus(), 1)`, new(int))
	var order []string
	for range 40 {
		b.Press("Tab", 9, "")
		var at string
		b.Eval(`(() => { const e = document.activeElement, s = getComputedStyle(e.matches("input") ? e.nextElementSibling : e);
			return (s.outlineStyle === "none" ? "no outline: " : "") + (e.id || e.name || e.className || e.closest("[id]")?.id || "the end") })()`, &at)
		if at == "no outline: the end" {
			break
		}
		if strings.HasPrefix(at, "no outline") {
			t.Errorf("where the focus is does not show: %s", at)
		}
		if len(order) == 0 || order[len(order)-1] != at {
			order = append(order, at)
		}
	}
	if want := []string{"pool", "span", "plot", "scroll tall", "pools", "kinds", "scroll tall", "instances"}; !slices.Equal(order[:min(len(want), len(order))], want) {
		t.Errorf("tab goes to %v", order)
	}

	// The arrow keys move the cursor of the charts.
	b.Eval(`(document.querySelector(".plot").focus(), 1)`, new(int))
	b.Press("Home", 36, "")
	b.Until(`document.querySelector(".chart .when").textContent !== "now" && document.querySelector(".plot").ariaValueNow === "0"`)
	b.Press("Escape", 27, "")
	b.Until(`document.querySelector(".chart .when").textContent === "now"`)

	// Enter on a head sorts, and what comes does not undo it.
	pools := func() (names []string) {
		b.Eval(`[...document.querySelectorAll("#pools tbody tr")].map(r => r.cells[0].textContent)`, &names)
		return names
	}
	if got := pools(); !slices.Equal(got, []string{"python", "spark"}) {
		t.Errorf("pools %v", got)
	}
	b.Eval(`(document.querySelector("#pools th button").focus(), 1)`, new(int))
	b.Press("Enter", 13, "\r")
	time.Sleep(1500 * time.Millisecond) // a state has come
	if got := pools(); !slices.Equal(got, []string{"spark", "python"}) || text(":focus") != "pool" {
		t.Errorf("after Enter pools %v, the focus is on %s", got, text(":focus"))
	}
	var sorted string
	if b.Eval(`document.querySelector("#pools th").ariaSort`, &sorted); sorted != "descending" {
		t.Errorf("sorted %s", sorted)
	}

	// The span is a group of radio buttons: an arrow key chooses.
	b.Eval(`(document.querySelector("input[value='1h']").focus(), 1)`, new(int))
	b.Press("ArrowLeft", 37, "")
	b.Until(`document.querySelector("input[value='15m']").checked`)
	complaints("used")

	// What was chosen is chosen after a reload.
	b.Eval(`(document.querySelector("#pool").value = "spark", document.querySelector("#pool").dispatchEvent(new Event("change")), 1)`, new(int))
	b.Until(`location.hash === "#pool=spark&span=15m"`)
	b.Look("about:blank", 1300, "light")
	b.Look(s.address+"/#pool=spark&span=15m", 1300, "light")
	b.Until(`document.querySelector("#tiles").textContent.includes("of 3") && document.querySelector("#pool").value === "spark" && document.querySelector("input[value='15m']").checked`)
	b.Until(`document.querySelectorAll("#pool option").length === 3`)
	complaints("loaded again")

	// A server that is gone is told, and found again.
	if _, err := client.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Until(`document.querySelector("#alerts").textContent.includes("Draining") && document.querySelector("#mode").textContent === "draining"`)
	complaints("draining")
	if status, log := s.end(t, 15); status != 0 {
		t.Errorf("status %d: %s", status, log)
	}
	b.Until(`document.querySelector("#connection").textContent.startsWith("the server does not answer")`)
}
