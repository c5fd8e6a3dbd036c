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
	flags.StringVar(&f.part, "part", "", "replay part `I/N` only and write what it counted to standard output: for merge, with those of the other parts")
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
	number, of, ok := strings.Cut(f.part, "/")
	f.number, err = strconv.Atoi(number)
	if err == nil {
		f.of, err = strconv.Atoi(of)
	}
	if !ok || err != nil || f.number < 1 || f.number > f.of || f.of > mostParts {
		return fmt.Errorf("--part %q: want I/N, as in 1/4, of at most %d parts", f.part, mostParts)
	}
	return nil
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
