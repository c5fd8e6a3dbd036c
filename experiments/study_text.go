package experiments

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteSummary writes the study in short: the outcome, every policy over all
// cells, and where the study's policy loses; at most 100 columns wide.
func WriteSummary(w io.Writer, f *Findings) error {
	if _, err := fmt.Fprintf(w, "%s\n\n", folded(f.Outcome())); err != nil {
		return err
	}
	for _, part := range []struct {
		title string
		write func(io.Writer, *Findings) error
	}{{"", writePolicies}, {"where it loses, the worst first", writeLosses}, {"aiming by themselves", writeCalibration}} {
		if part.title != "" {
			if _, err := fmt.Fprintf(w, "\n%s\n\n", part.title); err != nil {
				return err
			}
		}
		if err := part.write(w, f); err != nil {
			return err
		}
	}
	return nil
}

// Outcome is what the study says, in a few sentences.
func (f *Findings) Outcome() string {
	cells, least, less, more, few := 0, 0, 0, 0, 0
	for _, o := range f.Outcomes() {
		cells++
		if o.Ratio < 1 {
			least++
		}
		if o.Cell.Days < fewDays {
			few++
		}
		if v := o.versus(); v != nil && v.Less {
			less++
		} else if v != nil && v.More {
			more++
		}
	}
	text := fmt.Sprintf("%s wastes less than the best other policy in %d of %d cells: clearly in %d (the 95 %% interval of the difference lies below zero), clearly more in %d, within chance in the rest.",
		f.Of, least, cells, less, more)
	if few > 0 {
		text += fmt.Sprintf(" %d of the cells have fewer than %d days, too few for an interval to be trusted.", few, fewDays)
	}
	return text
}

// folded breaks text into lines of a table's width.
func folded(text string) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > mostColumns:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// fewDays are too few for an interval to be trusted.
const fewDays = 10

func writePolicies(w io.Writer, f *Findings) error {
	var names []string
	var rows [][]string
	apart := false
	for _, s := range f.Summaries() {
		name := s.Policy
		if !s.Implementable {
			name, apart = name+" *", true
		}
		names = append(names, name)
		row := []string{fmt.Sprintf("%d of %d", s.Reached, s.Cells), "", "", "", "", "", ""}
		if s.Shared > 0 {
			row[1], row[2], row[3] = ratio(s.Mean), ratio(s.Least), ratio(s.Most)
		}
		if s.Policy != f.Of {
			row[4], row[5] = strconv.Itoa(s.Wins), strconv.Itoa(s.Losses)
		}
		if s.Reached > 0 {
			row[6] = fmt.Sprintf("%.2f %.2f %.2f", s.Churn[0], s.Churn[1], s.Churn[2])
		}
		rows = append(rows, row)
	}
	if err := writeColumns(w, "policy", names, []string{"reached", "mean ratio", "least", "most", "worse", "better", "launch/req"}, rows); err != nil {
		return err
	}
	notes := "\nratio: waste over that of " + f.Of + " at the same hit rate, geometric mean where both reach it;\n" +
		"worse, better: cells in which the 95 % interval says so; launch/req: least, median, most\n"
	if apart {
		notes += "* sees the future: for comparison, no one could run it\n"
	}
	_, err := io.WriteString(w, notes)
	return err
}

func writeLosses(w io.Writer, f *Findings) error {
	lost := f.Losses()
	if len(lost) == 0 {
		_, err := fmt.Fprintln(w, "in no cell")
		return err
	}
	var names []string
	var rows [][]string
	for _, o := range lost {
		names = append(names, o.Cell.name())
		v := o.versus()
		clear := ""
		if v != nil && v.More {
			clear = "clearly"
		}
		rows = append(rows, []string{ratioWords(o.Ratio), interval(v), clear, clip(o.Rival.Policy, 20)})
	}
	if err := writeColumns(w, "cell", names, []string{"ratio", "95 %", "", "to"}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\n0 or ∞ bounds an interval where one of the two often does not reach the target on the days drawn")
	return err
}

// name is a cell in a line of a table.
func (c *Cell) name() string { return c.row() + ", " + shortLead(c.LeadTime) + ", " + atHits(c.Target) }

// interval is that of the ratio; nothing where none is known.
func interval(v *Versus) string {
	if v == nil {
		return ""
	}
	bound := func(x *float64) string {
		if x == nil {
			return "∞"
		}
		return ratio(*x)
	}
	return bound(v.RatioLow) + " to " + bound(v.RatioHigh)
}

// writeCalibration writes each policy that aims by itself, over all cells.
func writeCalibration(w io.Writer, f *Findings) error {
	var policies names
	for _, c := range f.Calibrated {
		policies.of(c.Policy)
	}
	if len(policies.all) == 0 {
		_, err := fmt.Fprintln(w, "none of these policies does")
		return err
	}
	var labels []string
	var rows [][]string
	for _, target := range f.Targets {
		for _, name := range policies.all {
			if row := f.calibration(name, target); row != nil {
				labels, rows = append(labels, name), append(rows, row)
			}
		}
	}
	if err := writeColumns(w, "policy", labels, []string{"target", "least", "median", "most", "short", "vs swept", "worst day %"}, rows); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\nhit rates in %, told the target, measured on the second half of each trace; short: cells below the\n"+
		"target; vs swept: waste over that of the swept curve on the same days, geometric mean (of so many);\n"+
		"worst day: median share of the misses that fall on one day\n")
	return err
}

