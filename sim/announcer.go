package sim

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"shadowpool/policy"
	"shadowpool/trace"
)

// Hints says which requests of a trace are announced to the policy. The zero
// value: those that the trace's column says were, each for the very instant of
// its arrival and with probability 1. With a Share, that of the requests, drawn
// at random, and the column counts for nothing.
type Hints struct {
	// None announces nothing.
	None bool
	// Share of the requests, each announced Notice ahead, for a window of Jitter
	// on both sides of a middle that its arrival lies uniformly around.
	Share          float64
	Notice, Jitter time.Duration
	// False is the share of hints that never come. They have the windows of
	// requests that are later by a random part of an hour.
	False float64
}

// MostNotice is how long before its arrival a request is announced at most; one
// that the trace announces sooner is announced then. It bounds how far a trace
// that is streamed has to be read ahead.
const MostNotice = 24 * time.Hour

// mostFalse bounds the false hints for each true one, to nine.
const mostFalse = 0.9

// ParseHints reads none, or a list such as share=0.1,notice=10m,jitter=2m,false=0.2,
// of which jitter and false may be left out. Empty is the zero value.
func ParseHints(text string) (Hints, error) {
	switch text {
	case "":
		return Hints{}, nil
	case "none":
		return Hints{None: true}, nil
	}
	var h Hints
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		var err error
		switch key {
		case "share":
			h.Share, err = strconv.ParseFloat(value, 64)
		case "notice":
			h.Notice, err = time.ParseDuration(value)
		case "jitter":
			h.Jitter, err = time.ParseDuration(value)
		case "false":
			h.False, err = strconv.ParseFloat(value, 64)
		default:
			return Hints{}, fmt.Errorf("hints: %q is none of share=, notice=, jitter=, false=, or the one word none", part)
		}
		if err != nil {
			return Hints{}, fmt.Errorf("hints: %s: %q is no number, or no span such as 10m", key, value)
		}
	}
	switch {
	case !(h.Share > 0 && h.Share <= 1):
		return Hints{}, fmt.Errorf("hints: share=%v is not above 0 and at most 1", h.Share)
	case !(h.False >= 0 && h.False <= mostFalse):
		return Hints{}, fmt.Errorf("hints: false=%v is not between 0 and %v", h.False, mostFalse)
	case h.Notice <= 0 || h.Notice > MostNotice:
		return Hints{}, fmt.Errorf("hints: notice=%v is not above 0 and at most %v", h.Notice, MostNotice)
	case h.Jitter < 0 || h.Jitter > h.Notice:
		return Hints{}, fmt.Errorf("hints: jitter=%v is not between 0 and the notice of %v", h.Jitter, h.Notice)
	}
	return h, nil
}

// String is what ParseHints reads.
func (h Hints) String() string {
	switch {
	case h.None:
		return "none"
	case h.Share == 0:
		return ""
	}
	return fmt.Sprintf("share=%v,notice=%v,jitter=%v,false=%v", h.Share, h.Notice, h.Jitter, h.False)
}

// any says whether something of a trace may be announced, by its first chunk.
func (h Hints) any(c *trace.Chunk) bool { return !h.None && (h.Share > 0 || c.Announced != nil) }

// announcer reads a trace ahead of its replay and knows what is announced when.
type announcer struct {
	hints  Hints
	routes *routes
	next   func() (*trace.Chunk, error, bool)
	stop   func()
	// ahead is how long before an arrival it may be announced, ns; read the last
	// arrival that was read, forever when all were.
	ahead int64
	read  policy.Time
	// pending are announcements by instant, those before head are gone.
	pending []announcement
	head    int

	marks, places, falses, shifts stream
}

type announcement struct {
	at   policy.Time
	hint policy.Hint
}

// newAnnouncer reads src, which it must be told to stop doing.
func newAnnouncer(src trace.Source, routes *routes, opt Options) *announcer {
	a := &announcer{
		hints: opt.Hints, routes: routes, ahead: int64(MostNotice), read: -forever,
		marks: newStream(opt.Seed, "hints"), places: newStream(opt.Seed, "hints", "window"),
		falses: newStream(opt.Seed, "hints", "false"), shifts: newStream(opt.Seed, "hints", "false", "window"),
	}
	if opt.Hints.Share > 0 {
		a.ahead = int64(opt.Hints.Notice + opt.Hints.Jitter)
	}
	a.next, a.stop = iter.Pull2(src.Chunks())
	return a
}

// due gives the next announcement at or before t.
func (a *announcer) due(t policy.Time) (announcement, bool, error) {
	for a.read <= t+a.ahead {
		if err := a.readOn(); err != nil {
			return announcement{}, false, err
		}
	}
	if a.head == len(a.pending) || a.pending[a.head].at > t {
		return announcement{}, false, nil
	}
	a.head++
	return a.pending[a.head-1], true, nil
}

// readOn takes the announcements of one more chunk.
func (a *announcer) readOn() error {
	c, err, ok := a.next()
	if !ok || err != nil {
		a.read = forever
		return err
	}
	a.pending = a.pending[:copy(a.pending, a.pending[a.head:])]
	a.head = 0
	for i := range c.Arrival {
		a.take(c, i)
	}
	slices.SortStableFunc(a.pending, func(x, y announcement) int { return cmp.Compare(x.at, y.at) })
	a.read = c.Arrival[len(c.Arrival)-1]
	return nil
}

// take adds what a row of a chunk announces, truly and falsely.
func (a *announcer) take(c *trace.Chunk, i int) {
	h := policy.Hint{ID: a.of(c, i), Pool: a.routes.of(&c.Columns, i), Count: 1, Probability: 1}
	if c.Tenant != nil {
		h.Source = c.Tenant[i]
	}
	if h.Pool == noPool || h.Pool == elsewhere {
		return // of no pool the replay will say so
	}
	arrival, row := c.Arrival[i], uint64(c.First)+uint64(i)
	if a.hints.Share == 0 {
		if h.ID != 0 {
			h.From, h.To = arrival, arrival
			a.pending = append(a.pending, announcement{max(c.Announced[i], arrival-int64(MostNotice)), h})
		}
		return
	}
	if h.ID != 0 {
		off := 2*a.places.uniform(row) - 1
		a.announce(h, arrival+int64(off*float64(a.hints.Jitter)))
	}
	n := a.hints.Share * a.hints.False / (1 - a.hints.False)
	for draw := row * (mostFalseHints + 1); n > a.falses.uniform(draw); draw++ {
		h.ID = -policy.HintID(draw) - 1
		a.announce(h, arrival+int64(a.shifts.uniform(draw)*float64(time.Hour)))
		n--
	}
}

// mostFalseHints is how many a row gets at most.
const mostFalseHints = 9

// announce adds a hint with its window around the middle.
func (a *announcer) announce(h policy.Hint, middle policy.Time) {
	h.From, h.To = middle-int64(a.hints.Jitter), middle+int64(a.hints.Jitter)
	a.pending = append(a.pending, announcement{middle - int64(a.hints.Notice), h})
}

// of is the hint that announced a row, 0 if none did.
func (a *announcer) of(c *trace.Chunk, i int) policy.HintID {
	row := c.First + int64(i)
	switch {
	case a.hints.Share > 0:
		if a.marks.uniform(uint64(row)) >= a.hints.Share {
			return 0
		}
	case c.Announced == nil || c.Announced[i] == trace.NoTime || c.Announced[i] >= c.Arrival[i]:
		return 0
	}
	return policy.HintID(row) + 1
}
