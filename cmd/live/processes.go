package main

import (
	"fmt"
	"os"

	"shadowpool/policy/config"
	"shadowpool/runtime"
	"shadowpool/runtime/agents"
	"shadowpool/runtime/process"
	"shadowpool/runtime/worker"
)

// provision sets the provisioner of the file's processes; or, where they outlive
// the server, how to open it: servers that share them do so when they lead.
func (s *settings) provision(file *config.File) error {
	each, err := processes(file, &s.options, s.agents)
	if err != nil {
		return err
	}
	s.options.Provisioner, err = process.New(each)
	if folder := file.Provisioner.State; folder != "" {
		s.open = func() (*process.Provisioner, error) { return process.Open(folder, each) }
	}
	return err
}

// processes are what the file says, by pool; where it names no command,
// built-in workers that take their category's lead time to get warm.
func processes(file *config.File, options *runtime.Options, office *agents.Office) (map[string]process.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program to start the built-in worker: %w", err)
	}
	each := make(map[string]process.Config)
	for i, k := range options.Fleet.Categories {
		category := k.Name
		if i < len(options.Places) {
			category = options.Places[i].Category
		}
		p := file.Provisioner.ProcessOf(category)
		c := process.Config{
			Command: p.Command, Environment: p.Environment, Dir: p.Directory, Warmup: p.WarmUp,
			Ready:        process.Ready{Line: p.Ready.Line, HTTP: p.Ready.HTTP, TCP: p.Ready.TCP, Agent: p.Ready.Agent},
			StartTimeout: p.StartTimeout, Grace: p.StopGrace,
		}
		if office != nil {
			c.Agents = office
		}
		if len(c.Command) == 0 {
			c.Command = []string{self, "worker", "--warm-up", k.LeadTime.String()}
			c.Ready = process.Ready{Line: worker.ReadyLine}
		}
		each[k.Name] = c
	}
	return each, nil
}
