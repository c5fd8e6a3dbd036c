package experiments

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed decision.html
var decisionText string

//go:embed decision.css
var decisionStyle string

//go:embed decision.js
var decisionScript string

var decisionTemplate = template.Must(template.New("decisions").Parse(decisionText))

// mostOptions bounds the settings that a page shows; the table of results has
// them all.
const mostOptions = 500

// A part is a section of a decision on the page.
type part struct {
	ID, Title, Text string
	Figures         []figure
	Sheets          []*sheet
	Terms           []word
	Code            string
}

// A tile is a figure that is read first.
type tile struct{ Name, Figure, Interval, Class string }

// WriteDecisionsPage writes one page that holds everything and needs nothing
// else. Closeups are by decision; they and any of them may be nil.
func WriteDecisionsPage(w io.Writer, r *Decisions, closeups []*Closeup) error {
	title := r.Grids[0].Headline()
	var overview *sheet
	if len(r.Grids) > 1 {
		title = fmt.Sprintf("%d traces and fleets, decided one by one", len(r.Grids))
		overview = r.overview()
	}
	var decided []map[string]any
	for i, d := range r.Grids {
		var c *Closeup
		if closeups != nil {
			c = closeups[i]
		}
		parts, err := d.parts(r, c)
		if err != nil {
			return err
		}
		heading := d.Headline()
		if heading == title {
			heading = "" // it stands above
		}
		decided = append(decided, map[string]any{
			"Heading": heading, "ID": fmt.Sprintf("d%d", i+1), "Name": d.Name(), "Headline": d.Headline(), "Tiles": d.tiles(), "Answers": d.Answers(),
			"Config": d.config(), "Parts": parts,
		})
	}
	target := "no target"
	if t := r.Grids[0].Target; t != nil {
		target = "target " + t.words()
	}
	return decisionTemplate.Execute(w, map[string]any{
		"Title": title, "Subtitle": fmt.Sprintf("What a sweep of %s runs says; %s, least %s; version %s", grouped(int64(r.Runs)), target, r.Minimise, r.Version),
		"CSS": template.CSS(pageStyle + decisionStyle), "Script": template.JS(decisionScript), // files of ours
		"Caveats": r.Caveats(), "Overview": overview, "Decisions": decided, "Words": append(decisionWords, policyWords...),
	})
}

// decisionWords are those of the page beyond policyWords.
var decisionWords = []word{
	{"a month", "A twelfth of a year, 30.4 days, of days like those that were measured."},
	{"95 % interval", "Where the figure lies for all that these days tell: it holds the true one in about 19 of 20 such spans. It knows nothing of what the trace does not show."},
	{"not told apart", "The differences, day by day on the same requests, are no greater than chance makes the greatest of so many."},
	{"held against", "The baseline: of a policy, its cheapest setting that reaches the target."},
}

// overview is a table of all decisions.
func (r *Decisions) overview() *sheet {
	s := &sheet{Caption: "All traces and fleets", Head: []string{"trace and fleet", "chosen", "service", "$ a month", "saves $ a month", "95 % interval"}}
	for _, d := range r.Grids {
		row := []entry{words(d.Name()), words(d.Headline()), words(""), words(""), words(""), words("")}
		if o := d.Chosen; o != nil {
			row[1] = words(o.Policy)
			row[2] = figureOf(o.Service.Value, d.Target.short(o.Service.Value))
			row[3] = figureOf(o.CostUSD.Value, amount(o.CostUSD.Value))
		}
		if d.Saving != nil {
			row[4] = figureOf(d.Saving.CostUSD.Value, signed(d.Saving.CostUSD.Value))
			row[5] = words(bounded(d.Saving.CostUSD, signed))
		}
		s.add(row...)
	}
	return s
}

// tiles are what is read first.
func (d *Decision) tiles() []tile {
	if d.Chosen == nil {
		return nil
	}
	interval := func(e Estimate, text func(float64) string) string {
		if e.Low == nil {
			return "no interval"
		}
		return "95 %: " + bounded(e, text)
	}
	service := tile{"service, asked for " + d.Target.words(), d.Target.short(d.Chosen.Service.Value), interval(d.Chosen.Service, d.Target.short), ""}
	if d.Target.Measure == "hit_rate" {
		service.Figure += " %"
	}
	if !d.Chosen.Surely && d.Target.mixes() {
		service.Class = "warn"
	}
	all := []tile{service, {"costs a month", dollars(d.Chosen.CostUSD.Value), interval(d.Chosen.CostUSD, dollars), ""}}
	if d.Saving == nil || d.Chosen == d.Baseline {
		return all
	}
	saves := tile{"saves a month", dollars(d.Saving.CostUSD.Value), interval(d.Saving.CostUSD, dollars), "good"}
	share := tile{"of the cost", percent(d.Saving.CostShare.Value) + " %", interval(d.Saving.CostShare, func(x float64) string { return percent(x) + " %" }), "good"}
	if !d.Saving.CostUSD.above(0) {
		saves.Class, share.Class = "warn", "warn"
		saves.Name = "saves a month, within chance"
		if d.Saving.CostUSD.below(0) {
			saves.Name = "saves a month: costs more"
		}
	}
	return append([]tile{saves, share}, all...)
}

// config is the policy's section of pool.yaml; empty where a parameter differs by
// category, which is written otherwise there.
func (d *Decision) config() string {
	if d.Chosen == nil {
		return ""
	}
	text := "policy: {name: " + d.Chosen.trial.Spec.Name
	for _, p := range d.Chosen.trial.Spec.Params {
		if strings.Contains(p.Key, ".") {
			return ""
		}
		text += ", " + p.Key + ": " + p.Value
	}
	return text + "}"
}

