package sweep

import (
	"context"
	"fmt"
	"slices"
	"time"

	"shadowpool/trace"
	"shadowpool/trace/bucket"
)

// A source is a trace of the experiment, or the span of it that is replayed.
type source struct {
	trace       *trace.Trace
	zone        *time.Location // in which points of it were read
	fingerprint string
	measureFrom int64 // ns since the epoch
}

// sources read the traces; points in them that have no zone of their own are
// in the given one.
func (e *Experiment) sources(ctx context.Context, zone *time.Location) ([]source, error) {
	if len(e.Traces) == 0 {
		preset := trace.Presets()[0]
		t, err := preset.Generate(e.Seeds[0])
		if err != nil {
			return nil, err
		}
		s, err := e.source(t, Trace{}, preset.Start.Location())
		return []source{s}, err
	}
	all := make([]source, len(e.Traces))
	files := map[Trace]*trace.Trace{} // of several spans of one file, all share its memory
	for i, entry := range e.Traces {
		s, err := e.read(ctx, entry, zone, files)
		if err != nil {
			return nil, fmt.Errorf("%s: trace %s: %w", e.file, entry.File, err)
		}
		if slices.ContainsFunc(all[:i], func(o source) bool { return o.trace.Name == s.trace.Name }) {
			return nil, fmt.Errorf("%s: two traces are called %s; give one a name", e.file, s.trace.Name)
		}
		all[i] = s
	}
	return all, nil
}

func (e *Experiment) read(ctx context.Context, entry Trace, zone *time.Location, files map[Trace]*trace.Trace) (source, error) {
	if entry.Timezone != "" {
		var err error
		if zone, err = time.LoadLocation(entry.Timezone); err != nil {
			return source{}, fmt.Errorf("timezone %q is no IANA time zone such as Europe/Paris", entry.Timezone)
		}
	}
	columns, err := trace.ParseColumns(entry.Columns)
	if err != nil {
		return source{}, fmt.Errorf("columns: %w", err)
	}
	whole := entry
	whole.Name, whole.From, whole.To, whole.MeasureFrom = "", "", "", ""
	t := files[whole]
	if t == nil {
		t, err = trace.Load(e.path(entry.File), trace.Options{
			Columns: columns, Start: entry.Start, Timezone: zone.String(), Jitter: entry.Jitter, Seed: e.Seeds[0], Open: bucket.Opener(ctx),
		})
		if err != nil {
			return source{}, err
		}
		files[whole] = t
	}
	named := *t
	if entry.Name != "" {
		named.Name = entry.Name
	}
	return e.source(&named, entry, zone)
}

// source cuts the span out of a trace.
func (e *Experiment) source(t *trace.Trace, entry Trace, zone *time.Location) (source, error) {
	s := source{trace: t, zone: zone}
	from, to := t.Summary().First, t.Summary().Last+1
	for _, p := range []struct {
		name, text string
		at         *int64
	}{{"from", entry.From, &from}, {"to", entry.To, &to}} {
		if p.text == "" {
			continue
		}
		at, err := t.Summary().Point(p.text, zone)
		if err != nil {
			return s, fmt.Errorf("%s: %w", p.name, err)
		}
		*p.at = at
	}
	if entry.From != "" || entry.To != "" {
		s.trace = t.Between(from, to)
	}
	if s.trace.Len() == 0 {
		return s, fmt.Errorf("no requests lie between %s and %s", entry.From, entry.To)
	}
	s.measureFrom = s.trace.Arrival[0]
	text := entry.MeasureFrom
	if text == "" {
		text = e.MeasureFrom
	}
	if text != "" {
		var err error
		if s.measureFrom, err = s.trace.Summary().Point(text, zone); err != nil {
			return s, fmt.Errorf("measure_from: %w", err)
		}
	}
	sum := s.trace.Fingerprint()
	s.fingerprint = fmt.Sprintf("%x", sum[:8])
	return s, nil
}
