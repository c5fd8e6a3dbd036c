package experiments

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
)

// A Backtest is what was measured of forecasters, as its JSON holds it.
type Backtest struct {
	Trace   BacktestTrace   `json:"trace"`
	Config  BacktestConfig  `json:"config"`
	Results []ForecastScore `json:"results"`
	// Attribute is what an attribute is worth, if that was asked.
	Attribute []AttributeScores `json:"attribute,omitempty"`
}

// BacktestTrace says on what forecasters were judged.
type BacktestTrace struct {
	Name     string  `json:"name"`
	Arrivals float64 `json:"arrivals"`
	SpanS    float64 `json:"span_s"`
	StepS    float64 `json:"step_s"`
}

// BacktestConfig says how.
type BacktestConfig struct {
	MeasuredAfterS float64 `json:"measured_after_s"`
	NaiveSeasonS   float64 `json:"naive_season_s"` // of MASE
	Timezone       string  `json:"timezone"`
	By             string  `json:"by,omitempty"`
	Parts          int     `json:"parts,omitempty"`
	Holidays       int     `json:"holidays"`
	Version        string  `json:"version"`
}

// Describe says on what and how forecasters are judged.
func (b *Backtester) Describe(version string) (BacktestTrace, BacktestConfig) {
	c := b.counts
	span := c.Ends[len(c.Ends)-1] - c.Start
	return BacktestTrace{c.Name, c.Total(), span, c.Step},
		BacktestConfig{
			MeasuredAfterS: max(b.opt.From-c.Start, 0), NaiveSeasonS: seasonOf(span), Timezone: b.opt.Zone.String(),
			By: c.By, Parts: len(c.Parts), Holidays: len(b.opt.Holidays), Version: version,
		}
}

// Heading tells trace and setting in a few lines.
func (t Backtest) Heading() string {
	season := "a week"
	if t.Config.NaiveSeasonS < 7*86400 {
		season = "a day"
	}
	return fmt.Sprintf("trace  %s: %s arrivals over %s, by intervals of %s\nrun    judged after the first %s; MASE against the same time %s ago; time zone %s; version %s\n",
		t.Trace.Name, grouped(int64(t.Trace.Arrivals)), days(t.Trace.SpanS), time.Duration(t.Trace.StepS*1e9),
		days(t.Config.MeasuredAfterS), season, t.Config.Timezone, t.Config.Version)
}

// WriteTable writes one line a forecaster, one block a horizon, and what an
// attribute is worth.
func (t Backtest) WriteTable(w io.Writer) error {
	if err := writeScores(w, t.Results); err != nil || t.Attribute == nil {
		return err
	}
	return writeAttribute(w, t.Config.By, t.Config.Parts, t.Attribute)
}

func writeScores(w io.Writer, scores []ForecastScore) error {
	head := []string{"pinball", "MASE", "bias %", "log score", "in 50 %", "in 90 %", "in 99 %"}
	for len(scores) > 0 {
		n := 1
		for n < len(scores) && scores[n].HorizonS == scores[0].HorizonS {
			n++
		}
		var names []string
		var rows [][]string
		for _, s := range scores[:n] {
			names = append(names, s.Forecaster)
			rows = append(rows, []string{
				fixed(s.Pinball, 4), fixed(s.MASE, 3), fixed(100*s.Bias, 1), fixed(s.LogScore, 3),
				fixed(100*s.Coverage50, 1), fixed(100*s.Coverage90, 1), fixed(100*s.Coverage99, 1),
			})
		}
		if _, err := fmt.Fprintf(w, "horizon %s: %s arrivals on average, %s forecasts\n\n", spanText(scores[0].HorizonS),
			tickLabel(scores[0].MeanCount), grouped(int64(scores[0].Origins))); err != nil {
			return err
		}
		if err := writeColumns(w, "forecaster", names, head, rows); err != nil {
			return err
		}
		if scores = scores[n:]; len(scores) > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
	}
	return nil
}

func fixed(x float64, digits int) string { return strconv.FormatFloat(x, 'f', digits, 64) }

// WriteBacktestCSV writes one line a score under a line of names, those of the
// JSON.
func WriteBacktestCSV(w io.Writer, scores []ForecastScore) error {
	out := csv.NewWriter(w)
	lines := [][]string{{"forecaster", "horizon_s", "origins", "mean_count", "bias", "pinball", "mase", "log_score", "coverage_50", "coverage_90", "coverage_99"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, s := range scores {
		lines = append(lines, []string{
			s.Forecaster, number(s.HorizonS), strconv.Itoa(s.Origins), number(s.MeanCount), number(s.Bias), number(s.Pinball),
			number(s.MASE), number(s.LogScore), number(s.Coverage50), number(s.Coverage90), number(s.Coverage99),
		})
	}
	return out.WriteAll(lines)
}
