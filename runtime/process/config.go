package process

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Config says what the processes are.
type Config struct {
	// Command and its arguments. It is not passed through a shell.
	Command []string
	// Environment adds KEY=VALUE to the server's own environment.
	Environment []string
	// Dir is where it runs; empty is where the server does.
	Dir string
	// Ready says when it is ready; exactly one of its fields is set.
	Ready Ready
	// Warmup, if any, is run for each instance that is ready; it must exit
	// with status 0 before the instance is warm.
	Warmup []string
	// Agents know of it where Ready.Agent is set.
	Agents Agents
	// StartTimeout bounds the time from order to warm; zero is 5 min.
	StartTimeout time.Duration
	// Grace is the time between SIGTERM and SIGKILL; zero is 5 s.
	Grace time.Duration
}

// Ready says how a process shows that it is ready.
type Ready struct {
	// Line is a regular expression (RE2) that a line of the standard output
	// matches. Its first group, if any, is the instance's address.
	Line string
	// HTTP is a path on SHADOWPOOL_PORT that answers with status 2xx.
	HTTP string
	// TCP asks for a connection to SHADOWPOOL_PORT.
	TCP bool
	// Agent waits until the instance's agent says so; see Agents.
	Agent bool
}

// recipe checks c and fills in the defaults.
func (c Config) recipe() (recipe, error) {
	if len(c.Command) == 0 || c.Command[0] == "" {
		return recipe{}, fmt.Errorf("no command; set provisioner.command")
	}
	if c.StartTimeout < 0 || c.Grace < 0 {
		return recipe{}, fmt.Errorf("a time-out is negative")
	}
	if c.StartTimeout == 0 {
		c.StartTimeout = 5 * time.Minute
	}
	if c.Grace == 0 {
		c.Grace = 5 * time.Second
	}
	for _, e := range c.Environment {
		if i := strings.IndexByte(e, '='); i <= 0 {
			return recipe{}, fmt.Errorf("environment %q is not KEY=VALUE", e)
		}
	}
	ways := 0
	for _, set := range []bool{c.Ready.Line != "", c.Ready.HTTP != "", c.Ready.TCP, c.Ready.Agent} {
		if set {
			ways++
		}
	}
	if ways != 1 {
		return recipe{}, fmt.Errorf("readiness is %d of a line, an HTTP path, a TCP port and an agent; choose one", ways)
	}
	if c.Ready.Agent && c.Agents == nil {
		return recipe{}, fmt.Errorf("readiness is an agent's, but nothing knows of agents")
	}
	if c.Ready.HTTP != "" && c.Ready.HTTP[0] != '/' {
		return recipe{}, fmt.Errorf("readiness path %q does not begin with /", c.Ready.HTTP)
	}
	if c.Ready.Line == "" {
		return recipe{Config: c}, nil
	}
	line, err := regexp.Compile(c.Ready.Line)
	if err != nil {
		return recipe{}, fmt.Errorf("readiness line: %w", err)
	}
	return recipe{c, line}, nil
}
