package runtime

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"shadowpool/policy"
	"shadowpool/policy/referee"
)

// Verified is what Verify found in an event log.
type Verified struct {
	Header          Header
	Events, Actions int64
	// Cut is set when the last line is not whole, as after a crash; it was
	// left out.
	Cut bool
}

// A Difference is the first place at which a fresh controller decides
// otherwise than the log says.
type Difference struct {
	Line          int // of the log, from 1
	Problem       string
	Expected, Got string // the actions, as JSON; empty where none
}

func (d *Difference) Error() string {
	s := fmt.Sprintf("line %d: %s", d.Line, d.Problem)
	if d.Expected+d.Got != "" {
		s += fmt.Sprintf("\n  the log has:    %s\n  decided afresh: %s", orNothing(d.Expected), orNothing(d.Got))
	}
	return s
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// maxLine bounds a line of the event log, for a file that is none.
const maxLine = 64 << 20

// Verify feeds the events of a log to a fresh controller, compares what it
// decides with the log, and lets a referee watch (package policy/referee). It
// returns a *Difference at the first decision that is not the same, or the
// first law that is broken; any other error says why the log cannot be read.
func Verify(log io.Reader) (Verified, error) {
	var v Verified
	var check *checker
	err := readLines(log, func(line int, text []byte) error {
		if line == 1 {
			var err error
			check, err = newChecker(text, &v.Header)
			return err
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		var e Entry
		if err := d.Decode(&e); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		v.Events++
		v.Actions += int64(len(e.Actions))
		return check.entry(line, &e)
	})
	if errors.Is(err, errCut) {
		v.Cut, err = true, nil
	}
	if err == nil && check == nil {
		err = fmt.Errorf("the log is empty: it lacks even its header")
	}
	return v, err
}

var errCut = errors.New("the last line is not whole")

// readLines calls f for every whole line.
func readLines(r io.Reader, f func(line int, text []byte) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var text []byte
	for line := 1; ; {
		part, err := in.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case err == bufio.ErrBufferFull:
			if len(text) > maxLine {
				return fmt.Errorf("line %d is longer than %d bytes: this is no event log", line, maxLine)
			}
			continue
		case err == io.EOF && len(text) > 0:
			return errCut
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if err := f(line, text); err != nil {
			return err
		}
		text = text[:0]
		line++
	}
}

// A checker is a host of a fresh controller whose world is an event log.
type checker struct {
	feed    feed
	ref     *referee.Referee // nil for a log that begins in the middle: it knows nothing of before
	started bool
	decided scribe
}

func newChecker(text []byte, h *Header) (*checker, error) {
	if err := json.Unmarshal(text, h); err != nil || h.Log == 0 {
		return nil, fmt.Errorf("line 1 is not the header of an event log; choose the events.jsonl of a recording")
	}
	if h.Log > logVersion { // older ones lack some events
		return nil, fmt.Errorf("the log has version %d, this program reads versions up to %d", h.Log, logVersion)
	}
	config, sizer, err := h.build()
	if err != nil {
		return nil, err
	}
	c := &checker{feed: feed{header: *h, sizer: sizer}}
	if h.Restored == nil {
		c.ref = new(referee.Referee)
		c.feed.to = c.ref
		_, err = c.ref.Control(config, sizer, &c.decided)
		return c, err
	}
	ctrl, err := policy.New(config, sizer, &c.decided)
	if err == nil {
		err = ctrl.Restore(h.Restored)
	}
	c.feed.to, c.started = ctrl, true
	return c, err
}

// entry replays one event.
func (c *checker) entry(line int, e *Entry) error {
	c.decided.actions, c.decided.most = c.decided.actions[:0], len(e.Actions)+1 // enough to differ
	if problem := c.replay(e); problem != "" {
		return &Difference{Line: line, Problem: problem}
	}
	if c.ref != nil {
		if err := c.ref.Err(); err != nil {
			return &Difference{Line: line, Problem: err.Error()}
		}
	}
	for i := range max(len(e.Actions), len(c.decided.actions)) {
		var want, got string
		if i < len(e.Actions) {
			want = shown(e.Actions[i])
		}
		if i < len(c.decided.actions) {
			got = shown(c.decided.actions[i])
		}
		if want != got {
			return &Difference{line, fmt.Sprintf("action %d on %s differs", i+1, e.Event), want, got}
		}
	}
	return nil
}

func shown(d Decision) string {
	b, _ := json.Marshal(d)
	return string(b)
}

// replay passes an event on. It returns what makes that impossible.
func (c *checker) replay(e *Entry) (problem string) {
	defer func() { // the log is foreign input, and the controller panics on what cannot be
		if p := recover(); p == errTooMany {
			problem = "" // the actions differ
		} else if p != nil {
			problem = fmt.Sprintf("%s cannot happen here: %v", e.Event, p)
		}
	}()
	if !c.started && e.Event != "start" || c.started && e.Event == "start" {
		return "a log starts once, and at its beginning"
	}
	c.started = true
	due, of := c.feed.to.NextTimer()
	class, known := classes[e.Event]
	switch {
	case e.Event == "timer" && (due != e.T || timerName(of) != e.Class):
		return fmt.Sprintf("the log has a %s at %d ns, the controller's next timer is a %s at %d ns", e.Class, e.T, timerName(of), due)
	case e.Event != "timer" && !known:
		return fmt.Sprintf("there is no event %.100q", e.Event)
	case known && (due < e.T || due == e.T && of < class):
		return fmt.Sprintf("the log has %s at %d ns, but a %s is due before it, at %d ns", e.Event, e.T, timerName(of), due)
	}
	if err := c.feed.entry(e); err != nil {
		return err.Error()
	}
	return ""
}
