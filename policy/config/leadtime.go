package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"shadowpool/forecast/portable"
)

// A Law is the shape of a lead time's distribution.
type Law uint8

// Constant never varies; the logarithm of Lognormal is normal; Empirical
// draws from samples; Sum is of independent parts that follow each other.
const (
	Constant Law = iota
	Lognormal
	Empirical
	Sum
)

// A LeadTime is the time from an order to a warm instance.
type LeadTime struct {
	Law         Law
	Span        time.Duration // of a constant
	Median, P99 time.Duration // of a lognormal
	Common      float64       // of a lognormal: the share of the logarithm's variance that launches at one time have in common
	Fail        float64       // of a lognormal: the share of launches that fail at its end
	File        string        // of an empirical one, as it is written
	Samples     []int64       // of an empirical one, ns; Load reads them
	Parts       []LeadTime    // of a sum
	// Cached is the share of times that take nothing, as what they would make is there already.
	Cached float64
}

// MaxLeadTime bounds lead times: nothing that takes a month to start is a
// pool's.
const MaxLeadTime = 31 * 24 * time.Hour

// z99 is the standard normal's 99th percentile.
const z99 = 2.3263478740408408

// Mean is the expected lead time. Of an empirical one it is zero until Load
// has read the samples.
func (l LeadTime) Mean() time.Duration {
	if l.Cached > 0 {
		share := 1 - l.Cached
		l.Cached = 0
		return time.Duration(share * float64(l.Mean()))
	}
	switch l.Law {
	case Sum:
		sum := time.Duration(0)
		for _, part := range l.Parts {
			sum += part.Mean()
		}
		return min(sum, MaxLeadTime)
	case Lognormal:
		s := portable.Log(float64(l.P99)/float64(l.Median)) / z99
		return time.Duration(min(float64(l.Median)*portable.Exp(s*s/2), float64(MaxLeadTime)))
	case Empirical:
		sum := 0.0
		for _, s := range l.Samples {
			sum += float64(s)
		}
		return time.Duration(sum / float64(max(len(l.Samples), 1)))
	default:
		return l.Span
	}
}

func leadTime(to *LeadTime) schema {
	return scalar[LeadTime]{to, func(n *yaml.Node) (LeadTime, error) { return parseLeadTime(n.Value) }}
}

// ParseLeadTime reads a lead time as it is written in a file or given by a
// flag, and the samples of an empirical one from its file.
func ParseLeadTime(text string) (LeadTime, error) {
	l, err := parseLeadTime(text)
	if err == nil && l.Law == Empirical {
		l.Samples, err = readFile(besides(""), l.File, ReadSamples)
	}
	return l, err
}

func parseLeadTime(text string) (LeadTime, error) {
	kind, rest, law := strings.Cut(text, ":")
	switch {
	case !law:
		d, err := parseSpan(text)
		if err == nil && (d < 0 || d > MaxLeadTime) {
			err = fmt.Errorf("want a span from 0s to %s", short(MaxLeadTime))
		}
		return LeadTime{Span: d}, err
	case kind == "lognormal":
		return parseLognormal(rest)
	case kind == "empirical" && rest != "" && len(rest) <= maxText && !strings.ContainsRune(rest, 0):
		return LeadTime{Law: Empirical, File: rest}, nil
	default:
		return LeadTime{}, fmt.Errorf("want a span such as 120s, lognormal:median=45s,p99=120s, or empirical:FILE")
	}
}

// mostFailing leaves a chance that every request is served in the end.
const mostFailing = 0.5

const wantLognormal = "want lognormal:median=SPAN,p99=SPAN"

func parseLognormal(params string) (LeadTime, error) {
	l := LeadTime{Law: Lognormal}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(params, ",") {
		key, value, _ := strings.Cut(part, "=")
		if seen[key] {
			return l, fmt.Errorf("%s, not %s twice", wantLognormal, key)
		}
		seen[key] = true
		var err error
		switch key {
		case "median":
			l.Median, err = parsePositive(value)
		case "p99":
			l.P99, err = parsePositive(value)
		case "common":
			l.Common, err = parsePart(value)
		case "fail":
			l.Fail, err = parsePart(value)
			if err == nil && l.Fail > mostFailing {
				err = fmt.Errorf("want at most %v: most launches have to succeed", mostFailing)
			}
		default:
			return l, fmt.Errorf("%s and perhaps common=SHARE and fail=SHARE, not %s", wantLognormal, quote(part))
		}
		if err != nil {
			return l, fmt.Errorf("%s: %w", key, err)
		}
	}
	if l.Median == 0 || l.P99 < l.Median {
		return l, fmt.Errorf("%s with a p99 not below the median", wantLognormal)
	}
	return l, nil
}

func parsePositive(text string) (time.Duration, error) {
	d, err := parseSpan(text)
	if err == nil && (d <= 0 || d > MaxLeadTime) {
		err = fmt.Errorf("want more than 0s and at most %s", short(MaxLeadTime))
	}
	return d, err
}

func parsePart(text string) (float64, error) {
	share, err := strconv.ParseFloat(text, 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return 0, fmt.Errorf("want a share from 0 to 1, such as 0.5, not %s", quote(text))
	}
	return share, nil
}
