package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"unicode/utf8"
)

// A Job is one command that runs once for each shard.
type Job struct {
	Name      string   // what people see it under
	Arguments []string // of simulate; the same for every shard
	Shards    int
	CPUs      int // of each shard
	MemoryMiB int // of each shard
}

// A System is what a cluster is run by.
type System interface {
	// Write writes the job in the words of the system. The same job is the
	// same text.
	Write(w io.Writer, job Job) error
	// Submit gives such a text to the system's own client. It returns what that
	// said, and by which commands the job is watched and ended.
	Submit(ctx context.Context, text io.Reader) (said string, err error)
}

// maxShards is the most that Kubernetes takes without further conditions.
// Slurm's own limit (MaxArraySize) is 1001 unless its site sets another.
const maxShards = 10_000

// retries is how often a shard that failed is run again by the cluster.
const retries = 3

func (j Job) check() error {
	if j.Shards < 1 || j.Shards > maxShards {
		return fmt.Errorf("%d shards: from 1 to %d", j.Shards, maxShards)
	}
	if j.CPUs < 1 {
		return fmt.Errorf("%d processors for a shard: at least 1", j.CPUs)
	}
	if j.MemoryMiB < 1 {
		return fmt.Errorf("%d MiB of memory for a shard: at least 1", j.MemoryMiB)
	}
	for _, a := range j.Arguments {
		if !utf8.ValidString(a) || strings.ContainsRune(a, 0) {
			return fmt.Errorf("argument %q cannot be passed on: it is not UTF-8, or holds a zero byte", a)
		}
	}
	return nil
}

// label is the job's name in what both systems allow in one: at most 40 of
// a to z, 0 to 9 and -, the latter only inside. Kubernetes adds to it up to 63.
func (j Job) label() string {
	mapped := strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return '-'
	}, j.Name)
	mapped = strings.TrimLeft(mapped, "-0123456789") // a letter first, as a host's name wants it
	mapped = strings.TrimRight(mapped[:min(len(mapped), 40)], "-")
	if mapped == "" {
		return "sweep"
	}
	return mapped
}

// client runs a program of the cluster's with a text on its standard input.
func client(ctx context.Context, text io.Reader, program string, arguments ...string) (said string, err error) {
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Stdin = text
	out, err := cmd.Output()
	if err != nil {
		if e := (*exec.ExitError)(nil); errors.As(err, &e) {
			return "", fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(string(e.Stderr)))
		}
		return "", fmt.Errorf("%s: %w: run this where the cluster's client is installed, or submit the text from there", program, err)
	}
	return strings.TrimSpace(string(out)), nil
}
