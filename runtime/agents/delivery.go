package agents

import "shadowpool/runtime/wire"

// A Delivery is the configuration of a request, for the instance that serves
// it.
type Delivery struct {
	// Tenant and TaskType are the request's: the instance may then read the
	// tenant's own datasets.
	Tenant, TaskType string
	Environment      map[string]string
	// Secrets are variables too, or files in memory, as it is configured.
	Secrets map[string]string
	Files   map[string][]byte // by relative path
}

func (d Delivery) wire() wire.Delivery {
	return wire.Delivery{Environment: d.Environment, Secrets: d.Secrets, Files: d.Files}
}
