package experiments

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"shadowpool/sim"
)

// WriteTuned writes what a search found, at most 100 columns wide.
func WriteTuned(w io.Writer, d *Tuned) error {
	writers := []func(io.Writer) error{d.writeSpans, d.writeFinalists, d.writeGap, d.writeSensitivity, d.writePrices}
	if d.Target == nil {
		writers = []func(io.Writer) error{d.writeSpans, d.writeFront, d.writeSensitivity, d.writePrices}
	}
	for i, write := range writers {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := write(w); err != nil {
			return err
		}
	}
	return nil
}

// spanNames are what the three spans are for.
var spanNames = []string{"fit", "choose", "report"}

func (d *Tuned) writeSpans(w io.Writer) error {
	aim := "the front of " + d.Minimised + " against wait_p99"
	if d.Target != nil {
		aim = "least " + d.Minimised + " at " + d.Target.String()
	}
	if _, err := fmt.Fprintf(w, "%s: %s, %d settings in %.1f of %g full runs,\n%s requests replayed in all\n\n",
		aim, plural(len(d.Policies), "policy", "policies"), len(d.Trials), d.Spent, d.Budget, grouped(d.Replayed)); err != nil {
		return err
	}
	var rows [][]string
	for _, s := range d.Spans {
		rows = append(rows, []string{fmt.Sprintf("%.19s", s.From), fmt.Sprintf("%.19s", s.To), grouped(s.Requests)})
	}
	return writeColumns(w, "span", spanNames, []string{"from", "to", "requests"}, rows)
}

// service is a result's measure of the target in words.
func (t *Target) met(r *sim.Result) string {
	if t.Measure == "hit_rate" {
		return percent(r.HitRate)
	}
	return seconds(t.measure(r))
}

// title heads a column of it.
func (t *Target) title() string {
	return map[string]string{"hit_rate": "hit %", "wait_mean": "wait", "wait_p99": "p99"}[t.Measure]
}

// unit is that of what is minimised, by the day.
func (d *Tuned) unit() string {
	if d.Minimised == "cost" {
		return "$/day"
	}
	return "waste h/day"
}

func (d *Tuned) perDay(r *sim.Result) string { return amount(24 * hourly(r, d.Minimised)) }

