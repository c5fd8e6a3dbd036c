package main

import (
	"fmt"
	"path/filepath"

	"shadowpool/experiments"

	"github.com/spf13/cobra"
)

// report fills the directory that --out names, if it does.
func (s *study) report(cmd *cobra.Command, r experiments.Report) error {
	if s.flags.out == "" {
		return nil
	}
	if err := s.bench.Write(s.flags.out, r); err != nil {
		return failed(fmt.Errorf("--out: %w", err))
	}
	if !s.flags.quiet {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s and what it is made of\n", filepath.Join(s.flags.out, "report.html")) // a note
	}
	return nil
}
