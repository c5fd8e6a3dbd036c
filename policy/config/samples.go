package config

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSamples bounds a file of lead times.
const maxSamples = 10_000_000

// ReadSamples reads one latency a line, in seconds or as a span with a unit
// (1.5, 900ms). Blank lines and lines that begin with # are skipped. It also
// reads CSV whose header names a column latency_ms or latency_s; other columns
// are left out. The result is in ns.
func ReadSamples(r io.Reader) ([]int64, error) {
	scan := bufio.NewScanner(r)
	var samples []int64
	column, unit := 0, float64(time.Second)
	for line := 1; scan.Scan(); line++ {
		row := strings.TrimSpace(scan.Text())
		if row == "" || strings.HasPrefix(row, "#") {
			continue
		}
		fields := strings.Split(row, ",")
		if len(samples) == 0 {
			if i := slices.Index(fields, "latency_ms"); i >= 0 {
				column, unit = i, float64(time.Millisecond)
				continue
			}
			if i := slices.Index(fields, "latency_s"); i >= 0 {
				column = i
				continue
			}
		}
		if column >= len(fields) {
			return nil, fmt.Errorf("line %d: %d columns, expected at least %d", line, len(fields), column+1)
		}
		ns, err := parseLatency(fields[column], unit)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if len(samples) == maxSamples {
			return nil, fmt.Errorf("line %d: more than %d samples", line, maxSamples)
		}
		samples = append(samples, ns)
	}
	if err := scan.Err(); err != nil {
		return nil, err
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("it has no samples")
	}
	return samples, nil
}

func parseLatency(text string, unit float64) (int64, error) {
	v, err := strconv.ParseFloat(text, 64)
	ns := v * unit
	if err != nil {
		var d time.Duration
		d, err = time.ParseDuration(text)
		ns = float64(d)
	}
	if err != nil || !(ns >= 0 && ns <= float64(MaxLeadTime)) {
		return 0, fmt.Errorf("%s is not a latency between 0 and %s", quote(text), short(MaxLeadTime))
	}
	return int64(math.Round(ns)), nil
}
