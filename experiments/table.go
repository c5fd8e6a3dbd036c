package experiments

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"shadowpool/sim"
)

// mostColumns is the width of a terminal that tables keep within.
const mostColumns = 100

// WriteTable writes one line a result, at most 100 columns wide.
func WriteTable(w io.Writer, results []*sim.Result) error {
	title, share := relativeWaste(results)
	return writeResults(w, results, title, share)
}

// writeResults writes a table with one more column than the figures; without
// one if its title is empty.
func writeResults(w io.Writer, results []*sim.Result, title string, share func(*sim.Result) string) error {
	head := []string{"hit %", "wait", "p50", "p99", "launch/req", "cost $", "waste h"}
	if title != "" {
		head = append(head, title)
	}
	var names []string
	var rows [][]string
	apart := false
	for _, r := range results {
		name := Label(r)
		if !r.Implementable {
			name += " *"
			apart = true
		}
		names = append(names, name)
		row := []string{
			percent(r.HitRate), seconds(r.WaitS.Mean), seconds(r.WaitS.P50), seconds(r.WaitS.P99),
			strconv.FormatFloat(r.LaunchesPerReq, 'f', 3, 64),
			amount(r.CostUSD.Total), amount(r.InstanceS.Waste / 3600),
		}
		if title != "" {
			row = append(row, share(r))
		}
		rows = append(rows, row)
	}
	if err := writeColumns(w, "policy", names, head, rows); err != nil {
		return err
	}
	if apart {
		_, err := fmt.Fprintln(w, "\n* sees the future: for comparison, no one could run it")
		return err
	}
	return nil
}

// relativeWaste relates waste to the first static policy's, or where there is
// none, cost to that of none.
func relativeWaste(results []*sim.Result) (string, func(*sim.Result) string) {
	for _, r := range results {
		if r.Policy == "static" && r.InstanceS.Waste > negligible {
			return "vs static", func(o *sim.Result) string { return ratio(o.InstanceS.Waste / r.InstanceS.Waste) }
		}
	}
	for _, r := range results {
		if r.Policy == "none" && r.CostUSD.Total > 0 {
			return "$ vs none", func(o *sim.Result) string { return ratio(o.CostUSD.Total / r.CostUSD.Total) }
		}
	}
	return "", nil
}

// writeColumns aligns names to the left and what follows to the right.
func writeColumns(w io.Writer, title string, names, head []string, rows [][]string) error {
	widths := make([]int, len(head))
	room := mostColumns
	for i, h := range head {
		widths[i] = utf8.RuneCountInString(h)
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		room -= widths[i] + 2
	}
	longest := len(title)
	for _, n := range names {
		longest = max(longest, utf8.RuneCountInString(n))
	}
	longest = min(longest, max(room, 8))
	line := func(name string, cells []string) error {
		text := fmt.Sprintf("%-*s", longest, clip(name, longest))
		for i, cell := range cells {
			text += fmt.Sprintf("  %*s", widths[i], cell)
		}
		_, err := fmt.Fprintln(w, strings.TrimRight(text, " "))
		return err
	}
	if err := line(title, head); err != nil {
		return err
	}
	for i := range names {
		if err := line(names[i], rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// clip shortens text to n runes.
func clip(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:max(n-1, 0)]) + "…"
}

// percent never rounds up to all.
func percent(share float64) string {
	if share > 0.99 && share < 1 {
		return strconv.FormatFloat(math.Floor(share*1e4+1e-6)/100, 'f', 2, 64)
	}
	return strconv.FormatFloat(100*share, 'f', 1, 64)
}

// seconds is a wait: 0, 0.86 s, 12.3 s, 2m03s, 1h05m.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case s == 0:
		return "0"
	case s < 1e-3:
		return "<1 ms"
	case s < 1:
		return fmt.Sprintf("%.0f ms", 1e3*s)
	case s < 99.95:
		return fmt.Sprintf("%.3g s", s)
	case s < 3600:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	default:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
}

// negligible is less than any amount of interest: what sums leave behind.
const negligible = 1e-6

// amount is a number with thousands separated.
func amount(x float64) string {
	switch {
	case x < negligible:
		return "0"
	case x < 100:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case x < 1e8:
		return grouped(int64(x + 0.5))
	default:
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
}

func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func ratio(x float64) string {
	if x >= 1e4 {
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}
