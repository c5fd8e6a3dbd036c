package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"shadowpool/runtime/api"
	"shadowpool/runtime/dashboard"
)

// A screen is what a picture of the server is drawn on.
type screen struct {
	width, height int  // in characters; no height is no bound
	colour        bool // as ANSI terminals have it
}

// Styles, as ANSI terminals number them.
const (
	plain = ""
	bold  = "1"
	faint = "2"
	good  = "32"
	bad   = "31"
	soon  = "33"
	used  = "34"
)

// A piece of a line has a style.
type piece struct{ text, style string }

type line []piece

func (l line) width() (n int) {
	for _, p := range l {
		n += utf8.RuneCountInString(p.text)
	}
	return n
}

// write writes a line, cut to the screen's width.
func (s *screen) write(w *strings.Builder, l line) {
	left := s.width
	for _, p := range l {
		text := clean(p.text)
		if n := utf8.RuneCountInString(text); n > left {
			text = string([]rune(text)[:left])
		}
		left -= utf8.RuneCountInString(text)
		if s.colour && p.style != plain && text != "" {
			text = "\x1b[" + p.style + "m" + text + "\x1b[0m"
		}
		w.WriteString(text)
	}
}

// clean leaves out what a terminal would take for an order.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// watch draws the server's picture every second, until ctx ends. On a terminal
// it is drawn in place; elsewhere one follows the other.
func watch(ctx context.Context, client *api.Client, out *os.File) error {
	terminal := term.IsTerminal(int(out.Fd()))
	if terminal {
		fmt.Fprint(out, "\x1b[?1049h\x1b[?25l") // another screen, no cursor
		defer fmt.Fprint(out, "\x1b[?25h\x1b[?1049l")
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var seen picture
	for {
		err := seen.look(ctx, client)
		if ctx.Err() != nil {
			return nil
		}
		var problem *api.Problem
		if err != nil && (!terminal || errors.As(err, &problem) && problem.Status != 503) {
			return err
		}
		s := screen{width: 100}
		if terminal {
			s.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
			if s.width, s.height, err = orSize(term.GetSize(int(out.Fd()))); err != nil {
				return err
			}
		}
		if err := s.draw(out, &seen, terminal); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// orSize is a terminal's size, as it usually is where it does not tell.
func orSize(width, height int, err error) (int, int, error) {
	if err == nil && width <= 0 {
		return 80, 24, nil
	}
	return width, height, err
}

// draw draws the picture in place, or after what there is.
func (s *screen) draw(out io.Writer, p *picture, inPlace bool) error {
	lines := p.lines(s)
	if s.height > 0 && len(lines) > s.height {
		lines = lines[:s.height]
	}
	var b strings.Builder
	if inPlace {
		b.WriteString("\x1b[H")
	}
	for i, l := range lines {
		s.write(&b, l)
		if inPlace {
			b.WriteString("\x1b[K") // what was there before
		}
		if !inPlace || i < len(lines)-1 {
			b.WriteString("\n")
		}
	}
	if inPlace {
		b.WriteString("\x1b[J")
	} else {
		b.WriteString("\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// A picture is what was seen of a server last.
type picture struct {
	state     dashboard.State
	decisions []dashboard.Decision // ascending
	away      error                // why nothing newer was seen
}

func (p *picture) look(ctx context.Context, client *api.Client) error {
	var state dashboard.State
	var decisions []dashboard.Decision
	err := client.Fetch(ctx, "/v1/dashboard/state", &state)
	if err == nil {
		err = client.Fetch(ctx, "/v1/dashboard/decisions", &decisions)
	}
	if p.away = err; err == nil {
		p.state, p.decisions = state, decisions
	}
	return err
}
