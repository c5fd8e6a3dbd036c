package experiments

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"

	"shadowpool/sim"
)

// resultColumns are those of a result in CSV: the names of the JSON, nested
// ones joined by an underscore.
var resultColumns = []struct {
	name  string
	value func(*sim.Result) any
}{
	{"policy", func(r *sim.Result) any { return r.Policy }},
	{"params", func(r *sim.Result) any { return r.Params }},
	{"trace", func(r *sim.Result) any { return r.Trace }},
	{"requests", func(r *sim.Result) any { return r.Requests }},
	{"hits", func(r *sim.Result) any { return r.Hits }},
	{"partial_hits", func(r *sim.Result) any { return r.PartialHits }},
	{"misses", func(r *sim.Result) any { return r.Misses }},
	{"hit_rate", func(r *sim.Result) any { return r.HitRate }},
	{"wait_s_mean", func(r *sim.Result) any { return r.WaitS.Mean }},
	{"wait_s_p50", func(r *sim.Result) any { return r.WaitS.P50 }},
	{"wait_s_p90", func(r *sim.Result) any { return r.WaitS.P90 }},
	{"wait_s_p95", func(r *sim.Result) any { return r.WaitS.P95 }},
	{"wait_s_p99", func(r *sim.Result) any { return r.WaitS.P99 }},
	{"wait_s_p999", func(r *sim.Result) any { return r.WaitS.P999 }},
	{"wait_s_max", func(r *sim.Result) any { return r.WaitS.Max }},
	{"instance_s_launching", func(r *sim.Result) any { return r.InstanceS.Launching }},
	{"instance_s_idle", func(r *sim.Result) any { return r.InstanceS.Idle }},
	{"instance_s_serving", func(r *sim.Result) any { return r.InstanceS.Serving }},
	{"instance_s_draining", func(r *sim.Result) any { return r.InstanceS.Draining }},
	{"instance_s_waste", func(r *sim.Result) any { return r.InstanceS.Waste }},
	{"launches", func(r *sim.Result) any { return r.Launches }},
	{"launches_per_request", func(r *sim.Result) any { return r.LaunchesPerReq }},
	{"terminations", func(r *sim.Result) any { return r.Terminations }},
	{"interruptions", func(r *sim.Result) any { return r.Interruptions }},
	{"failed_launches", func(r *sim.Result) any { return r.FailedLaunches }},
	{"cost_usd_total", func(r *sim.Result) any { return r.CostUSD.Total }},
	{"cost_usd_idle", func(r *sim.Result) any { return r.CostUSD.Idle }},
	{"cost_usd_launching", func(r *sim.Result) any { return r.CostUSD.Launching }},
	{"cost_usd_serving", func(r *sim.Result) any { return r.CostUSD.Serving }},
	{"cost_usd_on_demand", func(r *sim.Result) any { return r.CostUSD.OnDemand }},
	{"cost_usd_spot", func(r *sim.Result) any { return r.CostUSD.Spot }},
	{"cost_usd_stopped", func(r *sim.Result) any { return r.CostUSD.Stopped }},
	{"peak_instances", func(r *sim.Result) any { return r.PeakInstances }},
	{"span_s", func(r *sim.Result) any { return r.SpanS }},
	{"implementable", func(r *sim.Result) any { return r.Implementable }},
	{"seed", func(r *sim.Result) any { return r.Seed }},
	{"version", func(r *sim.Result) any { return r.Version }},
}

// WriteCSV writes one line a result under a line of names. Params are a JSON
// object.
func WriteCSV(w io.Writer, results []*sim.Result) error {
	var columns []string
	for _, c := range resultColumns {
		columns = append(columns, c.name)
	}
	var lines [][]any
	for _, r := range results {
		line := make([]any, len(resultColumns))
		for i, c := range resultColumns {
			line[i] = c.value(r)
		}
		lines = append(lines, line)
	}
	return writeLines(w, columns, lines)
}

func writeLines(w io.Writer, columns []string, lines [][]any) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	text := make([]string, len(columns))
	for _, line := range lines {
		for i, value := range line {
			var err error
			if text[i], err = field(value); err != nil {
				return err
			}
		}
		if err := out.Write(text); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func field(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case *float64:
		if v == nil {
			return "", nil
		}
		return field(*v)
	default: // integers, booleans, and the map of parameters
		text, err := json.Marshal(v)
		return string(text), err
	}
}
