package experiments

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"shadowpool/trace/bucket"
)

// A section is a part of a study's page.
type section struct {
	Title   string
	Text    string
	Table   string
	Figures []figure
	Folded  bool // until it is asked for
}

// WriteStudy fills the directory at a path or URL, which is made if it does
// not exist: report.html, which holds everything and needs nothing else, the
// pictures by themselves, study.json and study.csv.
func WriteStudy(ctx context.Context, dir string, f *Findings) error {
	out, err := bucket.OpenFolder(ctx, dir)
	if err != nil {
		return err
	}
	defer out.Close()
	sections, pictures, err := f.sections()
	if err != nil {
		return err
	}
	for _, p := range pictures {
		if err := p.write(ctx, out); err != nil {
			return err
		}
	}
	if err := out.Write(ctx, "study.json", func(w io.Writer) error { return WriteStudyJSON(w, f) }); err != nil {
		return err
	}
	if err := out.Write(ctx, "study.csv", func(w io.Writer) error { return WriteStudyCSV(w, f) }); err != nil {
		return err
	}
	return out.Write(ctx, "report.html", func(w io.Writer) error {
		return pageTemplate.Execute(w, map[string]any{
			"Title": f.Of + " against all, on many traces", "Heading": studyHeading(f), "Sections": sections,
		})
	})
}

// WriteStudyJSON writes what was found, and every policy over all cells.
func WriteStudyJSON(w io.Writer, f *Findings) error {
	return WriteJSON(w, struct {
		*Findings
		Policies []Summary `json:"policies"`
	}{f, f.Summaries()})
}

// sections are the page's parts, with the pictures that they hold.
func (f *Findings) sections() ([]section, []picture, error) {
	var pictures []picture
	show := func(p picture, err error) ([]figure, error) {
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, p)
		return []figure{p.figure()}, nil
	}
	table := func(write func(io.Writer, *Findings) error) string {
		var b bytes.Buffer
		_ = write(&b, f) // a buffer takes everything
		return b.String()
	}
	heat, err := show(drawHeat(f))
	if err != nil {
		return nil, nil, err
	}
	spread, err := show(drawSpread(f, f.Summaries()))
	if err != nil {
		return nil, nil, err
	}
	all := []section{
		{Title: "The outcome", Text: f.Outcome(), Figures: heat},
		{Title: "Every policy over all cells", Table: table(writePolicies), Figures: spread},
		{Title: "Where " + f.Of + " loses", Table: table(writeLosses)},
	}
	if len(f.Calibrated) > 0 {
		aim := section{
			Title: "Aiming by themselves",
			Text: "The figures above are of settings that were found afterwards. Here the policies that take a hit rate are told the target and left alone; " +
				"what counts is the second half of each trace. A policy whose misses fall on one day was right on the others.",
			Table: table(writeCalibration),
		}
		for _, target := range f.Targets {
			figures, err := show(drawCalibration(f, target))
			if err != nil {
				return nil, nil, err
			}
			aim.Figures = append(aim.Figures, figures...)
		}
		all = append(all, aim, section{Title: "Where the misses of " + f.Of + " fall", Text: "Told the target, on the second half of each trace: the share of all misses on the worst day and on the worst tenth of the days. " +
			"Episodes are of the whole measured span: runs of requests of one category that did not hit, ended by ten hits in a row.", Table: table(writeMisses)})
	}
	all = append(all, section{Title: "Every cell", Text: "All policies in each cell: a line opens."})
	for i := range f.Cells {
		c := &f.Cells[i]
		all = append(all, section{Title: c.name(), Folded: true, Table: table(func(w io.Writer, f *Findings) error {
			if _, err := fmt.Fprintf(w, "%s over %d days\n\n", plural(int(c.Requests), "request", "requests"), c.Days); err != nil {
				return err
			}
			return writeCell(w, f, c)
		})})
	}
	if len(f.Skipped) > 0 {
		all = append(all, section{Title: "What was not run", Table: table(writeSkipped)})
	}
	return all, pictures, nil
}

// writeMisses writes on how few days the misses of the study's policy fall.
func writeMisses(w io.Writer, f *Findings) error {
	var labels []string
	var rows [][]string
	for _, c := range f.Calibrated {
		if c.Policy != f.Of {
			continue
		}
		labels = append(labels, c.row()+", "+shortLead(c.LeadTime)+", "+atHits(c.Target))
		rows = append(rows, []string{percent(c.HitRate), grouped(c.Misses), fmt.Sprint(c.Days), percent(c.WorstDay), percent(c.WorstTenth), grouped(c.Episodes), percent(c.LongestEpisodes)})
	}
	return writeColumns(w, "cell", labels, []string{"hit %", "misses", "days", "worst day %", "worst tenth %", "episodes", "longest ten %"}, rows)
}

func writeSkipped(w io.Writer, f *Findings) error {
	var reasons names
	count := map[string]int{}
	for _, s := range f.Skipped {
		reason := s.Policy + ": " + s.Why
		reasons.of(reason)
		count[reason]++
	}
	for _, reason := range reasons.all {
		if _, err := fmt.Fprintf(w, "%s (on %s)\n", reason, plural(count[reason], "ground", "grounds")); err != nil {
			return err
		}
	}
	return nil
}
