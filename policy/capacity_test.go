package policy

// onDemand is the part of a host that only other capacity types need.
type onDemand struct{}

func (onDemand) Stop(Time, InstanceID, PoolID)           { panic("stopped") }
func (onDemand) Resume(Time, InstanceID, PoolID, Reason) { panic("resumed") }
func (onDemand) Replace(Time, InstanceID, InstanceID)    { panic("replaced") }
