package importers

import "time"

// stagesCSV is a table of latencies that are samples of lead-time stages
// already: the columns stage and latency_ms. It holds no requests.
func stagesCSV() Format {
	return Format{
		Name: "stages-csv", Inputs: "SAMPLES...",
		About:  "samples of lead-time stages only: CSV with the columns stage and latency_ms",
		Stages: []string{"as named in the file"},
		read: each(func(c *collector, in Input) error {
			return in.table([]string{"stage", "latency_ms"}, func(r row) error {
				ms, err := r.number("latency_ms")
				if err != nil {
					return err
				}
				latency, err := span(ms / 1000)
				if err != nil {
					return err
				}
				if c.Stages {
					c.addStage(r.get("stage"), time.Duration(latency))
				}
				return nil
			})
		}),
	}
}
