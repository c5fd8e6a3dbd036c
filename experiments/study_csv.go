package experiments

import "io"

// WriteStudyCSV writes one line a cell and policy.
func WriteStudyCSV(w io.Writer, f *Findings) error {
	columns := []string{
		"trace", "lead_time", "grouping", "target", "requests", "days", "policy", "implementable", "reached", "best_hit_rate",
		"waste_s", "idle_s", "launches_per_request", "evaluations", "relative_to_static", "relative_to_best_other",
		"of_ratio", "of_ratio_low", "of_ratio_high", "of_less", "of_more",
	}
	lines := [][]any{}
	for _, c := range f.Cells {
		for _, s := range c.Standings {
			line := []any{
				c.Trace, c.LeadTime, c.Grouping, c.Target, c.Requests, c.Days, s.Policy, s.Implementable, s.Reached, s.BestHitRate,
				s.WasteS, s.IdleS, s.LaunchesPerReq, s.Evaluations, s.ToStatic, s.ToBest,
			}
			if v := s.Against; v != nil {
				line = append(line, v.Ratio, v.RatioLow, v.RatioHigh, v.Less, v.More)
			} else {
				line = append(line, "", "", "", "", "")
			}
			lines = append(lines, line)
		}
	}
	return writeLines(w, columns, lines)
}
