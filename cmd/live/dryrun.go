package main

import (
	"time"

	"shadowpool/policy"
	"shadowpool/runtime"
	"shadowpool/runtime/virtual"
)

// dryProvisioner makes instances that are nowhere, each warm after the mean lead
// time of its pool.
func dryProvisioner(fleet *policy.Config) runtime.Provisioner {
	leads := make(map[string]time.Duration)
	for _, k := range fleet.Categories {
		leads[k.Name] = k.LeadTime
	}
	return virtual.New(func(spec runtime.InstanceSpec) (time.Duration, error) { return leads[spec.Pool], nil })
}
