package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"shadowpool/policy"
	"shadowpool/policy/plan"
	"shadowpool/policy/profile"
	"shadowpool/sim"
	"shadowpool/trace"

	"github.com/spf13/cobra"
)

// planFlags are those of plan.
type planFlags struct {
	read                            readFlags
	trace, taskType, tenant, format string
	stages                          []string
	time                            time.Duration
	top                             int
}

func newPlanCommand() *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "What a shadow should warm up for, learned from past requests",
		Long: `Learns from a trace which image, datasets and task types requests need, forgetting over
a week, and shows what the next ones are expected to ask for, and the warm-up plan that
saves them most waiting within the time that a shadow has. The plan is data: with a version and a
hash, as YAML or JSON. How long each stage takes is said by --stage, as in compare.`,
		Example: `  simulate plan --trace requests.parquet --stage model=dataset=22s --stage pipeline=task_type=8s
  simulate plan --trace requests.parquet --stage data=dataset=40s --task-type train --tenant acme --time 90s --format yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.plan(cmd) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.trace, "trace", "", "`FILE` or URL of requests: Parquet, or CSV (also .gz)")
	flags.StringArrayVar(&f.stages, "stage", nil, "`NAME=FACETS=TIME`, a stage of warm-up, as in model=dataset=22s; once for each")
	flags.StringVar(&f.taskType, "task-type", "", "`NAME` of the task type that the shadow is for (default any)")
	flags.StringVar(&f.tenant, "tenant", "", "`NAME` of the tenant that it is reserved for (default anyone)")
	flags.DurationVar(&f.time, "time", 2*time.Minute, "`SPAN` that the shadow has to warm up")
	flags.IntVar(&f.top, "top", 10, "`NUMBER` of expected targets that are shown")
	flags.StringVar(&f.format, "format", "table", "of standard output: `table`, yaml or json (the plan alone)")
	f.read.add(cmd)
	return cmd
}

func (f *planFlags) plan(cmd *cobra.Command) error {
	switch {
	case f.trace == "":
		return fmt.Errorf("--trace is missing: the requests to learn from")
	case !slices.Contains([]string{"table", "yaml", "json"}, f.format):
		return fmt.Errorf("--format %q is none of table, yaml and json", f.format)
	case f.top < 1 || f.top > 1000:
		return fmt.Errorf("--top %d is not between 1 and 1000", f.top)
	case f.time <= 0 || f.time > 24*time.Hour:
		return fmt.Errorf("--time %v is not above 0 and at most 24h", f.time)
	}
	var fleet sim.Fleet
	fleet.Categories = []sim.Category{{}}
	if err := addStages(&fleet, f.stages); err != nil {
		return err
	}
	opt, err := f.read.options(cmd.Context())
	if err != nil {
		return err
	}
	src, err := trace.Load(f.trace, opt)
	if err != nil {
		return err
	}
	task, err := named(src.Strings.TaskType, f.taskType, "--task-type")
	if err != nil {
		return err
	}
	tenant, err := named(src.Strings.Tenant, f.tenant, "--tenant")
	if err != nil {
		return err
	}
	history, err := historyOf(src)
	if err != nil {
		return err
	}
	p, err := plan.Generate(items(history, src.Strings, &fleet.Categories[0], task, tenant), plan.Budget{Time: f.time, Bytes: 1 << 62}, f.tenant)
	if err != nil {
		return failed(err)
	}
	return failed(f.write(cmd.OutOrStdout(), history, src.Strings, p))
}

// named is the number of a name in a trace; 0 for none.
func named(all []string, name, flag string) (profile.ID, error) {
	if name == "" {
		return 0, nil
	}
	i := slices.Index(all, name)
	if i < 1 {
		return 0, fmt.Errorf("%s %q is not in the trace", flag, name)
	}
	return profile.ID(i), nil
}

// historyOf learns from a trace.
func historyOf(src *trace.Trace) (*profile.History, error) {
	h, err := profile.New(profile.DefaultHalfLife, profile.DefaultPairs)
	if err != nil {
		return nil, err
	}
	var o profile.Observation
	for i, t := range src.Arrival {
		o = profile.Observation{At: t, Duration: time.Duration(src.Duration[i]), Datasets: o.Datasets[:0]}
		if src.TaskType != nil {
			o.TaskType = profile.ID(src.TaskType[i])
		}
		if src.Tenant != nil {
			o.Tenant = src.Tenant[i]
		}
		if src.Image != nil {
			o.Image = src.Image[i]
		}
		if src.Dataset != nil && src.Dataset[i] != 0 {
			o.Datasets = append(o.Datasets, profile.Use{Dataset: src.Dataset[i]})
		}
		h.Observe(&o)
	}
	return h, nil
}

// items are what the stages of a category can do ahead for requests of a task
// type and a tenant.
func items(h *profile.History, names trace.Strings, k *sim.Category, task, tenant profile.ID) []plan.Item {
	needs := h.Needs(task, tenant)
	var all []plan.Item
	add := func(kind plan.Kind, name string, share float64, takes time.Duration) {
		same := func(it plan.Item) bool { return it.Kind == kind && it.Name == name }
		if i := slices.IndexFunc(all, same); i >= 0 { // two stages of one thing
			all[i].Takes += takes
			all[i].Saves += takes
		} else if len(all) < plan.MaxItems {
			all = append(all, plan.Item{Kind: kind, Name: name, Share: min(share, 1), Saves: takes, Takes: takes})
		}
	}
	for i, s := range k.Stages {
		takes := k.StageTimes[i].Mean().Round(time.Millisecond)
		switch {
		case s.Of&policy.OfDataset != 0:
			for _, d := range needs.Datasets {
				add(plan.Prefetch, names.Dataset[d.ID], d.Share, takes)
			}
		case s.Of&policy.OfImage != 0:
			for _, n := range needs.Images {
				add(plan.Image, names.Image[n.ID], n.Share, takes)
			}
		case s.Of&policy.OfTaskType != 0:
			for id, share := range taskShares(h, len(names.TaskType), task) {
				if share > 0 {
					add(plan.Dependencies, names.TaskType[id], share, takes)
				}
			}
		}
	}
	return all
}

// taskShares are the shares of the coming requests by task type; all of them of
// the one that is asked for, if any.
func taskShares(h *profile.History, n int, task profile.ID) []float64 {
	shares := make([]float64, n)
	if task != 0 {
		shares[task] = 1
		return shares
	}
	for _, e := range h.Next(profile.DefaultPairs) {
		if id := e.Kind.TaskType; id != 0 && int(id) < n {
			shares[id] += e.Share
		}
	}
	return shares
}

func (f *planFlags) write(w io.Writer, h *profile.History, names trace.Strings, p plan.Plan) error {
	text, err := p.YAML()
	if f.format == "json" {
		text, err = p.JSON()
	}
	if err != nil {
		return err
	}
	if f.format == "table" {
		if err := f.writeMix(w, h, names); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "\nplan %x\n", p.Hash()); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w, strings.TrimSuffix(string(text), "\n"))
	return err
}

// writeMix writes what the coming requests are expected to ask for.
func (f *planFlags) writeMix(w io.Writer, h *profile.History, names trace.Strings) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "share %\ttask type\timage\tdataset\ttenant")
	of := func(all []string, id profile.ID) string {
		if id == 0 || int(id) >= len(all) {
			return "-"
		}
		return all[id]
	}
	for _, e := range h.Mix(f.top) {
		fmt.Fprintln(table, strings.Join([]string{
			fmt.Sprintf("%.1f", 100*e.Share), of(names.TaskType, e.Target.TaskType), of(names.Image, e.Target.Image),
			of(names.Dataset, e.Target.Dataset), of(names.Tenant, e.Target.Tenant),
		}, "\t"))
	}
	return table.Flush()
}