// parts are a decision's sections.
func (d *Decision) parts(r *Decisions, c *Closeup) ([]part, error) {
	var all []part
	var failure error
	drawn := func(pictures []picture, err error) []figure {
		if err != nil {
			failure = err
		}
		var figures []figure
		for _, p := range pictures {
			figures = append(figures, p.figure())
		}
		return figures
	}
	one := func(p picture, err error) []figure { return drawn([]picture{p}, err) }
	captioned := func(caption string, s *sheet) []*sheet {
		s.Caption = caption
		return []*sheet{s}
	}
	if d.Chosen != nil {
		all = append(all, part{ID: "pair", Title: "What it costs", Figures: one(d.drawCosts()), Sheets: captioned("The choice beside what it is held against", d.pairSheet())})
	}
	all = append(all, part{ID: "front", Title: "What else there is", Figures: one(d.drawFront())})
	if d.Chosen != nil {
		if d.Target.mixes() {
			all[len(all)-1].Text = "At exactly the target, every policy is read between its settings, so that none is judged by how lucky its steps fall; the interval of the difference decides whether one spends more or less than the chosen one."
		} else {
			all[len(all)-1].Text = "Of every policy the cheapest setting that reaches the target counts; the interval of the difference decides whether it spends more or less than the chosen one."
		}
		all[len(all)-1].Sheets = captioned("Policies at the target", d.familySheet())
		all = append(all, part{ID: "days", Title: "Day by day", Figures: drawn(d.drawDays())})
	}
	all = append(all, d.seen(c, drawn)...)
	price := part{ID: "price", Title: "What more service costs", Figures: drawn(d.drawPrice()), Sheets: captioned("Corners of the front", d.priceSheet())}
	if d.Target != nil {
		if x, ok := priceAt(d.Front, d.Target); ok && d.Target.Measure == "hit_rate" {
			price.Text = fmt.Sprintf("At the target 0.1 %% more hits cost about %s a month.", dollars(x))
		}
	}
	all = append(all, price)
	if len(d.Effects) > 0 {
		all = append(all, part{ID: "effects", Title: "How much each parameter matters", Figures: drawn(d.drawEffects()), Sheets: captioned("Parameters", d.effectSheet()),
			Text: "At the target, with all other parameters free to be chosen. A share of variance is what a parameter does by itself over the whole grid, whatever the target."})
	}
	settings := part{ID: "settings", Title: "Every setting", Sheets: captioned("Settings", d.optionSheet(mostOptions))}
	if n := len(d.Options); n > mostOptions {
		settings.Text = fmt.Sprintf("The first %d of %s; results.parquet has them all.", mostOptions, grouped(int64(n)))
	}
	all = append(all, settings, d.measuredHow(r))
	return all, failure
}

// seen is what replays show.
func (d *Decision) seen(c *Closeup, drawn func([]picture, error) []figure) []part {
	switch {
	case d.Chosen == nil:
		return nil
	case c == nil:
		return []part{{ID: "pool", Title: "Pool against demand", Text: "Not on this page: the traces were not at hand. With --experiment FILE simulate report replays them."}}
	}
	text := "Replayed with seed " + fmt.Sprint(d.Seeds[0]) + ": the figures are those of the sweep."
	if !c.Same {
		text = "Replayed with seed " + fmt.Sprint(d.Seeds[0]) + " by another version of the program, whose figures are not those of the sweep: these pictures only come close."
	}
	all := []part{{ID: "pool", Title: "Pool against demand", Text: text, Figures: drawn(c.pictures, nil)}}
	if len(c.Forecast) > 0 {
		all = append(all, part{ID: "forecast", Title: "How well demand is foreseen", Figures: drawn(c.fan, nil), Sheets: []*sheet{scoreSheet(c.Forecast)},
			Text: fmt.Sprintf("Arrivals over the coming %s, about the lead time, of all categories together. Pinball loss and MASE (against the same time a season ago) are better when less; the bands should hold 50, 90 and 99 %% of what comes.", spanText(c.Horizon.Seconds()))})
		all[1].Sheets[0].Caption = "Forecasters"
	}
	return all
}

// measuredHow is what it takes to check or repeat the figures.
func (d *Decision) measuredHow(r *Decisions) part {
	from := time.Unix(0, max(d.MeasureFrom, 0)).UTC().Format("2006-01-02 15:04:05 MST")
	terms := []word{
		{"trace", d.Trace}, {"fingerprint", d.Fingerprint},
		{"measured", fmt.Sprintf("%s over %s, from %s on; what came before warmed up", plural(int(d.Requests), "request", "requests"), days(d.SpanS), from)},
		{"configuration", d.Config}, {"changed of it", d.Fleet}, {"hints", d.Hints},
		{"start", map[bool]string{true: "warm", false: "empty"}[d.StartWarm]},
		{"settings", fmt.Sprintf("%s of %s; %s reach the target", grouped(int64(len(d.Options))), plural(d.families(), "policy", "policies"), grouped(int64(d.Reaching)))},
		{"seeds", seedList(d.Seeds)}, {"version", d.Version},
		{"intervals", d.method(r.Resamples) + fmt.Sprintf("; drawn by %d", r.Seed)},
	}
	var filled []word
	for _, t := range terms {
		if t.Meaning != "" {
			filled = append(filled, t)
		}
	}
	return part{ID: "how", Title: "How it was measured", Terms: filled, Code: strings.Join(r.Again, "\n"),
		Text: "Every setting replays the same requests with the same random draws, so that differences are paired by day and seed. Figures are defined in docs/figures.md."}
}

// families counts the policies of the settings.
func (d *Decision) families() int {
	seen := map[string]bool{}
	for i := range d.Options {
		seen[d.Options[i].Family] = true
	}
	return len(seen)
}
