package tournament

import (
	"fmt"
	"math"
	"time"
)

// A Panel is a table for a dashboard.
type Panel struct {
	Title   string     `json:"title"`
	Note    string     `json:"note"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// Panel is the status as a table: reality, the live policy's model, and the others, each
// with what the live one saves of its waste and waiting.
func (s *Status) Panel() Panel {
	p := Panel{
		Title:   "Tournament",
		Note:    s.note(),
		Columns: []string{"policy", "hit %", "mean wait s", "p99 s", "waste h", "waste $", "live saves $", "live saves wait h", "$/h against live", "hit % against live", "verdict"},
	}
	if s.Real != nil {
		p.Rows = append(p.Rows, row("reality", s.Real, "", "", "", "", ""))
	}
	for i := range s.Contenders {
		c := &s.Contenders[i]
		if c.Live {
			p.Rows = append(p.Rows, row(c.Policy+" (live)", &c.Figures, "", "", "", "", ""))
			continue
		}
		p.Rows = append(p.Rows, row(c.Policy, &c.Figures, hundredths(c.SavedUSD), hundredths(c.SavedWaitS/3600),
			c.Against.USDPerHour.text("%.3f", 1), c.Against.HitRate.text("%.2f", 100), s.verdict(c)))
	}
	return p
}

func row(name string, f *Figures, more ...string) []string {
	return append([]string{
		name, fmt.Sprintf("%.2f", 100*f.HitRate), fmt.Sprintf("%.3f", f.WaitMeanS), fmt.Sprintf("%.3f", f.WaitP99S),
		fmt.Sprintf("%.2f", f.WasteS/3600), fmt.Sprintf("%.2f", f.WasteUSD),
	}, more...)
}

// hundredths is a number with two decimals, of which zero has no sign.
func hundredths(x float64) string {
	if math.Abs(x) < 0.005 {
		x = 0
	}
	return fmt.Sprintf("%.2f", x)
}

// text is a mean with its interval.
func (d Difference) text(format string, times float64) string {
	if d.Low == nil {
		return ""
	}
	return fmt.Sprintf(format+" ["+format+", "+format+"]", times*d.Mean, times**d.Low, times**d.High)
}

func (s *Status) verdict(c *Standing) string {
	switch {
	case c.Baseline:
		return "for comparison"
	case c.Barred:
		return "was taken back"
	case c.Better && s.Proposal != nil && s.Proposal.Policy == c.Policy:
		return "proposed"
	case c.Better:
		return "better"
	case c.Against.Observations < int64(s.Least):
		return fmt.Sprintf("%d of %d observations", c.Against.Observations, s.Least)
	case c.Worse:
		return "worse service"
	case c.Dearer:
		return "dearer"
	default:
		return "no evidence"
	}
}

// note says what the figures are of, and what may be wrong with them.
func (s *Status) note() string {
	if s.Broken != "" {
		return "over before its time: " + s.Broken
	}
	if s.Since == nil {
		return "nothing has happened yet"
	}
	n := fmt.Sprintf("since %s, %d observations of %v", s.Since.Format("2006-01-02 15:04 MST"), s.Observations, time.Duration(s.ObservationS*float64(time.Second)))
	if s.Lost > 0 {
		n += fmt.Sprintf(", %d more were not whole", s.Lost)
	}
	if s.Dropped > 0 {
		n += fmt.Sprintf("; it was behind, and left %d notes out", s.Dropped)
	}
	return n
}
