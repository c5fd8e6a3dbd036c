package config

import (
	"fmt"
	"strings"
)

// An Error is one thing that is wrong with a configuration file.
type Error struct {
	File    string
	Line    int    // 1 is the first
	Key     string // such as fleet.categories[1].lead_time; may be empty
	Problem string // what is wrong and the way out
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Key, e.Problem)
}

// Errors are all that is wrong with a file, by line; at most maxErrors of
// them, and how many more there were.
type Errors struct {
	List []*Error
	More int
}

// maxErrors bounds a report: a file of another format is wrong everywhere.
const maxErrors = 20

func (e *Errors) Error() string {
	var b strings.Builder
	for i, one := range e.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\n%s: and %d more", e.List[0].File, e.More)
	}
	return b.String()
}

// Unwrap gives errors.As the single errors.
func (e *Errors) Unwrap() []error {
	list := make([]error, len(e.List))
	for i, one := range e.List {
		list[i] = one
	}
	return list
}
