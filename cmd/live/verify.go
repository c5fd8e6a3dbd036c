package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"shadowpool/runtime"
)

func verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "verify LOG", Short: "Check that a fresh controller decides what a recorded one did",
		Long: `verify feeds the events of a log (DIR or DIR/events.jsonl of live serve --record
DIR) to a fresh controller and compares every action, in order. The first that
differs is printed with its line, and the exit status is 1.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			path := args[0]
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				path = filepath.Join(path, eventsFile)
			}
			f, err := os.Open(path)
			if err != nil {
				return usage(err)
			}
			defer f.Close()
			v, err := runtime.Verify(f)
			var difference *runtime.Difference
			switch {
			case errors.As(err, &difference):
				return fmt.Errorf("%s: %w", path, err)
			case err != nil:
				return usage(fmt.Errorf("%s: %w", path, err))
			}
			fmt.Printf("the same: %d actions on %d events (policy %s)\n", v.Actions, v.Events, v.Header.Policy)
			if v.Cut {
				fmt.Println("the last line is cut off, as after a crash, and was left out")
			}
			if now := version(); v.Header.Version != now {
				fmt.Printf("recorded by version %s, verified by %s\n", v.Header.Version, now)
			}
			return nil
		},
	}
}
