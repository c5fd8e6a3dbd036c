package experiments

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// decided is a decision between some settings of two policies.
func decided(t *testing.T, name string, target *Target) *Decision {
	t.Helper()
	g := grid(rand.New(rand.NewPCG(1, 8)), 28, 1,
		synthetic{name: "adaptive:hit_rate=0.9", spends: 40, hits: 0.91, luck: 1}, synthetic{name: "adaptive:hit_rate=0.95", spends: 50, hits: 0.96, luck: 1},
		synthetic{name: "static:level=1", spends: 60, hits: 0.85, luck: 1}, synthetic{name: "static:level=2", spends: 90, hits: 0.97, luck: 1})
	g.Trace, g.Fingerprint, g.Config = name, "f1", "c1"
	d, err := Decide(g, DecideOptions{Target: target, Minimise: "cost", Against: "static", Resamples: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func pageOf(t *testing.T, r *Decisions) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteDecisionsPage(&b, r, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// unclosed finds elements that are not closed, or not opened.
func unclosed(page string) error {
	d := xml.NewDecoder(strings.NewReader(regexp.MustCompile(`<(meta|link)[^>]*>`).ReplaceAllString(page, "")))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestDecisionPage(t *testing.T) {
	hits := &Target{"hit_rate", 0.9}
	nasty := `<script>alert("a&b")</script>`
	r := &Decisions{Target: "hit_rate=0.9", Minimise: "cost", Runs: 4, Resamples: 200, Grids: []*Decision{decided(t, nasty, hits)}, Again: []string{"simulate report x"}}
	page := pageOf(t, r)
	script := page[strings.LastIndex(page, "<script>"):]
	if err := unclosed(strings.Replace(page, script[:strings.Index(script, "</script>")], "<script>", 1)); err != nil {
		t.Error(err)
	}
	if strings.Contains(page, nasty) {
		t.Error("a trace's name is taken for a part of the page")
	}
	for _, outside := range regexp.MustCompile(`(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//[^"')]*`).FindAllString(page, -1) {
		if !strings.Contains(outside, "www.w3.org") { // names of namespaces
			t.Errorf("the page is not by itself: %s", outside)
		}
	}
	for _, want := range []string{"Run adaptive:hit_rate=0.9", "policy: {name: adaptive, hit_rate: 0.9}", "saves a month", "chosen</td>", "c1", "f1", "simulate report x", `<svg role="img" aria-label="`} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`<h2 id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two parts are called %s", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`<a href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("a link leads to %s, which is nowhere", m[1])
		}
	}
	if page != pageOf(t, r) {
		t.Error("two pages of the same differ")
	}
}

// Several traces stand in a table first; what is missing, and where nothing is
// chosen, is said.
func TestDecisionPageOfMany(t *testing.T) {
	hits := &Target{"hit_rate", 0.99}
	r := &Decisions{Target: "hit_rate=0.99", Minimise: "cost", Runs: 8, Missing: 2, Resamples: 200, Grids: []*Decision{
		decided(t, "one", hits), decided(t, "two", nil), decided(t, "three", &Target{"hit_rate", 0.95}),
	}}
	page := pageOf(t, r)
	for _, want := range []string{
		"3 traces and fleets", "Partial: 2 of 8 runs are missing", "No setting reaches 99 % hits: the best, static:level=2, comes to 9", "No target was given",
		"<summary>three: Run adaptive:hit_rate=0.95</summary>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	var text, markdown bytes.Buffer
	if err := errors.Join(WriteDecisions(&text, r), WriteDecisionsMarkdown(&markdown, r)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Partial: 2 of 8", "Run adaptive:hit_rate=0.95.", "No target was given"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	for _, want := range []string{"> **Partial: 2 of 8", "### Run adaptive:hit_rate=0.95\n", "| policy | settings | reach it |", "- It saves $"} {
		if !strings.Contains(markdown.String(), want) {
			t.Errorf("%q is not in\n%s", want, markdown.String())
		}
	}
}

// A saving is claimed only where its interval says so.
func TestSavingInWords(t *testing.T) {
	estimate := func(value, low, high float64) Estimate { return Estimate{value, &low, &high} }
	d := decided(t, "words", &Target{"hit_rate", 0.9})
	for _, c := range []struct {
		saved Estimate
		want  string
	}{
		{estimate(120, 20, 220), "It saves $120 a month (95 % interval $20.00 to $220) against static:level=2"},
		{estimate(120, -20, 260), "but that interval holds zero"},
		{estimate(-120, -220, -20), "It costs $120 a month (95 % interval $20.00 to $220) more than static:level=2"},
	} {
		d.Saving.CostUSD = c.saved
		if got := d.savingWords(); !strings.Contains(got, c.want) {
			t.Errorf("%q, want %q in it", got, c.want)
		}
		if claimed := d.tiles()[0].Class == "good"; claimed != (*c.saved.Low > 0) {
			t.Errorf("a saving of %v to %v is called good: %v", *c.saved.Low, *c.saved.High, claimed)
		}
	}
	d.Intervals, d.Saving.CostUSD = false, Estimate{Value: 120}
	if got := d.savingWords(); !strings.Contains(got, "too few to tell") {
		t.Error(got)
	}
}
