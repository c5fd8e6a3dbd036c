package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"shadowpool/experiments"
	"shadowpool/policy"

	"github.com/spf13/cobra"
)

// addParts adds the flags of the verbs that can split their trace.
func (f *studyFlags) addParts(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.IntVar(&f.parts, "parts", 0, "split every run into a `NUMBER` of parts, by categories that nothing couples, and replay them on all cores")
	flags.StringVar(&f.part, "part", "", "replay part `I/N` only (I from 0) and write what it counted to standard output: for merge, with those of the other parts")
	cmd.MarkFlagsMutuallyExclusive("parts", "part")
	cmd.MarkFlagsMutuallyExclusive("out", "part")
	cmd.MarkFlagsMutuallyExclusive("format", "part")
}

// mostParts bounds the number of parts.
const mostParts = 10_000

// checkParts reads the part asked for, if one is.
func (f *studyFlags) checkParts() (err error) {
	if f.parts < 0 || f.parts > mostParts {
		return fmt.Errorf("--parts %d is not between 1 and %d", f.parts, mostParts)
	}
	if f.part == "" {
		return nil
	}
	if f.number, f.of, err = parseShare(f.part); err == nil && f.of > mostParts {
		err = fmt.Errorf("%q are more than %d parts", f.part, mostParts)
	}
	if err != nil {
		return fmt.Errorf("--part %w", err)
	}
	return nil
}

// parseShare reads I/N: one of so many shares of some work.
func parseShare(text string) (i, n int, err error) {
	index, of, _ := strings.Cut(text, "/")
	i, err1 := strconv.Atoi(index)
	n, err2 := strconv.Atoi(of)
	if err1 != nil || err2 != nil || n < 1 || i < 0 || i >= n {
		return 0, 0, fmt.Errorf("%q is not I/N with I from 0 to N-1, such as 0/4", text)
	}
	return i, n, nil
}

// parted says whether runs are split, and notes what stays together.
func (s *study) parted(cmd *cobra.Command) bool {
	if s.flags.parts == 0 && s.flags.of == 0 {
		return false
	}
	if !s.flags.quiet {
		for _, line := range s.bench.Together() {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "in one part: %s\n", line) // a note
		}
	}
	return true
}

// writePart replays the part asked for.
func (s *study) writePart(cmd *cobra.Command, verb string, specs []policy.Spec) error {
	p, err := s.bench.Part(cmd.Context(), specs, s.flags.number, s.flags.of)
	s.bar.end()
	if err != nil {
		return err
	}
	return failed(json.NewEncoder(cmd.OutOrStdout()).Encode(partFile{verb, p}))
}

// partFile is the JSON of a part, with the verb that wrote it.
type partFile struct {
	Verb string `json:"verb"`
	*experiments.ComparisonPart
}
