package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"shadowpool/policy"
	"shadowpool/runtime/api"
	"shadowpool/runtime/tournament"
)

// A heldTournament is that of a server; nil is none.
type heldTournament struct{ *tournament.Tournament }

// openTournament starts the tournament that the configuration asks for, if any, and lets
// it observe the host and answer requests. change makes the host run another policy; nil:
// it cannot.
func openTournament(s *settings, change func(ctx context.Context, to policy.Spec) error) (*heldTournament, error) {
	if s.file == nil || s.file.Tournament == nil {
		return nil, nil
	}
	c := s.file.Tournament
	if !c.Automatic {
		change = nil
	} else if change == nil {
		return nil, fmt.Errorf("%s: tournament.switch: this server cannot change its policy while it runs; let it propose", s.file.Name)
	}
	o := tournament.Options{
		Fleet: s.options.Fleet, Live: s.options.Policy, Block: c.Block, Observation: c.Observation, Alpha: c.Alpha, Least: c.Least,
		Margin: tournament.Margin{HitRate: c.MarginHitRate, WaitMean: c.MarginWaitMean}, Switch: change, Logger: s.options.Logger,
	}
	for _, spec := range c.Contenders {
		if aimed := s.file.Aim(spec); aimed.String() != o.Live.String() { // --policy may say another
			o.Contenders = append(o.Contenders, aimed)
		}
	}
	if path := c.Evidence; path != "" {
		saved, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("tournament.evidence: %w", err)
		}
		o.Saved = saved
		o.Keep = func(evidence []byte) error { return replaceFile(path, evidence) }
	}
	t, err := tournament.New(o)
	if err != nil {
		return nil, err
	}
	s.options.Observers = append(s.options.Observers, t)
	if s.api.Handlers == nil {
		s.api.Handlers = map[string]http.Handler{}
	}
	for _, pattern := range tournament.Patterns {
		s.api.Handlers[pattern] = t.Handler()
	}
	return &heldTournament{t}, nil
}

func (h *heldTournament) close() {
	if h != nil {
		h.Close()
	}
}

// replaceFile puts a file in the place of another, so that there is always a whole one.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func tournamentCommand() *cobra.Command {
	var flags clientFlags
	c := &cobra.Command{
		Use: "tournament", Short: "Show how other policies would do in the live one's place",
		Long: `tournament shows what the policies that tournament.contenders lists would have come to
on the requests that the server has had, what the live one saves of their waste and
waiting, and whether one of them is better, with the intervals of the differences.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			client, err := flags.client()
			if err != nil {
				return err
			}
			s, err := client.Tournament(c.Context())
			var problem *api.Problem
			if errors.As(err, &problem) && problem.Status == http.StatusNotFound {
				return errors.New("the server holds no tournament; list tournament.contenders in its configuration")
			}
			if err != nil {
				return err
			}
			return flags.print(s, func(w io.Writer) { writeTournament(w, &s) })
		},
	}
	flags.add(c)
	return c
}

func writeTournament(w io.Writer, s *tournament.Status) {
	p := s.Panel()
	fmt.Fprintf(w, "%s\n\n%s\n", p.Note, strings.Join(p.Columns, "\t"))
	for _, row := range p.Rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if s.Proposal != nil {
		fmt.Fprintf(w, "\n%s is better: put it into the policy section, or see live retune\n", s.Proposal.Policy)
	}
	for _, change := range s.Switches {
		what := "switched"
		if change.Back {
			what = "switched back"
		}
		fmt.Fprintf(w, "%s %s from %s to %s %s\n", change.At.Format("2006-01-02 15:04 MST"), what, change.From, change.To, change.Err)
	}
}
