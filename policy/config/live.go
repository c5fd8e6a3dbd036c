package config

import (
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A Provisioner is what makes instances in a live run. The simulator checks
// it and uses nothing of it.
type Provisioner struct {
	Process Process
	// Categories replace parts of Process for single categories.
	Categories []CategoryProcess
}

// A Process is an instance that is a process of the operating system. Its
// zero value is the built-in worker.
type Process struct {
	Command     []string // program and arguments; empty is the built-in worker
	Environment []string // NAME=VALUE, beside the server's own
	Directory   string   // working directory; empty is the server's
	Ready       Ready
	WarmUp      []string      // program and arguments, run once the process is ready
	WarmUpLimit time.Duration // after which a warm-up has failed
	StopGrace   time.Duration // from the request to end until it is killed
}

// Ready says how a process shows that it is ready: at most one of Line, HTTP
// and TCP is set. None is as soon as it runs.
type Ready struct {
	Line    string // it writes a line that contains this to its standard output
	HTTP    string // this URL answers with a status from 200 to 299
	TCP     string // this HOST:PORT accepts a connection
	Timeout time.Duration
}

// CategoryProcess is the process of one category, complete.
type CategoryProcess struct {
	Name string
	Process
}

// An API is how the live server is reached.
type API struct {
	Listen        string        // HOST:PORT
	ClaimDeadline time.Duration // of a claim that names none
	MaxDeadline   time.Duration // that a claim may name
}

// Defaults of the live sections.
const (
	DefaultListen        = "localhost:8080"
	DefaultClaimDeadline = time.Minute
	DefaultMaxDeadline   = 10 * time.Minute
	DefaultReadyTimeout  = 2 * time.Minute
	DefaultWarmUpLimit   = 5 * time.Minute
	DefaultStopGrace     = 5 * time.Second
)

const maxWait = 24 * time.Hour

// ProcessOf is the process that serves a category.
func (p *Provisioner) ProcessOf(category string) Process {
	for _, c := range p.Categories {
		if c.Name == category {
			return c.Process
		}
	}
	return p.Process
}

func provisioner(to *Provisioner, fleet *Fleet) schema {
	to.Process = Process{Ready: Ready{Timeout: DefaultReadyTimeout}, WarmUpLimit: DefaultWarmUpLimit, StopGrace: DefaultStopGrace}
	base := func() CategoryProcess { return CategoryProcess{Process: to.Process} }
	return object{
		fields: []field{
			{key: "process", schema: object{fields: process(&to.Process)}},
			{key: "categories", schema: list[CategoryProcess]{&to.Categories, base, func(c *CategoryProcess) schema {
				return object{fields: append([]field{
					{key: "name", required: "the name of a category of the fleet", schema: name(&c.Name)},
				}, process(&c.Process)...)}
			}}},
		},
		check: func(p *parser, _ *yaml.Node, path string, _ map[string]*yaml.Node) {
			known := map[string]bool{}
			var names []string
			for _, k := range fleet.Categories {
				known[k.Name] = true
				names = append(names, k.Name)
			}
			seen := map[string]bool{}
			for i, c := range to.Categories {
				at := fmt.Sprintf("%s.categories[%d].name", path, i)
				n := p.at[at]
				switch {
				case n == nil || c.Name == "":
				case !known[c.Name] && fleet.Default == nil:
					p.fail(n, at, "%s is not listed under fleet.categories%s", quote(c.Name), nearest(c.Name, names))
				case seen[c.Name]:
					p.fail(n, at, "%s is given twice", quote(c.Name))
				}
				seen[c.Name] = true
			}
		},
	}
}

func process(to *Process) []field {
	argument := func(s *string) schema { return text(s) }
	return []field{
		{key: "command", schema: command{list[string]{&to.Command, nil, argument}}},
		{key: "environment", schema: table{&to.Environment}},
		{key: "directory", schema: text(&to.Directory)},
		{key: "ready", schema: ready(&to.Ready)},
		{key: "warm_up", schema: command{list[string]{&to.WarmUp, nil, argument}}},
		{key: "warm_up_limit", schema: span(&to.WarmUpLimit, time.Millisecond, maxWait)},
		{key: "stop_grace", schema: span(&to.StopGrace, 0, maxWait)},
	}
}

// A command is a program and its arguments; it takes no shell line.
type command struct{ list[string] }

func (c command) read(p *parser, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		p.fail(n, path, "want a list of program and arguments; write [%s]", strings.Join(strings.Fields(n.Value), ", "))
		return
	}
	c.list.read(p, n, path)
	if n.Kind == yaml.SequenceNode && (len(n.Content) == 0 || n.Content[0].Kind == yaml.ScalarNode && n.Content[0].Value == "") {
		p.fail(n, path, "names no program; write [PROGRAM, ARGUMENT, ...] or remove the key")
	}
}

func (c command) keys(path string) []string { return []string{path} }

func ready(to *Ready) schema {
	return object{
		fields: []field{
			{key: "line", schema: name(&to.Line)},
			{key: "http", schema: webAddress(&to.HTTP)},
			{key: "tcp", schema: address(&to.TCP)},
			{key: "timeout", schema: span(&to.Timeout, time.Millisecond, maxWait)},
		},
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			var ways []string
			for _, way := range []struct {
				key string
				to  *string
			}{{"line", &to.Line}, {"http", &to.HTTP}, {"tcp", &to.TCP}} {
				if given[way.key] != nil {
					ways = append(ways, way.key)
				} else if given["line"] != nil || given["http"] != nil || given["tcp"] != nil {
					*way.to = "" // this way replaces the one that was inherited
				}
			}
			if len(ways) > 1 {
				p.fail(n, path, "%s are given; keep one", strings.Join(ways, " and "))
			}
		},
	}
}

func api(to *API) schema {
	*to = API{Listen: DefaultListen, ClaimDeadline: DefaultClaimDeadline, MaxDeadline: DefaultMaxDeadline}
	return object{
		fields: []field{
			{key: "listen", schema: address(&to.Listen)},
			{key: "claim_deadline", schema: span(&to.ClaimDeadline, 0, maxWait)},
			{key: "max_deadline", schema: span(&to.MaxDeadline, 0, maxWait)},
		},
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			if to.ClaimDeadline > to.MaxDeadline {
				p.fail(n, path, "claim_deadline %s is longer than max_deadline %s", short(to.ClaimDeadline), short(to.MaxDeadline))
			}
		},
	}
}
