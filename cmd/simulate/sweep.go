package main

import (
	"fmt"
	"os"

	"shadowpool/experiments/cluster"
	"shadowpool/experiments/sweep"
	"shadowpool/trace/bucket"

	"github.com/spf13/cobra"
)

// sweepFlags are the flags of sweep.
type sweepFlags struct {
	out, shard    string
	workers       int
	resume, quiet bool
	cluster       clusterFlags
}

func newSweepCommand() *cobra.Command {
	f := &sweepFlags{}
	cmd := &cobra.Command{
		Use:   "sweep EXPERIMENT",
		Short: "Run every combination of policies, parameters, fleets, traces and seeds",
		Long: `Runs what a file (experiment.yaml) asks for, each run on one core:

  traces: [requests.parquet]
  config: pool.yaml
  measure_from: 25%
  target: hit_rate=0.95
  vary:
    fleet.default.lead_time: [60s, 120s]
  policies:
    - {name: adaptive, hit_rate: 0.9..0.99/10}
    - {name: static, level: [5, 10, 20, 40]}
  seeds: [1, 2, 3]

Results are kept in the directory of --out, each as soon as it is there. A sweep that
was interrupted goes on with --resume, and ends with the same bytes. When
all are done they become one table, results.parquet, a row a run, with everything that
it takes to run it again.

Several machines share one sweep by --shard, each with the same file and the same --out.
A task of a Slurm array and a pod of a Kubernetes Indexed Job find their shard by
themselves; --submit writes such a job for all shards, and with --now submits it.`,
		Example: `  simulate sweep experiment.yaml --out sweep
  simulate sweep experiment.yaml --out sweep --resume
  simulate sweep experiment.yaml --out sweep --shard 0/4
  simulate sweep experiment.yaml --out sweep --submit slurm --shards 20 | sbatch
  simulate sweep experiment.yaml --out s3://sweeps/monday --submit kubernetes --image simulate:1 --now
  simulate report sweep`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.cluster.submit != "" {
				return f.submit(cmd, args[0])
			}
			return f.sweep(cmd, args[0])
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.out, "out", "sweep", "`DIR` or URL where results are kept")
	flags.BoolVar(&f.resume, "resume", false, "go on with what is missing in --out")
	flags.StringVar(&f.shard, "shard", "", "`I/N`: run only the I-th (from 0) of N parts (default what a cluster says)")
	flags.IntVar(&f.workers, "workers", 0, "`NUMBER` of runs at one time (default one a core)")
	flags.BoolVar(&f.quiet, "quiet", false, "no progress on standard error")
	f.cluster.add(flags)
	return cmd
}

func (f *sweepFlags) sweep(cmd *cobra.Command, path string) error {
	opt := sweep.Options{Resume: f.resume, Workers: f.workers}
	var err error
	if opt.Shard, err = f.part(cmd); err != nil {
		return err
	}
	e, err := sweep.Load(cmd.Context(), path)
	if err != nil {
		return err
	}
	store, err := bucket.OpenFolder(cmd.Context(), f.out)
	if err != nil {
		return err
	}
	defer store.Close()
	s, err := e.Open(cmd.Context(), version())
	if err != nil {
		return err
	}
	bar := newProgress(cmd.ErrOrStderr(), f.quiet)
	opt.Progress = bar.at
	err = s.Execute(cmd.Context(), store, opt)
	bar.end()
	if err != nil {
		return failed(err)
	}
	o, err := sweep.Read(cmd.Context(), store)
	if err != nil {
		return failed(err)
	}
	if n := len(o.Missing()); n > 0 {
		_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d runs are done; %d are left to other shards\n", len(o.Results)-n, len(o.Results), n)
		return failed(err)
	}
	if err := o.KeepTable(cmd.Context(), store); err != nil {
		return failed(err)
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%d runs; the table is %s in %s\n", len(o.Results), sweep.TableName, f.out)
	return failed(err)
}

// part is the shard that is named, or the one that a cluster has made this
// process.
func (f *sweepFlags) part(cmd *cobra.Command) (sweep.Shard, error) {
	if f.shard != "" {
		i, n, err := parseShare(f.shard)
		if err != nil {
			err = fmt.Errorf("--shard %w", err)
		}
		return sweep.Shard{Index: i, Of: n}, err
	}
	i, n, ok, err := cluster.Shard(os.LookupEnv)
	if !ok {
		return sweep.Shard{}, err
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "shard %d/%d, as the cluster says\n", i, n) // nobody asked for it here
	return sweep.Shard{Index: i, Of: n}, failed(err)
}
