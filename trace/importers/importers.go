package importers

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"shadowpool/trace"
)

// An Input is one file of a source.
type Input struct {
	// Name is the file's path, for messages; the csv format opens it itself.
	Name   string
	Reader io.Reader
}

// Options say what sources leave open. The zero value is usable.
type Options struct {
	// Name is what the trace is called; the format's name if empty.
	Name string
	// Seed of everything drawn at random: arrivals within a count's interval,
	// durations from a law or a table of percentiles.
	Seed uint64
	// Location of local times that carry no offset; UTC if nil.
	Location *time.Location
	// Duration is the law from which requests get one where the source
	// records none. Nil: such requests are left out and counted.
	Duration trace.Distribution
	// Prefill and Decode are the times per input and per output token, for
	// sources that count tokens. DefaultPrefill and DefaultDecode if 0.
	Prefill, Decode time.Duration
	// Values says what a Prometheus series holds: "counter" (the default),
	// "rate" or "count".
	Values string
	// Start is the instant at which a source of unknown origin begins, local
	// to Location if it has no offset. Empty: its trace stays relative.
	Start string
	// Table says how the csv format reads its file.
	Table trace.Options
	// Stages asks for lead-time samples in the result.
	Stages bool
}

// A Result is what an import made.
type Result struct {
	Trace *trace.Trace
	// Dropped counts what did not become a request, by reason, sorted.
	Dropped []Dropped
	// Stages holds the lead-time samples, if asked for, in source order.
	Stages []Sample
}

// Dropped counts what was left out for one reason.
type Dropped struct {
	Reason string
	Count  int64
}

// A Sample is how long one instance spent in one stage of its lead time.
type Sample struct {
	Stage   string
	Latency time.Duration
}

// A Format is one kind of source.
type Format struct {
	Name   string
	About  string // one line for help texts
	Inputs string // the files it takes, for help texts
	// Stages names the lead-time stages that the format holds samples of.
	Stages []string

	read func(*collector, []Input) error
}

// Formats lists all formats by name.
func Formats() []Format {
	all := []Format{
		swf(), azureFunctions2019(), azureFunctions2021(), azureLLM(), genTD26(), openb(),
		table(), sacct(), kubernetesPods(), kubernetesEvents(), githubActions(), prometheus(), stagesCSV(),
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all
}

// Import reads the inputs, which are in the named format, as one trace.
func Import(format string, inputs []Input, o Options) (*Result, error) {
	f, err := find(format)
	if err != nil {
		return nil, err
	}
	if len(inputs) == 0 {
		return nil, fmt.Errorf("%s: no input; it takes %s", f.Name, f.Inputs)
	}
	if o.Name == "" {
		o.Name = f.Name
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	c := newCollector(o)
	if err := f.read(c, inputs); err != nil {
		return nil, err
	}
	return c.result()
}

func find(format string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == format {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("no format is called %q; there are %s", format, strings.Join(names, ", "))
}

// each reads inputs one after the other.
func each(read func(*collector, Input) error) func(*collector, []Input) error {
	return func(c *collector, inputs []Input) error {
		for _, in := range inputs {
			if err := read(c, in); err != nil {
				return err
			}
		}
		return nil
	}
}
