package sweep

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"shadowpool/sim"
)

// A Row is a run in the table of results, with all that it takes to run it
// again. Figures are defined in docs/figures.md.
type Row struct {
	Run         int64  `parquet:"run"` // its place in the plan
	Key         string `parquet:"key"`
	Trace       string `parquet:"trace,dict"`
	Fingerprint string `parquet:"trace_fingerprint,dict"`
	MeasureFrom int64  `parquet:"measure_from,timestamp(nanosecond)"`
	Settings    string `parquet:"settings,dict"`
	Config      string `parquet:"config_hash,dict"`
	Family      string `parquet:"policy,dict"` // its bare name
	Policy      string `parquet:"spec,dict"`   // with its parameters
	Seed        uint64 `parquet:"seed"`
	StartWarm   bool   `parquet:"start_warm"`
	Hints       string `parquet:"hints,dict"`
	Version     string `parquet:"version,dict"`

	Implementable  bool    `parquet:"implementable"`
	Requests       int64   `parquet:"requests"`
	Hits           int64   `parquet:"hits"`
	PartialHits    int64   `parquet:"partial_hits"`
	Misses         int64   `parquet:"misses"`
	HitRate        float64 `parquet:"hit_rate"`
	WaitMean       float64 `parquet:"wait_mean_s"`
	WaitP50        float64 `parquet:"wait_p50_s"`
	WaitP90        float64 `parquet:"wait_p90_s"`
	WaitP95        float64 `parquet:"wait_p95_s"`
	WaitP99        float64 `parquet:"wait_p99_s"`
	WaitP999       float64 `parquet:"wait_p999_s"`
	WaitMax        float64 `parquet:"wait_max_s"`
	Waste          float64 `parquet:"waste_s"`
	Idle           float64 `parquet:"idle_s"`
	Launching      float64 `parquet:"launching_s"`
	Serving        float64 `parquet:"serving_s"`
	Draining       float64 `parquet:"draining_s"`
	Stopped        float64 `parquet:"stopped_s"`
	Cost           float64 `parquet:"cost_usd"`
	CostOnDemand   float64 `parquet:"cost_on_demand_usd"`
	CostSpot       float64 `parquet:"cost_spot_usd"`
	CostStopped    float64 `parquet:"cost_stopped_usd"`
	Launches       int64   `parquet:"launches"`
	Terminations   int64   `parquet:"terminations"`
	Interruptions  int64   `parquet:"interruptions"`
	FailedLaunches int64   `parquet:"failed_launches"`
	Peak           int64   `parquet:"peak_instances"`
	Span           float64 `parquet:"span_s"`

	// By day of the measured span.
	DayRequests []int64   `parquet:"day_requests,list"`
	DayHits     []int64   `parquet:"day_hits,list"`
	DayWait     []float64 `parquet:"day_wait_s,list"`
	DayWaste    []float64 `parquet:"day_waste_s,list"`
	DayCost     []float64 `parquet:"day_cost_usd,list"`
}

func row(i int, run Run, r *sim.Result) Row {
	w := Row{
		Run: int64(i), Key: run.Key, Trace: run.Trace, Fingerprint: run.Fingerprint, MeasureFrom: run.MeasureFrom,
		Settings: run.Settings, Config: run.Config, Family: r.Policy, Policy: run.Policy, Seed: run.Seed,
		StartWarm: run.StartWarm, Hints: run.Hints, Version: run.Version,
		Implementable: r.Implementable, Requests: r.Requests, Hits: r.Hits, PartialHits: r.PartialHits, Misses: r.Misses, HitRate: r.HitRate,
		WaitMean: r.WaitS.Mean, WaitP50: r.WaitS.P50, WaitP90: r.WaitS.P90, WaitP95: r.WaitS.P95, WaitP99: r.WaitS.P99,
		WaitP999: r.WaitS.P999, WaitMax: r.WaitS.Max,
		Waste: r.InstanceS.Waste, Idle: r.InstanceS.Idle, Launching: r.InstanceS.Launching, Serving: r.InstanceS.Serving,
		Draining: r.InstanceS.Draining, Stopped: r.InstanceS.Stopped,
		Cost: r.CostUSD.Total, CostOnDemand: r.CostUSD.OnDemand, CostSpot: r.CostUSD.Spot, CostStopped: r.CostUSD.Stopped,
		Launches: r.Launches, Terminations: r.Terminations, Interruptions: r.Interruptions, FailedLaunches: r.FailedLaunches,
		Peak: r.PeakInstances, Span: r.SpanS,
	}
	for _, d := range r.Days {
		w.DayRequests, w.DayHits = append(w.DayRequests, d.Requests), append(w.DayHits, d.Hits)
		w.DayWait, w.DayWaste = append(w.DayWait, d.Wait.Float()), append(w.DayWaste, d.Waste.Float())
		w.DayCost = append(w.DayCost, d.CostUSD)
	}
	return w
}

// rowsPerGroup bounds the memory of writing.
const rowsPerGroup = 1 << 14

// TableName is what the table of results is called where a sweep is kept.
const TableName = "results.parquet"

// KeepTable keeps the table of results, unless these very bytes are there.
func (o *Outcome) KeepTable(ctx context.Context, in Store) error {
	var table bytes.Buffer
	if err := o.WriteParquet(&table); err != nil {
		return err
	}
	have, err := in.Read(ctx, TableName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if bytes.Equal(have, table.Bytes()) {
		return nil
	}
	return in.Write(ctx, TableName, func(w io.Writer) error {
		_, err := table.WriteTo(w)
		return err
	})
}

// WriteParquet writes the results as a table, a row a run in the order of the
// plan, without those that are missing. The same results give the same bytes.
func (o *Outcome) WriteParquet(to io.Writer) error {
	w := parquet.NewGenericWriter[Row](to,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}), parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.KeyValueMetadata("shadowpool.sweep", "1"))
	for i, r := range o.Results {
		if r == nil {
			continue
		}
		if _, err := w.Write([]Row{row(i, o.Plan.Runs[i], r)}); err != nil {
			return err
		}
	}
	return w.Close()
}
