package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"shadowpool/experiments/cluster"
	"shadowpool/experiments/sweep"
	"shadowpool/trace/bucket"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// clusterFlags are the flags with which a sweep goes to a cluster in place of
// running here.
type clusterFlags struct {
	submit                                   string
	now                                      bool
	shards, cpus                             int
	memory                                   string
	time                                     time.Duration
	partition                                string // Slurm's
	image, namespace, secret, serviceAccount string // Kubernetes'
}

func (c *clusterFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&c.submit, "submit", "", "write the job for a cluster, `slurm` or kubernetes, in place of running here")
	flags.BoolVar(&c.now, "now", false, "submit that job at once, by sbatch or kubectl")
	flags.IntVar(&c.shards, "shards", 8, "`NUMBER` of parts of the job")
	flags.IntVar(&c.cpus, "cpus", 4, "`NUMBER` of processors for each shard")
	flags.StringVar(&c.memory, "memory", "4G", "`SIZE` of memory for each shard, in M or G (binary)")
	flags.DurationVar(&c.time, "time", 4*time.Hour, "`SPAN` after which Slurm ends a shard")
	flags.StringVar(&c.partition, "partition", "", "`NAME` of Slurm's partition (default the site's)")
	flags.StringVar(&c.image, "image", "", "`IMAGE` for Kubernetes, whose entry point is simulate")
	flags.StringVar(&c.namespace, "namespace", "", "`NAME` of Kubernetes' namespace (default kubectl's)")
	flags.StringVar(&c.secret, "secret", "", "`NAME` of a Kubernetes secret whose keys become environment variables")
	flags.StringVar(&c.serviceAccount, "service-account", "", "`NAME` of the pods' Kubernetes service account")
}

// submit writes the job to standard output, or submits it.
func (f *sweepFlags) submit(cmd *cobra.Command, path string) error {
	c := &f.cluster
	if f.shard != "" {
		return errors.New("--submit is for all shards, --shard for one of them")
	}
	e, err := sweep.Load(cmd.Context(), path)
	if err != nil {
		return err
	}
	job := cluster.Job{Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), Shards: c.shards, CPUs: c.cpus}
	if job.MemoryMiB, err = parseMemory(c.memory); err != nil {
		return fmt.Errorf("--memory: %w", err)
	}
	var system cluster.System
	out := f.out
	switch c.submit {
	case "slurm":
		system, path, out, err = c.onSlurm(path, out)
	case "kubernetes":
		system, path, err = c.onKubernetes(path, out, e)
	default:
		err = fmt.Errorf("--submit %q is neither slurm nor kubernetes", c.submit)
	}
	if err != nil {
		return err
	}
	workers := c.cpus
	if f.workers > 0 {
		workers = f.workers
	}
	job.Arguments = []string{"sweep", path, "--out", out, "--resume", "--quiet", "--workers", strconv.Itoa(workers)}
	var text bytes.Buffer
	if err := system.Write(&text, job); err != nil {
		return err
	}
	if !c.now {
		_, err = text.WriteTo(cmd.OutOrStdout())
		return failed(err)
	}
	said, err := system.Submit(cmd.Context(), &text)
	if err != nil {
		return failed(err)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\nthen:     simulate report %s --shards %d\n", said, f.out, c.shards)
	return failed(err)
}

// onSlurm: nodes see the same files, but not from the same directory.
func (c *clusterFlags) onSlurm(path, out string) (system cluster.System, onNode, outOnNode string, err error) {
	program, err1 := os.Executable()
	path, err2 := filepath.Abs(path)
	if !bucket.IsURL(out) {
		out, err = filepath.Abs(out)
	}
	return cluster.Slurm{Program: program, Time: c.time, Partition: c.partition}, path, out, errors.Join(err1, err2, err)
}

// onKubernetes: pods see nothing but the experiment and its configuration,
// which travel with the job, and what can be reached by URL.
func (c *clusterFlags) onKubernetes(path, out string, e *sweep.Experiment) (system cluster.System, inPod string, err error) {
	if !remote(out) {
		return nil, "", fmt.Errorf("--out %s is a directory, which ends with its pod: give a URL, such as s3://BUCKET/NAME", out)
	}
	for _, t := range e.Traces {
		if !remote(t.File) {
			return nil, "", fmt.Errorf("%s: pods do not see the file %s: put the trace where --out is, and give its URL", path, t.File)
		}
	}
	names := []string{path}
	if e.Config != "" {
		if filepath.Base(e.Config) != e.Config {
			return nil, "", fmt.Errorf("%s: config: %s must lie beside it to go to pods with it", path, e.Config)
		}
		names = append(names, filepath.Join(filepath.Dir(path), e.Config))
	}
	k := cluster.Kubernetes{Image: c.image, Namespace: c.namespace, Secret: c.secret, ServiceAccount: c.serviceAccount}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, "", err
		}
		k.Files = append(k.Files, cluster.File{Name: filepath.Base(name), Text: string(text)})
	}
	return k, cluster.Folder + "/" + filepath.Base(path), nil
}

// remote tells what every machine reaches from what only some may.
func remote(name string) bool { return bucket.IsURL(name) && !strings.HasPrefix(name, "file:") }

var memory = regexp.MustCompile(`^([1-9][0-9]{0,8})([MG])(i|iB|B)?$`)

// parseMemory reads 4G or 512M, in MiB. As for Slurm, the units are binary.
func parseMemory(text string) (int, error) {
	m := memory.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%q is no size such as 512M or 4G", text)
	}
	n, err := strconv.Atoi(m[1])
	if m[2] == "G" {
		n *= 1024
	}
	return n, err
}
