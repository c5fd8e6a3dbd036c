package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shadowpool/experiments"
	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/sim"
	"shadowpool/trace"

	"github.com/spf13/cobra"
)

// studyFlags are the flags of the verbs that replay a trace.
type studyFlags struct {
	read                           readFlags
	trace, config, policies        string
	leadTime, binding, measureFrom string
	layers, hints                  string
	stages                         []string
	singleUse, reusable, pooled    bool
	startWarm, quiet               bool
	price                          float64
	tick                           time.Duration
	seed                           uint64
	out, format                    string
	parts, number, of              int // see addParts
	part                           string

	shortfall bool // say where the requests fall that did not hit
}

// fleetFlags say what a configuration says too.
var fleetFlags = []string{"lead-time", "single-use", "reusable", "pooled", "layers", "stage", "binding", "price", "tick", "timezone"}

func (f *studyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.trace, "trace", "", "`FILE` or URL of requests: Parquet, or CSV (also .gz); without, the built-in workload platform")
	flags.StringVar(&f.config, "config", "", "pool.yaml: a `FILE` or URL with fleet, target and policy, in place of flags")
	flags.StringVar(&f.policies, "policies", "", "`LIST` of NAME or NAME:key=value,..., separated by commas")
	flags.StringVar(&f.measureFrom, "measure-from", "", "measure requests from `POINT` on: a share (25%), a span (96h, 7d) or an instant; "+
		"what comes before trains policies (default the first arrival, or where no --policies are given, a third into the trace)")
	flags.StringVar(&f.leadTime, "lead-time", "120s", "from order to warm: a `SPAN`, lognormal:median=45s,p99=120s (,common=0.5 for what launches at one time share), or empirical:FILE (one latency a line)")
	flags.BoolVar(&f.singleUse, "single-use", false, "an instance ends with its request (the default)")
	flags.BoolVar(&f.reusable, "reusable", false, "an instance returns warm to the pool after its request")
	flags.BoolVar(&f.pooled, "pooled", false, "one pool for all categories")
	flags.StringVar(&f.layers, "layers", "", "`LIST` of the stages at which idle instances can be held, the lowest first, as in bare:missing=0.8,memory=0.2: "+
		"the share of the lead time that is missing, and of an instance's memory")
	flags.StringArrayVar(&f.stages, "stage", nil, "`NAME=FACETS=TIME`, a stage of warm-up, after the lead time, for requests of one image, task_type, dataset or tenant only, "+
		"as in model=dataset=22s; once for each, in their order")
	flags.StringVar(&f.binding, "binding", "late", "`late`: the first instance to become free serves the longest waiting request; early: a miss launches its own and waits for it")
	flags.Float64Var(&f.price, "price", 1, "of an instance, in `$` per hour")
	flags.DurationVar(&f.tick, "tick", policy.DefaultTick, "`SPAN` between two looks of policies at their pools")
	flags.StringVar(&f.read.timezone, "timezone", "UTC", "IANA `ZONE` of hours and days, and of the trace's wall-clock times")
	flags.StringVar(&f.read.start, "start", "", "`INSTANT` at which a trace of unknown origin begins, as in 2024-11-15T16:57:50")
	flags.StringVar(&f.read.columns, "columns", "", "`NAMES` of the trace's columns, as in arrival=ts,duration=dur_s")
	flags.StringVar(&f.read.timeUnit, "time-unit", "", "`UNIT` of instants that are bare numbers: ns, us, ms or s")
	flags.StringVar(&f.read.durationUnit, "duration-unit", "", "`UNIT` of durations that are bare numbers: ns, us, ms or s")
	flags.BoolVar(&f.read.sort, "sort", false, "put requests that are not in order of arrival in order")
	flags.DurationVar(&f.read.jitter, "jitter", 0, jitterHelp)
	flags.StringVar(&f.hints, "hints", "", "which requests are announced to policies: those that the trace says, none, or `HINTS` drawn at random, "+
		"as in share=0.1,notice=10m,jitter=2m,false=0.2: that share of the requests, so long ahead, within a window of so much on either side; that share of hints never comes")
	flags.Uint64Var(&f.seed, "seed", 1, "`NUMBER` that the random lead times, the jitter, the hints and the built-in workload are drawn by")
	flags.BoolVar(&f.startWarm, "start-warm", false, "begin with the first instances warm")
	flags.StringVar(&f.out, "out", "", "`DIR` or URL for report.html, pictures, JSON and CSV")
	flags.StringVar(&f.format, "format", "table", "of standard output: `table`, json or csv")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress and no notes on standard error")
	cmd.MarkFlagsMutuallyExclusive("single-use", "reusable")
}

// A study is what the flags ask for, ready to be run.
type study struct {
	flags *studyFlags
	bench *experiments.Bench
	specs []policy.Spec
	src   trace.Source
	fleet sim.Fleet
	zone  *time.Location
	from  policy.Time
	bar   *progress
}

