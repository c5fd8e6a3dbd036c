package experiments

import (
	"fmt"
	"io"

	"shadowpool/sim"
)

// WriteDetails writes all figures of one result, one a line.
func WriteDetails(w io.Writer, r *sim.Result) error {
	hours := func(s float64) string { return amount(s/3600) + " h" }
	of := func(n int64) string {
		return fmt.Sprintf("%s (%s %%)", grouped(n), percent(float64(n)/max(float64(r.Requests), 1)))
	}
	lines := [][2]string{
		{"policy", Label(r)},
		{"requests", grouped(r.Requests)},
		{"hits", of(r.Hits)},
		{"partial hits", of(r.PartialHits)},
		{"misses", of(r.Misses)},
		{"wait", fmt.Sprintf("mean %s, p50 %s, p90 %s, p95 %s, p99 %s, p99.9 %s, max %s",
			seconds(r.WaitS.Mean), seconds(r.WaitS.P50), seconds(r.WaitS.P90), seconds(r.WaitS.P95),
			seconds(r.WaitS.P99), seconds(r.WaitS.P999), seconds(r.WaitS.Max))},
		{"waste", hours(r.InstanceS.Waste)},
		{"idle", hours(r.InstanceS.Idle)},
		{"launching", hours(r.InstanceS.Launching)},
		{"serving", hours(r.InstanceS.Serving)},
		{"cost", fmt.Sprintf("$ %s (idle %s, launching %s, serving %s)", amount(r.CostUSD.Total),
			amount(r.CostUSD.Idle), amount(r.CostUSD.Launching), amount(r.CostUSD.Serving))},
		{"launches", launches(r)},
		{"terminations", grouped(r.Terminations)},
		{"peak instances", grouped(r.PeakInstances)},
		{"measured span", days(r.SpanS)},
	}
	if r.InstanceS.Stopped > 0 {
		lines = append(lines, [2]string{"stopped", hours(r.InstanceS.Stopped)})
	}
	if c := r.CostUSD; c.Spot > 0 || c.Stopped > 0 {
		lines = append(lines, [2]string{"cost by type", fmt.Sprintf("on demand $ %s, spot $ %s, stopped $ %s", amount(c.OnDemand), amount(c.Spot), amount(c.Stopped))})
	}
	if r.Interruptions > 0 {
		lines = append(lines, [2]string{"interruptions", fmt.Sprintf("%s; %s began anew, after %s in vain",
			grouped(r.Interruptions), plural(int(r.InterruptedRequests), "request", "requests"), hours(r.LostWorkS))})
	}
	if p := r.Prepared; p != nil && p.Needing > 0 {
		lines = append(lines, [2]string{"prepared", fmt.Sprintf("%s of %s that needed stages found them done (%s %%), by %s", grouped(p.Found),
			plural(int(p.Needing), "request", "requests"), percent(float64(p.Found)/float64(p.Needing)), plural(int(p.Preparations), "preparation", "preparations"))})
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, "%-20s %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	if !r.Implementable {
		_, err := fmt.Fprintln(w, "\nThis policy sees the future: for comparison, no one could run it.")
		return err
	}
	return nil
}

func launches(r *sim.Result) string {
	text := fmt.Sprintf("%s, %.3f a request", grouped(r.Launches), r.LaunchesPerReq)
	if r.FailedLaunches > 0 {
		text += fmt.Sprintf("; %s failed", grouped(r.FailedLaunches))
	}
	return text
}
