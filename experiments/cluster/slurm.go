package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/template"
	"time"
)

// Slurm runs a job as an array of batch jobs. Its nodes share the file system
// of the one that submits.
type Slurm struct {
	Program   string        // path of simulate on the nodes
	Time      time.Duration // limit of each task, from a minute
	Partition string        // empty: the site's default
}

//go:embed slurm.sbatch.tmpl
var sbatchText string

var sbatch = template.Must(template.New("sbatch").Parse(sbatchText))

// partitions are one or several by commas; a line of #SBATCH has no use for
// any other character.
var partitions = regexp.MustCompile(`^[\w.,-]*$`)

// Write implements System.
func (s Slurm) Write(w io.Writer, job Job) error {
	switch err := job.check(); {
	case err != nil:
		return err
	case s.Time < time.Minute:
		return fmt.Errorf("a time limit of %s: at least 1m", s.Time)
	case !partitions.MatchString(s.Partition):
		return fmt.Errorf("partition %q: no such name can be", s.Partition)
	}
	command := make([]string, 0, 1+len(job.Arguments))
	for _, a := range append([]string{s.Program}, job.Arguments...) {
		command = append(command, quoted(a))
	}
	return sbatch.Execute(w, map[string]any{
		"Name": job.label(), "Shards": job.Shards, "Last": job.Shards - 1,
		"CPUs": job.CPUs, "MemoryMiB": job.MemoryMiB, "Time": slurmTime(s.Time), "Partition": s.Partition,
		"ShardsVariable": ShardsVariable, "Retries": retries, "Command": strings.Join(command, " "),
	})
}

// Submit implements System.
func (s Slurm) Submit(ctx context.Context, script io.Reader) (string, error) {
	said, err := client(ctx, script, "sbatch", "--parsable")
	if err != nil {
		return "", err
	}
	id, _, _ := strings.Cut(said, ";") // the cluster's name may follow
	return fmt.Sprintf("job %s: logs are *-%[1]s_SHARD.log here\nwatch it: squeue --job %[1]s\nend it:   scancel %[1]s", id), nil
}

// plain words need no quotes in any shell.
var plain = regexp.MustCompile(`^[\w@%+:,./-]+$`)

// quoted is one word of a shell's, whatever it holds.
func quoted(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// slurmTime rounds up to whole minutes, as Slurm does.
func slurmTime(d time.Duration) string {
	m := int64((d + time.Minute - 1) / time.Minute)
	return fmt.Sprintf("%d-%02d:%02d", m/(24*60), m/60%24, m%60)
}