func (d *Tuned) writeFinalists(w io.Writer) error {
	if len(d.Finalists) == 0 {
		_, err := fmt.Fprintf(w, "no setting reaches %s: the best has %s\n", d.Target.String(), d.closest())
		return err
	}
	var head []string
	for _, name := range spanNames {
		head = append(head, name, d.Minimised)
	}
	var names []string
	var rows [][]string
	add := func(f *Finalist, mark string) {
		names = append(names, f.Setting+mark)
		var row []string
		for _, r := range []*sim.Result{f.Fit, f.Choose, f.Report} {
			if r == nil {
				row = append(row, "", "")
				continue
			}
			row = append(row, d.Target.met(r), d.perDay(r))
		}
		rows = append(rows, row)
	}
	for i := range d.Finalists {
		add(&d.Finalists[i], map[bool]string{true: " <"}[i == d.Chosen])
	}
	if d.Base != nil {
		add(d.Base, " (now)")
	}
	if err := writeColumns(w, "setting", names, head, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s and %s on each span; the chosen one is\n%s\n", d.Target.title(), d.unit(), d.Finalists[d.Chosen].Setting)
	return err
}

// closest is the best service of the full trials.
func (d *Tuned) closest() string {
	best := TunedRun{WaitMeanS: math.Inf(1), WaitP99S: math.Inf(1)}
	value := func(r TunedRun) float64 {
		return d.Target.better(map[string]float64{"hit_rate": r.HitRate, "wait_mean": r.WaitMeanS, "wait_p99": r.WaitP99S}[d.Target.Measure])
	}
	for _, r := range d.Trials {
		if r.Fidelity == 1 && value(r) > value(best) {
			best = r
		}
	}
	if d.Target.Measure == "hit_rate" {
		return percent(best.HitRate) + " % with " + best.Setting
	}
	return seconds(-value(best)) + " with " + best.Setting
}

// writeGap says how far what was chosen does elsewhere what it did where it was
// found.
func (d *Tuned) writeGap(w io.Writer) error {
	if d.Chosen < 0 {
		return nil
	}
	c := &d.Finalists[d.Chosen]
	_, err := fmt.Fprintf(w, "from fit to report: %s, %s %s\n", d.Target.gap(c.Fit, c.Report), d.unit(), d.change(c.Fit, c.Report))
	if err != nil {
		return err
	}
	if !d.Target.reachedBy(c.Report) {
		if _, err = fmt.Fprintf(w, "the target is missed on the span to report on: ask for more, or look again on a longer trace\n"); err != nil {
			return err
		}
	}
	if d.Base != nil {
		_, err = fmt.Fprintf(w, "against now, on report: %s, %s %s\n", d.Target.gap(d.Base.Report, c.Report), d.unit(), d.change(d.Base.Report, c.Report))
	}
	if err == nil && d.Gain != nil {
		_, err = fmt.Fprintf(w, "%s\n", d.Gain.text(d.unit()))
	}
	return err
}

// gap is how the measure changes from one result to another.
func (t *Target) gap(from, to *sim.Result) string {
	if t.Measure == "hit_rate" {
		return fmt.Sprintf("hits %+.2f %%", 100*(to.HitRate-from.HitRate))
	}
	return fmt.Sprintf("%s %+.3g s", t.title(), t.measure(to)-t.measure(from))
}

func (d *Tuned) change(from, to *sim.Result) string {
	a, b := hourly(from, d.Minimised), hourly(to, d.Minimised)
	if a <= 0 {
		return amount(24*a) + " to " + amount(24*b)
	}
	return fmt.Sprintf("%+.1f %%", 100*(b/a-1))
}

func (d *Tuned) writeFront(w io.Writer) error {
	if len(d.Finalists) == 0 {
		_, err := fmt.Fprintln(w, "no setting has a p99 wait below the lead time")
		return err
	}
	var names []string
	var rows [][]string
	for _, f := range d.Finalists {
		names = append(names, f.Setting)
		rows = append(rows, []string{
			seconds(f.Fit.WaitS.P99), percent(f.Fit.HitRate), d.perDay(f.Fit),
			seconds(f.Report.WaitS.P99), percent(f.Report.HitRate), d.perDay(f.Report),
		})
	}
	return writeColumns(w, "setting", names, []string{"fit: p99", "hit %", d.unit(), "report: p99", "hit %", d.unit()}, rows)
}

func (d *Tuned) writeSensitivity(w io.Writer) error {
	var names []string
	var rows [][]string
	for i := range d.Sensitivity {
		s := &d.Sensitivity[i]
		for _, p := range s.Parameters {
			names = append(names, d.label(s, &p))
			worst := ""
			if len(p.Profile) > 0 {
				most := 0.0
				for _, x := range p.Profile {
					most = max(most, x.Ratio)
				}
				worst = ratio(most)
			}
			rows = append(rows, []string{
				ratio(p.CostFirst), ratio(p.CostTotal), ratio(p.ServiceFirst), ratio(p.ServiceTotal), worst,
			})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if err := writeColumns(w, "how much a parameter matters", names, []string{d.Minimised + ": alone", "in all", "service: alone", "in all", "worst"}, rows); err != nil {
		return err
	}
	note := "shares of the variance over the ranges"
	if d.Target != nil {
		note += "; worst: " + d.Minimised + " with the worst value held, over the best"
	}
	_, err := fmt.Fprintln(w, "\n"+note)
	return err
}

// mostPrices of the table, those around the target.
const mostPrices = 8

func (d *Tuned) writePrices(w io.Writer) error {
	from, to := 0, len(d.Prices)
	if to > mostPrices && d.Target != nil && d.Target.Measure == "hit_rate" {
		for from < to-mostPrices && d.Prices[from+mostPrices/2].FromHitRate < d.Target.Value {
			from++
		}
	}
	from = max(from, min(to-mostPrices, from))
	to = min(from+mostPrices, to)
	var names []string
	var rows [][]string
	for _, p := range d.Prices[from:to] {
		names = append(names, percent(p.FromHitRate)+" to "+percent(p.ToHitRate))
		rows = append(rows, []string{amount(p.Per)})
	}
	return writeColumns(w, "hit %", names, []string{d.unit() + " for each 0.1 % more of hits"}, rows)
}

// WriteTuned fills a directory with the figures, the pictures and a page.
func (b *Bench) WriteTuned(ctx context.Context, dir string, d *Tuned) error {
	pictures, err := drawTuned(d)
	if err != nil {
		return err
	}
	var table strings.Builder
	if err := WriteTuned(&table, d); err != nil {
		return err
	}
	p := page{"Tuning: " + d.Trace.Name, b.Heading(), table.String(), pictures, tunedWords}
	return p.write(ctx, dir, d, func(w io.Writer) error { return WriteTrialsCSV(w, d) })
}

// tunedWords are those of the tables of a search.
var tunedWords = []word{
	{"fit, choose, report", "The spans of the trace, one after the other: settings are searched for on the first, the best of them compared on the second, and what is chosen is measured on the third, which had no part in it."},
	{"waste", "Instance-hours spent idle (warm and unassigned), and the launching time of instances that ended without having served; here by the day."},
	{"alone, in all", "The share of the variance over the ranges that a parameter explains by itself, and with what it does together with others (Sobol' indices), by the models that the search has fitted."},
}

// Describe is the setting and what it did, in a line.
func (p *Proved) Describe(t *Tuning) string {
	d := Tuned{Minimised: t.Cost}
	m := t.measure()
	return fmt.Sprintf("%s: %s %s, %s %s", p.Setting, m.title(), m.met(p.Result), d.perDay(p.Result), d.unit())
}
