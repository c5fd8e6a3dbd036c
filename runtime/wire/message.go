package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Version is that of the messages; both sides must have the same.
const Version = 1

// Bounds of messages.
const (
	MaxBody  = 8 << 20 // bytes, of any message
	maxName  = 256     // bytes
	maxItems = 1024    // of any list
	maxText  = 4096    // bytes, of an explanation
	// MaxWait is how long an Ask may wait for orders, s.
	MaxWait = 60
)

// A Message is what can be decoded.
type Message interface{ Validate() error }

// Decode reads one message, and nothing beside it.
func Decode[T Message](data []byte) (T, error) {
	var m, none T
	if len(data) > MaxBody {
		return none, fmt.Errorf("a message of more than %d bytes", MaxBody)
	}
	if !utf8.Valid(data) {
		return none, errors.New("a message that is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return none, fmt.Errorf("not a %T: %w", m, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return none, fmt.Errorf("there is more after a %T", m)
	}
	if err := m.Validate(); err != nil {
		return none, err
	}
	return m, nil
}

// first is the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// text checks a short line that may be empty.
func text(what, s string) error {
	if len(s) > maxName || strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("%s %.100q: want one line of at most %d bytes", what, s, maxName)
	}
	return nil
}

// span checks a time, s.
func span(what string, s float64) error { return between(what, s, 0, 365*24*3600) }

func between(what string, v, least, most float64) error {
	if !(v >= least && v <= most) || math.IsInf(v, 0) {
		return fmt.Errorf("%s %v is not between %v and %v", what, v, least, most)
	}
	return nil
}

func atMost(what string, n int) error {
	if n > maxItems {
		return fmt.Errorf("%d %s, at most %d are read", n, what, maxItems)
	}
	return nil
}
