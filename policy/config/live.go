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
	// State is the folder of processes that outlive the server, on Linux only;
	// empty where they die with it.
	State string
	// Categories replace parts of Process for single categories.
	Categories []CategoryProcess
	Agent      *Agent // nil without the section
}

// A Process is an instance that is a process of the operating system; what
// package runtime/process needs to know.
type Process struct {
	Command      []string      // program and arguments; empty is the built-in worker
	Environment  []string      // NAME=VALUE, beside the server's own
	Directory    string        // working directory; empty is the server's
	Ready        Ready         // one of its fields is set where there is a command
	WarmUp       []string      // program and arguments, run once the process is ready
	StartTimeout time.Duration // from order to warm; then the launch has failed
	StopGrace    time.Duration // from the request to end until it is killed
}

// Ready says how a process shows that it is ready; one field is set.
type Ready struct {
	Line string // a line of its standard output matches this (RE2)
	HTTP string // this path on its port answers with a status from 200 to 299
	TCP  bool   // its port accepts a connection
	// Agent: it is, or has, an agent, which says so.
	Agent bool
}

// CategoryProcess is the process of one category, complete.
type CategoryProcess struct {
	Name string
	Process
}

// Defaults of the live sections.
const (
	DefaultListen        = "localhost:8080"
	DefaultClaimDeadline = time.Minute
	DefaultMaxDeadline   = 10 * time.Minute
	DefaultStartTimeout  = 5 * time.Minute
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
	to.Process = Process{StartTimeout: DefaultStartTimeout, StopGrace: DefaultStopGrace}
	base := func() CategoryProcess { return CategoryProcess{Process: to.Process} }
	return object{
		fields: []field{
			{key: "process", schema: process(&to.Process, field{key: "state", schema: name(&to.State)})},
			{key: "categories", schema: list[CategoryProcess]{&to.Categories, base, func(c *CategoryProcess) schema {
				return process(&c.Process, field{key: "name", required: "the name of a category of the fleet", schema: name(&c.Name)})
			}}},
			{key: "agent", schema: agent(&to.Agent)},
		},
		check: func(p *parser, _ *yaml.Node, path string, _ map[string]*yaml.Node) {
			to.checkAgents(p, path)
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

// process reads what a process is, and more.
func process(to *Process, more ...field) schema {
	argument := func(s *string) schema { return text(s) }
	return object{
		fields: append(more, []field{
			{key: "command", schema: command{list[string]{&to.Command, nil, argument}}},
			{key: "environment", schema: table{&to.Environment}},
			{key: "directory", schema: name(&to.Directory)},
			{key: "ready", schema: ready(&to.Ready)},
			{key: "warm_up", schema: command{list[string]{&to.WarmUp, nil, argument}}},
			{key: "start_timeout", schema: span(&to.StartTimeout, time.Millisecond, maxWait)},
			{key: "stop_grace", schema: span(&to.StopGrace, time.Millisecond, maxWait)},
		}...),
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			switch {
			case len(to.Command) > 0 && to.Ready == Ready{} && given["ready"] == nil:
				p.fail(n, path, "ready is missing: how the command shows that it is ready, such as ready: {line: listening}")
			case len(to.Command) == 0 && given["command"] == nil && given["ready"] != nil:
				p.fail(given["ready"], join(path, "ready"), "is given without a command; the built-in worker says itself when it is ready")
			}
		},
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
	var this Ready // replaces the one that was inherited
	return object{
		fields: []field{
			{key: "line", schema: pattern(&this.Line)},
			{key: "http", schema: webPath(&this.HTTP)},
			{key: "tcp", schema: oneOf(&this.TCP, choice[bool]{"true", true})},
			{key: "agent", schema: oneOf(&this.Agent, choice[bool]{"true", true})},
		},
		check: func(p *parser, n *yaml.Node, path string, given map[string]*yaml.Node) {
			if len(given) != 1 {
				p.fail(n, path, "has %d ways of being ready; keep one of line, http, tcp and agent", len(given))
			}
			*to = this
		},
	}
}
