package main

import (
	"fmt"

	"shadowpool/experiments"

	"github.com/spf13/cobra"
)

// report fills the directory that --out names, if it does.
func (s *study) report(cmd *cobra.Command, r experiments.Report) error {
	if s.flags.out == "" {
		return nil
	}
	if err := s.bench.Write(cmd.Context(), s.flags.out, r); err != nil {
		return failed(fmt.Errorf("--out: %w", err))
	}
	if !s.flags.quiet {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "wrote results to %s\n", s.flags.out) // a note
	}
	return nil
}
