package main

import (
	"fmt"
	"io"
	"time"

	"shadowpool/runtime"
)

// writeUsage writes what instances use and have used, as far as it is known.
func writeUsage(w io.Writer, s *runtime.Status) {
	if s.UsageError != "" {
		fmt.Fprintf(w, "\nwhat instances use cannot be told: %s\n", s.UsageError)
	}
	writeShadows(w, s)
	writeWarmUps(w, s)
	writeMemory(w, s)
}

func writeShadows(w io.Writer, s *runtime.Status) {
	now := s.Started.Add(time.Duration(s.UptimeS * 1e9))
	header := "\nshadows\tcount\tmemory\tlargest\tcached\tCPU\tread\twritten\tseen\n"
	for _, p := range s.Pools {
		u := p.Shadows
		if u == nil {
			continue
		}
		fmt.Fprintf(w, "%s%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%v ago\n",
			header, p.Category, u.Count, size(u.MemoryMeanBytes), size(u.MemoryMaxBytes), size(u.CachedMeanBytes), percent(u.CPUShare),
			size(u.ReadMeanBytes), size(u.WrittenMeanBytes), now.Sub(u.At).Round(time.Second))
		header = ""
	}
}

func writeWarmUps(w io.Writer, s *runtime.Status) {
	header := "\nwarm-ups\tlaunch\tp99\twarm-up\tp99\tended\tunclaimed\tin vain\n"
	for _, p := range s.Pools {
		if p.Launch == nil && p.Ended == 0 {
			continue
		}
		unclaimed := unknown
		if p.Ended > 0 {
			unclaimed = fmt.Sprintf("%d (%s)", p.Unclaimed, percent(new(float64(p.Unclaimed)/float64(p.Ended))))
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%d\t%s\t%s\n", header, p.Category, spans(p.Launch), spans(p.WarmUp), p.Ended, unclaimed, cpu(p.UnclaimedCPUS))
		header = ""
	}
}

// writeMemory writes what was measured beside what is configured: a policy
// goes by the latter.
func writeMemory(w io.Writer, s *runtime.Status) {
	space := "\n"
	for _, p := range s.Pools {
		if p.MemoryShare == nil {
			continue
		}
		configured := "no memory is configured"
		if p.MemoryConfigured > 0 {
			configured = fmt.Sprintf("memory %.2f is configured", p.MemoryConfigured)
		}
		fmt.Fprintf(w, "%s%s: measured memory %.2f, of an idle instance as a share of one that serves; %s\n", space, p.Category, *p.MemoryShare, configured)
		space = ""
	}
}

// unknown stands for a figure that is not known.
const unknown = "-"

func size(bytes *int64) string {
	if bytes == nil {
		return unknown
	}
	v, unit := float64(*bytes), 0
	for v >= 1024 && unit < 4 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", *bytes)
	}
	return fmt.Sprintf("%.1f %s", v, [...]string{"B", "KiB", "MiB", "GiB", "TiB"}[unit])
}

func percent(share *float64) string {
	if share == nil {
		return unknown
	}
	return fmt.Sprintf("%.1f %%", 100**share)
}

func cpu(seconds *float64) string {
	if seconds == nil {
		return unknown
	}
	return fmt.Sprintf("%.2f s CPU", *seconds)
}

// spans makes the cells of median and 99th percentile.
func spans(s *runtime.Spans) string {
	if s == nil {
		return unknown + "\t" + unknown
	}
	return fmt.Sprintf("%.3f s\t%.3f s", s.MedianS, s.P99S)
}
