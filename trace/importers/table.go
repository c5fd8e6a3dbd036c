package importers

import (
	"fmt"

	"shadowpool/trace"
)

// table is any table with a column for arrivals and one for durations, read
// by trace.Load with a mapping of columns: CSV, plain or compressed by gzip
// (or foreign Parquet, to write it anew).
func table() Format {
	return Format{
		Name: "csv", Inputs: "TABLE",
		About: "any CSV (or Parquet) table, with --columns arrival=ts,duration=dur_s",
		read: func(c *collector, inputs []Input) error {
			if len(inputs) > 1 {
				return fmt.Errorf("csv: %d inputs, want one table", len(inputs))
			}
			o := c.Table
			if o.Start == "" {
				o.Start = c.Start
			}
			t, err := trace.Load(inputs[0].Name, o)
			if err != nil {
				return err
			}
			c.whole = t
			return nil
		},
	}
}
