package experiments

import (
	"fmt"
	"io"
	"strings"
)

// Decisions are what a sweep comes to: a decision on every trace and fleet.
type Decisions struct {
	Target   string `json:"target"` // empty is none
	Minimise string `json:"minimise"`
	// Against is what choices are held against.
	Against string `json:"against"`
	// Runs and Missing count the runs of the plans, and those of them that have no
	// result.
	Runs      int         `json:"runs"`
	Missing   int         `json:"missing"`
	Resamples int         `json:"resamples"`
	Seed      uint64      `json:"seed"` // of the resamples
	Version   string      `json:"version"`
	Grids     []*Decision `json:"decisions"`

	// Again is how to come to the same: commands, a line each.
	Again []string `json:"commands"`
}

// Caveats are what a reader has to know before the figures.
func (r *Decisions) Caveats() []string {
	var all []string
	if r.Missing > 0 {
		all = append(all, fmt.Sprintf("Partial: %s of %s runs are missing. What is chosen may change with them.", grouped(int64(r.Missing)), grouped(int64(r.Runs))))
	}
	for _, d := range r.Grids {
		if d.Incomplete > 0 {
			all = append(all, fmt.Sprintf("%s: %s left out, as runs of some seeds are missing.", d.Name(), plural(d.Incomplete, "setting is", "settings are")))
		}
		if !d.Intervals {
			all = append(all, fmt.Sprintf("%s: %s measured are too few for intervals: no difference is called real.", d.Name(), plural(d.Days, "day", "days")))
		}
	}
	return all
}

// method says how intervals were made.
func (d *Decision) method(resamples int) string {
	if !d.Intervals {
		return "no intervals: the days are too few"
	}
	text := fmt.Sprintf("95 %% intervals of %s resamples of the %s, in blocks of %s", grouped(int64(resamples)), plural(d.Days, "day", "days"), plural(d.BlockDays, "day", "days"))
	if d.Weekly {
		text += " that keep their day of the week"
	}
	text += ", paired"
	if n := len(d.Seeds); n > 1 {
		text += fmt.Sprintf("; the %d seeds are drawn again too", n)
	}
	return text
}

// mostText bounds the settings that text shows.
const mostText = 12

// WriteDecisions writes the answers and the settings beside them, at most 100
// columns wide.
func WriteDecisions(w io.Writer, r *Decisions) error {
	var b strings.Builder
	for _, text := range r.Caveats() {
		fmt.Fprintln(&b, folded(text))
	}
	for i, d := range r.Grids {
		if i > 0 || b.Len() > 0 {
			fmt.Fprintln(&b)
		}
		fmt.Fprintf(&b, "trace  %s: %s over %s\nrun    %s of %s; %s\n\n", clip(d.Name(), 60), plural(int(d.Requests), "request", "requests"), days(d.SpanS),
			plural(len(d.Options), "setting", "settings"), plural(d.families(), "policy", "policies"), clip("version "+d.Version, 40))
		fmt.Fprintln(&b, folded(d.Headline()+"."))
		for _, text := range d.Answers() {
			fmt.Fprintln(&b, folded(text))
		}
		fmt.Fprintln(&b)
		if err := d.textSheet().writeText(&b); err != nil {
			return err
		}
		if n := len(d.Options); n > mostText {
			fmt.Fprintf(&b, "and %s more\n", grouped(int64(n-mostText)))
		}
		fmt.Fprintf(&b, "\n%s\n", folded(d.method(r.Resamples)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// textSheet are the settings in the room of a terminal.
func (d *Decision) textSheet() *sheet {
	t := d.measured()
	head := t.columnHead()
	if t.Measure == "wait_p99" {
		head = "p99 wait"
	}
	s := &sheet{Head: []string{"policy", head, d.spentName()}}
	if d.Chosen != nil {
		s.Head = append(s.Head, "more", "95 % interval", "verdict")
	}
	for i := range d.Options[:min(len(d.Options), mostText)] {
		o := &d.Options[i]
		row := []entry{words(o.label()), words(t.short(o.Service.Value)), words(amount(d.spentOf(o).Value))}
		if d.Chosen != nil {
			row = append(row, words(signed(o.More.Value)), words(d.moreBounds(o)), words(d.verdict(o)))
		}
		s.add(row...)
	}
	return s
}

// WriteDecisionsMarkdown writes what a pull request should show: the answers,
// the nearest settings, and what speaks against them.
func WriteDecisionsMarkdown(w io.Writer, r *Decisions) error {
	var b strings.Builder
	for _, text := range r.Caveats() {
		fmt.Fprintf(&b, "> **%s**\n\n", text)
	}
	for _, d := range r.Grids {
		fmt.Fprintf(&b, "### %s\n\n", d.Headline())
		fmt.Fprintf(&b, "On %s: %s over %s.\n\n", d.Name(), plural(int(d.Requests), "request", "requests"), days(d.SpanS))
		for _, text := range d.Answers() {
			fmt.Fprintf(&b, "- %s\n", text)
		}
		if len(d.Answers()) > 0 {
			fmt.Fprintln(&b)
		}
		table := d.textSheet()
		if d.Families != nil {
			table = d.familySheet()
		}
		if err := table.writeMarkdown(&b); err != nil {
			return err
		}
		fmt.Fprintf(&b, "\n%s; %s; trace %s, configuration %s, seeds %s, version %s.\n\n", plural(len(d.Options), "setting", "settings"), d.method(r.Resamples),
			d.Fingerprint, d.Config, seedList(d.Seeds), d.Version)
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

func seedList(seeds []uint64) string {
	var all []string
	for _, s := range seeds {
		all = append(all, fmt.Sprint(s))
	}
	return strings.Join(all, ", ")
}
