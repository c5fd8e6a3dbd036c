package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// lines are the picture's, for a screen.
func (p *picture) lines(s *screen) []line {
	if p.state.At.IsZero() {
		return []line{{{"no server yet: " + p.problem(), bad}}}
	}
	all := p.head()
	all = append(all, line{})
	all = append(all, p.pools(s)...)
	for _, a := range p.state.Alerts {
		style := soon
		if a.Severity == "critical" {
			style = bad
		}
		all = append(all, line{{"! " + a.Name, style + ";" + bold}, {" " + a.Pool, bold}, {" " + a.Text, plain}})
	}
	if p.away != nil {
		all = append(all, line{{"the server does not answer: " + p.problem(), bad}})
	}
	all = append(all, line{})
	room := 12
	if s.height > 0 {
		room = s.height - len(all)
	}
	for _, d := range slices.Backward(p.decisions) {
		if d.Action == "assign" || d.Reason == "single_use" {
			continue // routine
		}
		style := plain
		if d.Action == "fail" || d.Action == "lose" || d.Action == "refuse" {
			style = bad
		}
		told := line{{d.At.Local().Format(time.TimeOnly), faint}, {" " + d.Pool, bold}, {" ", plain}}
		texts := wrap(d.Text, s.width-told.width(), s.width-2)
		if room -= len(texts); room < 0 {
			break
		}
		all = append(all, append(told, piece{texts[0], style}))
		for _, text := range texts[1:] {
			all = append(all, line{{"  ", plain}, {text, style}})
		}
	}
	return all
}

// wrap breaks a text into lines of words: the first of a width, the others of
// another.
func wrap(text string, first, others int) (lines []string) {
	width, line := first, ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line, width = append(lines, line), "", others
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

func (p *picture) problem() string {
	if p.away == nil {
		return ""
	}
	return p.away.Error()
}

// head is what is told of the server as a whole.
func (p *picture) head() []line {
	s, f := &p.state, &p.state.Recent
	mode := piece{"serving", good}
	if s.Draining {
		mode = piece{"draining", soon}
	}
	hits := piece{"no requests", faint}
	if f.HitRate != nil {
		hits = piece{fmt.Sprintf("%.1f %%", 100**f.HitRate), bold}
	}
	cost := fmt.Sprintf("%.1f instances, none %.1f, static %.1f", f.Cost, f.None, f.Static)
	if s.Priced {
		cost = fmt.Sprintf("$%.2f/h, none $%.2f, static $%.2f", f.Cost, f.None, f.Static)
	}
	return []line{
		{mode, {", up " + time.Duration(s.UptimeS*1e9).Round(time.Second).String() + ", " + s.Policy, plain}},
		{{"hits ", faint}, hits, {fmt.Sprintf(" of %d", f.Requests), plain}, {"  wait ", faint}, {seconds(f.P50S) + ", p99 " + seconds(f.P99S), plain},
			{"  in ", faint}, {time.Duration(f.WindowS * 1e9).String(), plain}},
		{{"cost ", faint}, {cost, plain}},
	}
}

func seconds(s *float64) string {
	if s == nil {
		return unknown
	}
	d := time.Duration(*s * 1e9)
	if d >= time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// The widths of screens that have room for more.
const (
	wideScreen   = 90
	narrowScreen = 50
	leastBar     = 8
)

// pools is a table of the pools with bars: what is in use, warm and launching,
// and where the level is.
func (p *picture) pools(s *screen) []line {
	name, most := len("pool"), int32(1)
	for i := range p.state.Pools {
		k := &p.state.Pools[i]
		name = max(name, len(k.Pool))
		most = max(most, k.InUse+k.Warm+k.Launching, k.InUse+k.Level)
	}
	name = min(name, max(s.width/4, 8))
	columns := []struct {
		title string
		width int
		of    func(i int) string
	}{
		{"level", 5, func(i int) string { return fmt.Sprint(p.state.Pools[i].Level) }},
		{"warm", 4, func(i int) string { return fmt.Sprint(p.state.Pools[i].Warm) }},
		{"wait", 4, func(i int) string { return fmt.Sprint(p.state.Pools[i].Waiting) }},
		{"hits", 7, func(i int) string {
			if rate := p.state.Pools[i].Recent.HitRate; rate != nil {
				return fmt.Sprintf("%.1f %%", 100**rate)
			}
			return unknown
		}},
		{"launch", 6, func(i int) string { return fmt.Sprint(p.state.Pools[i].Launching) }},
		{"in use", 6, func(i int) string { return fmt.Sprint(p.state.Pools[i].InUse) }},
		{"p99", 8, func(i int) string { return seconds(p.state.Pools[i].Recent.P99S) }},
		{"expected", 14, func(i int) string {
			f := p.state.Pools[i].Forecast
			if f == nil {
				return unknown
			}
			return fmt.Sprintf("%.1f (%d-%d)", f.Mean, f.P05, f.P95)
		}},
	}
	switch {
	case s.width < narrowScreen:
		columns = columns[:3]
	case s.width < wideScreen:
		columns = columns[:6]
	}
	bar := s.width - name
	head := line{{fmt.Sprintf("%-*s", name, "pool"), faint}}
	for _, c := range columns {
		head = append(head, piece{fmt.Sprintf(" %*s", c.width, c.title), faint})
		bar -= c.width + 1
	}
	bar = min(bar-2, 40)
	if bar >= leastBar {
		head = append(head, piece{"  " + cut("█ used ▓ warm ░ launching | level", bar), faint})
	}
	all := []line{head}
	for i := range p.state.Pools {
		k := &p.state.Pools[i]
		l := line{{fmt.Sprintf("%-*s", name, cut(k.Pool, name)), bold}}
		for _, c := range columns {
			style := plain
			if c.title == "wait" && k.Waiting > 0 {
				style = bad
			}
			l = append(l, piece{fmt.Sprintf(" %*s", c.width, cut(c.of(i), c.width)), style})
		}
		if bar >= leastBar {
			l = append(append(l, piece{"  ", plain}), bars(bar, most, k.InUse, k.Warm, k.Launching, k.Level)...)
		}
		all = append(all, l)
	}
	return all
}

// bars are of a width that stands for most instances. The level is of those
// that are not in use.
func bars(width int, most, inUse, warm, launching, level int32) line {
	at := func(n int32) int { return int((int64(n)*int64(width) + int64(most)/2) / int64(most)) }
	mark := min(at(inUse+max(level, 0)), width-1)
	var l line
	for i := range width {
		p := piece{" ", plain}
		switch {
		case i == mark:
			p = piece{"|", bold}
		case i < at(inUse):
			p = piece{"█", used}
		case i < at(inUse+warm):
			p = piece{"▓", good}
		case i < at(inUse+warm+launching):
			p = piece{"░", soon}
		}
		if n := len(l); n > 0 && l[n-1].style == p.style {
			l[n-1].text += p.text
		} else {
			l = append(l, p)
		}
	}
	return l
}

// cut cuts a text to a width.
func cut(s string, width int) string {
	if r := []rune(s); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return s
}
