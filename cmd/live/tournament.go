package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"shadowpool/policy"
	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/api"
	"shadowpool/runtime/dashboard"
	"shadowpool/runtime/tournament"
)

// A heldTournament is that of a server; nil is none.
type heldTournament struct{ *tournament.Tournament }

// openTournament starts the tournament that the configuration asks for, if any, and lets
// it observe the host and answer requests. change makes the host run another policy; nil:
// it cannot.
func openTournament(s *settings, options *runtime.Options, change func(ctx context.Context, to policy.Spec) error) (*heldTournament, error) {
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
		Fleet: options.Fleet, Live: options.Policy, Block: c.Block, Observation: c.Observation, Alpha: c.Alpha, Least: c.Least,
		Margin: tournament.Margin{HitRate: c.MarginHitRate, WaitMean: c.MarginWaitMean}, Switch: change, Logger: s.options.Logger,
	}
	o.Contenders = contenders(s.file, o.Live)
	if path := c.Evidence; path != "" {
		saved, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("tournament.evidence: %w", err)
		}
		o.Saved = saved
		o.Keep = func(evidence []byte) error { return replace(path, evidence) }
	}
	t, err := tournament.New(o)
	if err != nil {
		return nil, err
	}
	options.Observers = append(slices.Clip(options.Observers), t)
	return &heldTournament{t}, nil
}

func (h *heldTournament) close() {
	if h != nil {
		h.Close()
	}
}

// contenders are those that a file lists beside the live policy.
func contenders(file *config.File, live policy.Spec) []policy.Spec {
	var all []policy.Spec
	if file.Tournament == nil {
		return nil
	}
	for _, spec := range file.Tournament.Contenders {
		if aimed := file.Aim(spec); aimed.String() != live.String() { // --policy may say another
			all = append(all, aimed)
		}
	}
	return all
}

// follow makes the tournament go on with what another file says.
func (h *heldTournament) follow(file *config.File, options *runtime.Options) error {
	if h == nil {
		return nil
	}
	return h.Reconfigure(options.Fleet, options.Policy, contenders(file, options.Policy))
}

// handler serves what the tournament tells, and the rest by next; protect lets
// only those who may.
func (h *heldTournament) handler(next http.Handler, protect func(http.Handler) http.Handler) http.Handler {
	if h == nil {
		return next
	}
	mux := http.NewServeMux()
	for _, pattern := range tournament.Patterns {
		mux.Handle(pattern, protect(h.Handler()))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if known, pattern := mux.Handler(r); pattern != "" {
			known.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// panels are what the dashboard shows of the tournament.
func (h *heldTournament) panels() []dashboard.Panel {
	if h == nil {
		return nil
	}
	return []dashboard.Panel{dashboard.PanelFunc(func(context.Context) (dashboard.Table, error) {
		s := h.Status()
		p := s.Panel()
		t := dashboard.Table{Title: p.Title, Note: p.Note}
		for _, c := range p.Columns {
			t.Columns = append(t.Columns, dashboard.Column{Title: c})
		}
		for _, row := range p.Rows {
			cells := make([]any, len(row))
			for i := range row {
				cells[i] = row[i]
			}
			t.Rows = append(t.Rows, cells)
		}
		return t, nil
	})}
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
			var s tournament.Status
			err = client.Fetch(c.Context(), "/v1/tournament", &s)
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
