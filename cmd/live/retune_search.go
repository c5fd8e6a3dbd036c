package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// tuned is what retune reads of what simulate tune --format json writes.
type tuned struct {
	Target *struct {
		Measure string  `json:"measure"`
		Value   float64 `json:"value"`
	} `json:"target"`
	Minimised string     `json:"minimised"`
	Finalists []finalist `json:"finalists"`
	Chosen    int        `json:"chosen"`
	Base      *finalist  `json:"base"`
	Gain      *gain      `json:"gain"`
}

type finalist struct {
	Setting string `json:"setting"`
	Report  *struct {
		HitRate float64 `json:"hit_rate"`
		Wait    struct {
			Mean float64 `json:"mean"`
			P99  float64 `json:"p99"`
		} `json:"wait_s"`
	} `json:"report"`
}

// gain is what is gained over the present policy on the last third of the trace.
type gain struct {
	Days       int      `json:"days"`
	LessPerDay interval `json:"less_per_day"`
	LessShare  interval `json:"less_share"`
	HitRate    interval `json:"hit_rate_more"`
	WaitMeanS  interval `json:"wait_mean_s_more"`
}

// interval is a figure with its 95 % interval; none of few days.
type interval struct {
	Value float64  `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// findSimulate is the program that searches.
func findSimulate(path string) (string, error) {
	if path != "" {
		return exec.LookPath(path)
	}
	if self, err := os.Executable(); err == nil {
		name := "simulate"
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		if beside, err := exec.LookPath(filepath.Join(filepath.Dir(self), name)); err == nil {
			return beside, nil
		}
	}
	found, err := exec.LookPath("simulate")
	if err != nil {
		return "", errors.New("the program simulate is neither beside this one nor on the PATH; say where with --simulate PATH")
	}
	return found, nil
}

// search runs simulate tune into a folder. It has the lowest priority, so that the server on the same
// machine keeps its time, and ends when ctx does.
func (r *retuning) search(ctx context.Context, out string) (*tuned, error) {
	args := []string{r.simulate, "tune", "--config", r.config, "--trace", r.trace, "--out", out, "--format", "json", "--quiet", "--minimise", r.minimise}
	if r.target != "" {
		args = append(args, "--at", r.target)
	}
	args = append(append(args, "--budget", strconv.FormatFloat(r.budget, 'g', -1, 64)), r.more...)
	if nice, err := exec.LookPath("nice"); err == nil {
		args = append([]string{nice, "-n", "19"}, args...)
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.WaitDelay = 5 * time.Second
	c.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(r.cpus))
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("simulate tune took longer than %v and was ended; give it more --timeout, or less --budget", r.timeout)
	case err != nil:
		text := strings.TrimSpace(stderr.String())
		return nil, fmt.Errorf("%s: %w: %s", r.simulate, err, text[max(0, len(text)-1000):])
	}
	var t tuned
	if err := json.Unmarshal(stdout.Bytes(), &t); err != nil {
		return nil, fmt.Errorf("%s does not write what was expected; is it of this version? %w", r.simulate, err)
	}
	if t.Chosen < 0 || t.Chosen >= len(t.Finalists) || t.Finalists[t.Chosen].Report == nil {
		return nil, fmt.Errorf("%s has chosen nothing", r.simulate)
	}
	return &t, nil
}
