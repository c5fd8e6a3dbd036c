package experiments

import (
	"encoding/csv"
	"io"
	"strconv"
)

// WriteTrialsCSV writes one line a trial of a search.
func WriteTrialsCSV(w io.Writer, d *Tuned) error {
	c := csv.NewWriter(w)
	if err := c.Write([]string{"policy", "setting", "fidelity", "hit_rate", "wait_mean_s", "wait_p99_s", "waste_h_per_day", "cost_usd_per_day"}); err != nil {
		return err
	}
	for _, t := range d.Trials {
		row := []string{d.Policies[t.Policy], t.Setting}
		for _, v := range []float64{t.Fidelity, t.HitRate, t.WaitMeanS, t.WaitP99S, t.WasteHPerDay, t.CostUSDPerDay} {
			row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
