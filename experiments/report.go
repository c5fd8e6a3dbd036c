package experiments

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"io"
	"time"

	"shadowpool/sim"
	"shadowpool/trace"
	"shadowpool/trace/bucket"
)

// A Report is a comparison or a frontier, to be written to a directory.
type Report struct {
	Comparison *Comparison
	Frontier   *Frontier
}

// Write fills the directory at a path or URL, which is made if it does not
// exist: report.html, which holds everything and needs nothing else, the
// pictures by themselves, results.json and results.csv. Files of the same names
// are replaced.
func (b *Bench) Write(ctx context.Context, dir string, r Report) error {
	pictures, err := b.pictures(r)
	if err != nil {
		return err
	}
	var answer any = r.Comparison
	if r.Frontier != nil {
		answer = r.Frontier
	}
	p, err := b.page(r, pictures)
	if err != nil {
		return err
	}
	return p.write(ctx, dir, answer, func(w io.Writer) error { return WriteCSV(w, r.results()) })
}

// A figure is a picture on the page.
type figure struct {
	Caption string
	SVG     template.HTML
}

func (p picture) figure() figure {
	return figure{p.caption, template.HTML(p.inline())} // drawn here; labels are escaped by the canvas
}

func (p picture) write(ctx context.Context, out *bucket.Folder) error {
	return out.Write(ctx, p.name+".svg", func(w io.Writer) error {
		_, err := w.Write(p.svg)
		return err
	})
}

func (r Report) results() []*sim.Result {
	if r.Frontier != nil {
		return r.Frontier.Results()
	}
	return r.Comparison.Results
}

// pictures draws all that the report has to show.
func (b *Bench) pictures(r Report) ([]picture, error) {
	var all []picture
	curves, labels := []Curve(nil), []string(nil)
	if r.Frontier != nil {
		curves = r.Frontier.Curves
		for _, c := range curves {
			labels = append(labels, c.Label)
		}
	} else {
		curves, labels = single(r.Comparison.Results)
	}
	for _, a := range serviceAxes {
		if r.Frontier == nil && !a.hits {
			continue
		}
		p, err := drawService(curves, a, labels)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	zone := b.fleet.Location
	if zone == nil {
		zone = time.UTC
	}
	if r.Frontier == nil {
		p, err := drawWaits(r.Comparison.Results)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
		w, err := busiestDay(b.src, b.opt.MeasureFrom, zone)
		if err != nil {
			return nil, err
		}
		levels, err := drawLevels(b.src, r.Comparison.Results, w)
		if err != nil {
			return nil, err
		}
		all = append(all, levels...)
	}
	d, err := trace.Describe(b.src, zone)
	if err != nil {
		return nil, err
	}
	arrivals, err := drawArrivals(d)
	return append(all, arrivals...), err
}

//go:embed report.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"css": func() template.CSS { return template.CSS(pageStyle) }, // a file of ours
}).Parse(pageText))

// A page is what report.html holds.
type page struct {
	title, heading, table string
	pictures              []picture
	words                 []word
}

// A word and what it means.
type word struct{ Word, Meaning string }

// policyWords are those of the tables and pictures of policies.
var policyWords = []word{
	{"hit", "The request found a warm, unassigned instance and was given it at once."},
	{"wait", "From a request's arrival to the start of its execution."},
	{"waste", "Instance-hours spent idle (warm and unassigned), and the launching time of instances that ended without having served."},
	{"launch/req", "Instances launched for each request: what is beyond one, for single-use instances, is churn."},
	{"none, oracle", "No pool at all, and perfect foresight: what every policy lies between."},
}

// page is the report's.
func (b *Bench) page(r Report, pictures []picture) (page, error) {
	var table bytes.Buffer
	title, err := "Policies compared", error(nil)
	if r.Frontier != nil {
		title, err = "Waste against service", WriteFrontierTable(&table, r.Frontier)
	} else {
		err = WriteTable(&table, r.Comparison.Results)
	}
	return page{title + ": " + b.sum.Name, b.Heading(), table.String(), pictures, policyWords}, err
}

// write fills the directory, which is made if it does not exist.
func (p page) write(ctx context.Context, dir string, answer any, csv func(io.Writer) error) error {
	out, err := bucket.OpenFolder(ctx, dir)
	if err != nil {
		return err
	}
	defer out.Close()
	for _, pic := range p.pictures {
		if err := pic.write(ctx, out); err != nil {
			return err
		}
	}
	if err := out.Write(ctx, "results.json", func(w io.Writer) error { return WriteJSON(w, answer) }); err != nil {
		return err
	}
	if err := out.Write(ctx, "results.csv", csv); err != nil {
		return err
	}
	return out.Write(ctx, "report.html", p.writeHTML)
}

// writeHTML writes the page that holds everything.
func (p page) writeHTML(w io.Writer) error {
	var figures []figure
	for _, pic := range p.pictures {
		figures = append(figures, pic.figure())
	}
	return pageTemplate.Execute(w, map[string]any{
		"Title": p.title, "Heading": p.heading, "Table": p.table, "Figures": figures, "Words": p.words,
	})
}