// calibration is a policy's row in the table of those that aim by themselves;
// nil where it was not run.
func (f *Findings) calibration(policy string, target float64) []string {
	var rates, worst []float64
	logs, compared, short := 0.0, 0, 0
	for _, c := range f.Calibrated {
		if c.Policy != policy || c.Target != target || c.Requests == 0 {
			continue
		}
		rates = append(rates, c.HitRate)
		if c.HitRate < target {
			short++
		}
		if c.Misses > 0 {
			worst = append(worst, c.WorstDay)
		}
		if c.ToSwept != nil && *c.ToSwept > 0 {
			logs += math.Log(*c.ToSwept)
			compared++
		}
	}
	if len(rates) == 0 {
		return nil
	}
	slices.Sort(rates)
	slices.Sort(worst)
	row := []string{percent(target), percent(rates[0]), percent(median(rates)), percent(rates[len(rates)-1]), fmt.Sprintf("%d of %d", short, len(rates)), "", ""}
	if compared > 0 {
		row[5] = fmt.Sprintf("%s (%d)", ratio(math.Exp(logs/float64(compared))), compared)
	}
	if len(worst) > 0 {
		row[6] = percent(median(worst))
	}
	return row
}

// writeCell writes all standings of a cell.
func writeCell(w io.Writer, f *Findings, c *Cell) error {
	var labels []string
	var rows [][]string
	for _, s := range c.Standings {
		name := s.Policy
		if !s.Implementable {
			name += " *"
		}
		labels = append(labels, name)
		if !s.Reached {
			rows = append(rows, []string{"not reached", "best " + percent(s.BestHitRate) + " %", "", "", "", claimOf(s.Against)})
			continue
		}
		relative := func(x *float64) string {
			if x == nil {
				return ""
			}
			return ratio(*x)
		}
		rows = append(rows, []string{
			amount(s.WasteS / 3600), strconv.FormatFloat(s.LaunchesPerReq, 'f', 3, 64),
			relative(s.ToStatic), relative(s.ToBest), interval(s.Against), claimOf(s.Against),
		})
	}
	return writeColumns(w, "policy", labels, []string{"waste h", "launch/req", "vs static", "vs best", f.Of + " / it", "it is"}, rows)
}

// claimOf is what the interval allows to say of a policy beside the study's.
func claimOf(v *Versus) string {
	switch {
	case v == nil:
		return ""
	case v.Less:
		return "worse"
	case v.More:
		return "better"
	default:
		return "even"
	}
}

// studyHeading tells what was studied.
func studyHeading(f *Findings) string {
	var traces, leads, groupings names
	for _, c := range f.Cells {
		traces.of(c.Trace)
		leads.of(c.LeadTime)
		groupings.of(c.Grouping)
	}
	var targets []string
	for _, t := range f.Targets {
		targets = append(targets, atHits(t))
	}
	return fmt.Sprintf("traces      %s\nlead times  %s\ngrouping    %s\ntargets     %s\nrun         %d cells, %d evaluations a policy, %d resamples, seed %d, version %s\n",
		strings.Join(traces.all, ", "), strings.Join(leads.all, "; "), strings.Join(groupings.all, ", "), strings.Join(targets, ", "),
		len(f.Cells), f.Points, f.Resamples, f.Seed, f.Version)
}