// open reads trace and configuration. When the flags name no policies, they
// are those of the configuration and the given defaults. Policies that steer by
// a target take the configuration's, unless their knobs are to be swept.
func (f *studyFlags) open(cmd *cobra.Command, defaults func(reusable bool) []policy.Spec, sweep bool) (*study, error) {
	if err := checkFormat(f.format); err != nil {
		return nil, err
	}
	if err := f.checkParts(); err != nil {
		return nil, err
	}
	file, err := f.readConfig(cmd)
	if err != nil {
		return nil, err
	}
	s := &study{flags: f, bar: newProgress(cmd.ErrOrStderr(), f.quiet)}
	if s.zone, err = f.read.zone(); err != nil {
		return nil, err
	}
	if file != nil {
		s.zone = file.Location
	}
	if err := s.readTrace(cmd); err != nil {
		return nil, err
	}
	if s.fleet, err = f.fleetOf(file, s.src, s.zone); err != nil {
		return nil, err
	}
	if s.specs, err = f.specs(file, s.fleet, defaults, !sweep); err != nil {
		return nil, err
	}
	from := f.measureFrom
	if from == "" && f.policies == "" {
		from = "33.34%"
	}
	if from != "" {
		if s.from, err = s.src.Summary().Point(from, s.zone); err != nil {
			return nil, fmt.Errorf("--measure-from: %w", err)
		}
	}
	opt := experiments.Options{
		Seed: f.seed, MeasureFrom: s.from, StartWarm: f.startWarm,
		Version: version(), Progress: s.bar.at, Shortfall: f.shortfall, Parts: f.parts,
	}
	if opt.Hints, err = sim.ParseHints(f.hints); err != nil {
		return nil, fmt.Errorf("--%w", err)
	}
	if f.out != "" && !sweep {
		opt.Timeline = experiments.TimelineSamples(s.src.Summary(), s.from)
	}
	if s.bench, err = experiments.NewBench(s.src, s.fleet, opt); err != nil {
		return nil, err
	}
	return s, nil
}

func checkFormat(format string) error {
	if !slices.Contains([]string{"table", "json", "csv"}, format) {
		return fmt.Errorf("--format %q is none of table, json, csv", format)
	}
	return nil
}

func (f *studyFlags) readConfig(cmd *cobra.Command) (*config.File, error) {
	if f.config == "" {
		return nil, nil
	}
	for _, name := range fleetFlags {
		if cmd.Flags().Changed(name) {
			return nil, fmt.Errorf("--%s cannot stand beside --config: say it in %s", name, f.config)
		}
	}
	return loadConfig(cmd.Context(), f.config)
}

// readTrace loads the trace, or makes the built-in one, whose zone counts
// unless another is asked for.
func (s *study) readTrace(cmd *cobra.Command) (err error) {
	f := s.flags
	if f.trace == "" {
		preset := trace.Presets()[0]
		if f.config == "" && !cmd.Flags().Changed("timezone") {
			s.zone = preset.Start.Location()
		}
		s.src, err = preset.Draw(f.seed)
		return err
	}
	opt, err := f.read.options(cmd.Context())
	if err != nil {
		return err
	}
	opt.Timezone, opt.Seed = s.zone.String(), f.seed
	s.src, err = trace.Load(f.trace, opt)
	return err
}

func (f *studyFlags) fleetOf(file *config.File, src trace.Source, zone *time.Location) (sim.Fleet, error) {
	if file != nil {
		return sim.FleetFromConfig(file, src)
	}
	lead, err := sim.ParseLeadTime(f.leadTime)
	if err != nil {
		return sim.Fleet{}, fmt.Errorf("--lead-time: %w", err)
	}
	binding, err := policy.ParseBinding(f.binding)
	if err != nil {
		return sim.Fleet{}, fmt.Errorf("--binding %w", err)
	}
	if !(f.price >= 0 && f.price <= 1e6) {
		return sim.Fleet{}, fmt.Errorf("--price %v is not between 0 and 1e6 $ per hour", f.price)
	}
	if f.tick < time.Millisecond || f.tick > 24*time.Hour {
		return sim.Fleet{}, fmt.Errorf("--tick %v is not between 1ms and 24h", f.tick)
	}
	template := sim.Category{Category: policy.Category{Reusable: f.reusable}, Lead: lead, Price: f.price}
	fleet, err := sim.FleetOf(src, template, f.pooled)
	if err != nil {
		return sim.Fleet{}, err
	}
	fleet.Binding, fleet.Tick, fleet.Location = binding, f.tick, zone
	if err := addStages(&fleet, f.stages); err != nil {
		return sim.Fleet{}, err
	}
	return fleet, addLayers(&fleet, f.layers)
}

// specs are the policies asked for, or else the defaults and that of the
// configuration.
func (f *studyFlags) specs(file *config.File, fleet sim.Fleet, defaults func(reusable bool) []policy.Spec, aim bool) ([]policy.Spec, error) {
	if f.policies == "" {
		reusable := slices.ContainsFunc(fleet.Categories, func(k sim.Category) bool { return k.Reusable })
		specs := defaults(reusable)
		if file == nil {
			return specs, nil
		}
		own := file.Policy
		if !aim {
			own = policy.Spec{Name: own.Name}
		}
		return f.aimed(file, append(specs, own), aim), nil
	}
	specs, err := policy.ParseSpecs(f.policies)
	if err != nil {
		return nil, fmt.Errorf("--%w", err)
	}
	return f.aimed(file, specs, aim), nil
}

// aimed gives specs the configuration's target and leaves out repetitions.
func (f *studyFlags) aimed(file *config.File, specs []policy.Spec, aim bool) []policy.Spec {
	var all []policy.Spec
	for _, s := range specs {
		if file != nil && aim {
			s = file.Aim(s)
		}
		if !slices.ContainsFunc(all, func(o policy.Spec) bool { return o.String() == s.String() }) {
			all = append(all, s)
		}
	}
	return all
}

// parse reads a list of policies that is known to be good.
func parse(list ...string) []policy.Spec {
	specs, err := policy.ParseSpecs(strings.Join(list, ","))
	if err != nil {
		panic(err)
	}
	return specs
}
