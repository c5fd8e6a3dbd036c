package sim

import (
	"encoding/binary"
	"errors"

	"shadowpool/policy"
)

// A census counts instances over time, and their peak in the measured span. An
// instance lives from its order until just before its end, so that of what
// begins and ends at one instant the order does not count.
type census struct {
	count int64
	at    policy.Time // of the last change
	open  bool        // from the beginning of the measured span to its end
	peak  int64

	keeps   bool    // what changes is kept
	noted   int64   // the count that is kept so far
	changes Changes // since the beginning of the measured span
}

// change counts by more instances from t on.
func (c *census) change(t policy.Time, by int64) {
	if t != c.at {
		c.settle()
		c.at = t
	}
	c.count += by
}

// settle takes in how many there are once an instant is over.
func (c *census) settle() {
	if !c.open {
		return
	}
	c.peak = max(c.peak, c.count)
	if c.keeps && c.count != c.noted {
		c.changes.add(c.at, c.count-c.noted)
		c.noted = c.count
	}
}

// begin opens the measured span at t, and end closes it.
func (c *census) begin(t policy.Time) {
	c.open, c.at = true, t
	c.peak, c.noted = 0, c.count
	c.changes = Changes{From: t, Count: c.count}
}

func (c *census) end() {
	c.settle()
	c.open = false
}

// Changes are those of a number of instances over a span, kept compactly: some
// five bytes each.
type Changes struct {
	From  policy.Time `json:"from"`
	Count int64       `json:"count"` // just before From
	// Steps are varints: the time since the step before, ns, times four, and two
	// bits, whether the number rose and whether by more than one. Then a second
	// one follows, by how much more.
	Steps []byte `json:"steps"`
	last  policy.Time
}

const (
	rises    = 1
	byMore   = 2
	stepBits = 2
)

func (c *Changes) add(t policy.Time, by int64) {
	step := uint64(t-max(c.last, c.From)) << stepBits
	c.last = t
	if by > 0 {
		step |= rises
	}
	more := max(by, -by) - 1
	if more > 0 {
		step |= byMore
	}
	if c.Steps = binary.AppendUvarint(c.Steps, step); more > 0 {
		c.Steps = binary.AppendUvarint(c.Steps, uint64(more))
	}
}

// cursor reads changes.
type cursor struct {
	steps []byte
	at    policy.Time // of the next change, forever after the last
	by    int64
}

// next goes on to the next change.
func (c *cursor) next() error {
	if len(c.steps) == 0 {
		c.at = forever
		return nil
	}
	step, err := c.varint()
	if err != nil {
		return err
	}
	c.at += int64(step >> stepBits)
	c.by = 1
	if step&byMore != 0 {
		more, err := c.varint()
		if err != nil {
			return err
		}
		c.by += int64(more)
	}
	if step&rises == 0 {
		c.by = -c.by
	}
	return nil
}

func (c *cursor) varint() (uint64, error) {
	v, n := binary.Uvarint(c.steps)
	if n <= 0 {
		return 0, errors.New("the changes of the number of instances are cut off")
	}
	c.steps = c.steps[n:]
	return v, nil
}

// peakOf is the most instances that several fleets had at one time, all together.
func peakOf(all []Changes) (int64, error) {
	count, peak := int64(0), int64(0)
	cursors := make([]cursor, len(all))
	for i := range all {
		count += all[i].Count
		cursors[i] = cursor{steps: all[i].Steps, at: all[i].From}
		if err := cursors[i].next(); err != nil {
			return 0, err
		}
	}
	for now := all[0].From; ; {
		next := forever
		for i := range cursors {
			c := &cursors[i]
			for c.at == now {
				count += c.by
				if err := c.next(); err != nil {
					return 0, err
				}
			}
			next = min(next, c.at)
		}
		peak = max(peak, count)
		if next == forever {
			return peak, nil
		}
		now = next
	}
}
