package process

import (
	"context"
	"maps"
	"net"
	"slices"
	"strconv"

	"shadowpool/runtime"
)

// Agents know the agents in instances; *agents.Office does.
type Agents interface {
	// Environment is what the agent of an instance needs to know. Nobody else
	// may: it is no part of runtime.Instance.Environment.
	Environment(runtime.InstanceSpec) map[string]string
	// Await waits until the agent says that the instance is ready, and returns
	// the address, if it knows that.
	Await(ctx context.Context, name string) (address string, err error)
}

// agentEnvironment is what the agent of an instance finds beside all else.
func (r *recipe) agentEnvironment(spec runtime.InstanceSpec) []string {
	if !r.Ready.Agent {
		return nil
	}
	var all []string
	known := r.Agents.Environment(spec)
	for _, name := range slices.Sorted(maps.Keys(known)) {
		all = append(all, name+"="+known[name])
	}
	return all
}

// awaitAgent returns the address of a process when its agent says that it is
// ready.
func (r *recipe) awaitAgent(ctx context.Context, c *child, name string, port int) (string, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-c.gone:
			cancel(exited(c))
		case <-ctx.Done():
		}
	}()
	address, err := r.Agents.Await(ctx, name)
	if err == nil && address == "" {
		address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	return address, err
}
