package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"shadowpool/policy/config"
	"shadowpool/runtime/api"
)

// A proposal is what a search came to, as proposal.json has it beside the pool.yaml.
type proposal struct {
	At        time.Time `json:"at"`
	Config    string    `json:"config"`
	Trace     string    `json:"trace"`
	Now       string    `json:"now"`      // the setting that runs
	Proposed  string    `json:"proposed"` // the setting that was found
	Minimised string    `json:"minimised"`
	Target    string    `json:"target"`
	Reached   bool      `json:"reached"` // the target, on the days that it was judged on
	HitRate   float64   `json:"hit_rate"`
	WaitMeanS float64   `json:"wait_mean_s"`
	WaitP99S  float64   `json:"wait_p99_s"`
	Gain      *gain     `json:"gain"` // null: the present policy cannot be compared
	Surely    bool      `json:"surely_better"`
	Diff      string    `json:"diff"`
	Applied   bool      `json:"applied"`
	Error     string    `json:"error,omitempty"` // why it was not applied

	pool []byte
}

// proposalTime names the folders of proposals, in their order.
const proposalTime = "20060102T150405Z"

// propose searches, keeps and shows what was found, and applies it if that is asked for.
func (r *retuning) propose(ctx context.Context) error {
	now := time.Now().UTC()
	out := filepath.Join(r.out, now.Format(proposalTime))
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	p, err := r.find(ctx, now, out)
	if err != nil {
		_ = os.RemoveAll(out) // half of what should be there
		return err
	}
	if r.apply {
		p.put(ctx, r)
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(filepath.Join(out, proposalFile), append(text, '\n')); err != nil {
		return err
	}
	p.write(os.Stdout, filepath.Join(out, "pool.yaml"))
	return dropProposals(r.out, r.keep)
}

const proposalFile = "proposal.json"

func (r *retuning) find(ctx context.Context, now time.Time, out string) (*proposal, error) {
	before, err := os.ReadFile(r.config)
	if err != nil {
		return nil, err
	}
	if r.file, err = config.Load(r.config); err != nil { // it may have changed since the last time
		return nil, err
	}
	t, err := r.search(ctx, out)
	if err != nil {
		return nil, err
	}
	chosen := t.Finalists[t.Chosen]
	p := &proposal{
		At: now, Config: r.config, Trace: r.trace, Proposed: chosen.Setting, Minimised: t.Minimised, Now: r.file.PolicySpec().String(),
		HitRate: chosen.Report.HitRate, WaitMeanS: chosen.Report.Wait.Mean, WaitP99S: chosen.Report.Wait.P99, Gain: t.Gain,
	}
	if t.Base != nil {
		p.Now = t.Base.Setting
	}
	if t.Target != nil {
		p.Target = fmt.Sprintf("%s=%g", t.Target.Measure, t.Target.Value)
		switch t.Target.Measure {
		case "hit_rate":
			p.Reached = p.HitRate >= t.Target.Value
		case "wait_mean":
			p.Reached = p.WaitMeanS <= t.Target.Value
		case "wait_p99":
			p.Reached = p.WaitP99S <= t.Target.Value
		}
	}
	p.Surely = p.Reached && p.Gain != nil && p.Gain.LessPerDay.Low != nil && *p.Gain.LessPerDay.Low > 0
	if p.pool, err = os.ReadFile(filepath.Join(out, "pool.yaml")); err != nil {
		return nil, err
	}
	p.Diff, err = configurationDiff(r.config, before, p.pool)
	return p, err
}

// configurationDiff is what changes from one configuration to another, whatever the layout of the
// first and without the comment that the second begins with.
func configurationDiff(name string, before, after []byte) (string, error) {
	d, err := config.NewDraft(before)
	if err != nil {
		return "", err
	}
	if before, err = d.Bytes(); err != nil {
		return "", err
	}
	return unifiedDiff(name, "proposed", lines(withoutHead(before)), lines(withoutHead(after))), nil
}

// put has the server go on with what was found, if that is surely better.
func (p *proposal) put(ctx context.Context, r *retuning) {
	switch {
	case !p.Reached:
		p.Error = "the target is missed on the days that it was judged on"
		return
	case !p.Surely:
		p.Error = "it is not sure that anything is gained"
		return
	}
	client, err := api.NewClient(r.server)
	if err == nil {
		err = client.Configure(ctx, p.pool)
	}
	if err != nil {
		p.Error = err.Error()
		r.log.Error("the server did not take the proposal", "error", err)
		return
	}
	p.Applied = true
}

// write shows the proposal.
func (p *proposal) write(w io.Writer, pool string) {
	if p.Diff == "" {
		fmt.Fprintf(w, "%s stays: nothing better was found\n", p.Now)
	} else {
		fmt.Fprintf(w, "%s\n", p.Diff)
	}
	fmt.Fprintf(w, "now       %s\nproposed  %s\n", p.Now, p.Proposed)
	fmt.Fprintf(w, "service   %s: hit rate %.4f, mean wait %.3f s, p99 %.3f s", p.Target, p.HitRate, p.WaitMeanS, p.WaitP99S)
	if !p.Reached {
		fmt.Fprint(w, "; missed on the last third of the trace")
	}
	unit := map[string]string{"cost": "$", "waste": "h of waste"}[p.Minimised]
	switch g := p.Gain; {
	case g == nil:
		fmt.Fprintf(w, "\ngain      unknown: less than a day, or the present policy cannot be replayed without a past\n")
	case g.LessPerDay.Low == nil:
		fmt.Fprintf(w, "\ngain      %.2f %s a day (%.1f %%), of %d days: too few for an interval\n", g.LessPerDay.Value, unit, 100*g.LessShare.Value, g.Days)
	default:
		fmt.Fprintf(w, "\ngain      %.2f %s a day (%.1f %%), 95 %% interval %.2f to %.2f, of %d days\n", g.LessPerDay.Value, unit, 100*g.LessShare.Value, *g.LessPerDay.Low, *g.LessPerDay.High, g.Days)
	}
	switch {
	case p.Applied:
		fmt.Fprintln(w, "the server goes on with it")
	case p.Error != "":
		fmt.Fprintf(w, "not applied: %s\n", p.Error)
	}
	fmt.Fprintf(w, "kept as   %s\n", pool)
}

// dropProposals removes all but the latest proposals of a folder, and nothing else.
func dropProposals(dir string, keep int) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var all []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if _, err := time.Parse(proposalTime, e.Name()); err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(path, proposalFile)); err == nil {
			all = append(all, path)
		}
	}
	for _, path := range all[:max(len(all)-keep, 0)] {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
