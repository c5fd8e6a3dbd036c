package agent

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"time"
)

// Options are what an agent is made of.
type Options struct {
	Server    string // URL
	Token     string // of the instance
	Authority string // file of certificates that are trusted beside the system's; may be empty

	// Command is the service that the agent starts, if any, at once or when the
	// instance is promoted. ReadyLine is a regular expression (RE2) that a line of
	// its standard output matches when it is ready, whose first group, if any, is
	// its address; empty: it is ready at once.
	Command   []string
	OnPromote bool
	ReadyLine string
	// Address is where the instance is reached, if nothing else says so.
	Address string

	// State is the folder in which the agent makes one of its own; empty is the
	// system's for temporary files. Memory is where secrets go, which must be on
	// a file system in memory; empty: wherever there is one.
	State, Memory string
	// OrphanTimeout is how long the agent tries to reach a server that it has
	// never reached. Zero is 10 min.
	OrphanTimeout time.Duration
	// StopGrace is the time between SIGTERM and SIGKILL for the service; zero is
	// 3 s.
	StopGrace time.Duration

	Out, Errs io.Writer // of the service, and for the line that says ready
	Logger    *slog.Logger
}

func (o *Options) validate() (*regexp.Regexp, error) {
	switch {
	case o.Token == "":
		return nil, errors.New("there is no token; the server gives one to each instance, in SHADOWPOOL_AGENT_TOKEN")
	case o.Server == "":
		return nil, errors.New("there is no server; give its URL, in SHADOWPOOL_AGENT_URL")
	case o.OnPromote && len(o.Command) == 0:
		return nil, errors.New("there is no command to start on promotion; give one after --")
	case o.ReadyLine != "" && len(o.Command) == 0:
		return nil, errors.New("there is no command whose line could say that it is ready; give one after --")
	case o.OrphanTimeout < 0 || o.StopGrace < 0:
		return nil, errors.New("a time is negative")
	}
	if o.OrphanTimeout == 0 {
		o.OrphanTimeout = 10 * time.Minute
	}
	if o.StopGrace == 0 {
		o.StopGrace = 3 * time.Second
	}
	if o.State == "" {
		o.State = os.TempDir()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Errs == nil {
		o.Errs = io.Discard
	}
	if o.ReadyLine == "" {
		return nil, nil
	}
	line, err := regexp.Compile(o.ReadyLine)
	if err != nil {
		return nil, fmt.Errorf("the line that says ready: %w", err)
	}
	return line, nil
}
