package referee

import (
	"fmt"
	"strings"

	"shadowpool/policy"
)

// A Rule is what a violation violates; see the package comment.
type Rule string

// The rules.
const (
	Life        Rule = "life"
	Request     Rule = "request"
	Order       Rule = "order"
	Choice      Rule = "choice"
	Warmth      Rule = "warmth"
	Isolation   Rule = "isolation"
	Reservation Rule = "reservation"
	Outcome     Rule = "outcome"
	Limit       Rule = "limit"
	Budget      Rule = "budget"
	Stock       Rule = "stock"
	Surplus     Rule = "surplus"
	Spot        Rule = "spot"
	Stopped     Rule = "stopped"
	Age         Rule = "age"
	Generation  Rule = "generation"
	Pause       Rule = "pause"
	Timer       Rule = "timer"
	Books       Rule = "books"
	Host        Rule = "host"
)

// A Violation is the first thing that went wrong.
type Violation struct {
	Rule  Rule
	Time  policy.Time
	What  string
	Trail []string // the last events, and under each its actions
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%s rule violated at %d ns: %s; what led to it:\n%s", v.Rule, v.Time, v.What, strings.Join(v.Trail, "\n"))
}

// fail notes a violation, unless there is one already.
func (r *Referee) fail(rule Rule, format string, args ...any) {
	if r.found == nil {
		r.found = &Violation{rule, r.now, fmt.Sprintf(format, args...), r.trail.lines()}
	}
}
