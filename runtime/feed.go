package runtime

import (
	"encoding/json"
	"fmt"
	"slices"

	"shadowpool/policy"
)

// events are a controller's, or a referee's that stands before one.
type events interface {
	Start(policy.Time)
	Arrive(policy.Time, policy.Request)
	Cancel(policy.Time, policy.PoolID, policy.RequestID) bool
	Warm(policy.Time, policy.InstanceID)
	Release(policy.Time, policy.InstanceID)
	Fail(policy.Time, policy.InstanceID, policy.Failure)
	Lose(policy.Time, policy.InstanceID)
	Drain(policy.Time)
	Reopen(policy.Time)
	Pause(policy.Time, policy.PoolID, bool)
	Reset(policy.Time, policy.PoolID)
	Announce(policy.Time, policy.Hint) bool
	Withdraw(policy.Time, policy.HintID) bool
	Configure(policy.Time, policy.Config, policy.Sizer) error
	NextTimer() (policy.Time, policy.Class)
	Fire()
}

// A feed passes entries on to a controller, the same way live, when a host is
// restored and when a log is verified.
type feed struct {
	to     events
	header Header
	sizer  policy.Sizer
	heeded bool // whether the latest hint, or its withdrawal, was taken
}

// build is the configuration that a header describes, and its sizer.
func (h *Header) build() (policy.Config, policy.Sizer, error) {
	config, err := h.fleet()
	if err != nil {
		return config, nil, fmt.Errorf("header: %w", err)
	}
	specs, err := policy.ParseSpecs(h.Policy)
	if err != nil {
		return config, nil, fmt.Errorf("header: %w", err)
	}
	if len(specs) != 1 {
		return config, nil, fmt.Errorf("header: %q is not one policy", h.Policy)
	}
	sizer, err := policy.Build(specs[0], policy.Fleet{Config: config})
	if err != nil {
		err = fmt.Errorf("header: %w", err)
	}
	return config, sizer, err
}

// classes are those of the events that are not timers.
var classes = map[string]policy.Class{
	"start": policy.ClassWarm, "warm": policy.ClassWarm,
	"release": policy.ClassRelease, "fail": policy.ClassRelease, "lose": policy.ClassRelease,
	"arrive": policy.ClassArrival, "cancel": policy.ClassArrival, "drain": policy.ClassArrival, "reopen": policy.ClassArrival,
	"pause": policy.ClassArrival, "reset": policy.ClassArrival, "announce": policy.ClassArrival, "withdraw": policy.ClassArrival,
	"configure": policy.ClassArrival, "stray": policy.ClassArrival,
}

// entry passes an event on. The error is what a log's entry lacks; of what
// cannot be the controller panics.
func (f *feed) entry(e *Entry) error {
	var id policy.InstanceID
	switch e.Event {
	case "arrive", "cancel", "pause", "reset":
		if e.Pool == nil || int(*e.Pool) >= len(f.header.Categories) {
			return fmt.Errorf("%s lacks its pool, or it is not one of the header's categories", e.Event)
		}
		if e.Request == nil && (e.Event == "arrive" || e.Event == "cancel") {
			return fmt.Errorf("%s lacks its request", e.Event)
		}
	case "warm", "release", "fail", "lose":
		var err error
		if id, err = instanceOf(e.Instance); err != nil {
			return err
		}
	}
	switch e.Event {
	case "start":
		f.to.Start(e.T)
	case "arrive":
		return f.arrive(e)
	case "cancel":
		f.to.Cancel(e.T, *e.Pool, *e.Request)
	case "warm":
		f.to.Warm(e.T, id)
	case "release":
		f.to.Release(e.T, id)
	case "fail":
		why, err := failure(e.Reason)
		if err != nil {
			return err
		}
		f.to.Fail(e.T, id, why)
	case "lose":
		f.to.Lose(e.T, id)
	case "drain":
		f.to.Drain(e.T)
	case "reopen":
		f.to.Reopen(e.T)
	case "pause":
		f.to.Pause(e.T, *e.Pool, e.Paused != nil && *e.Paused)
	case "reset":
		f.to.Reset(e.T, *e.Pool)
	case "announce":
		return f.announce(e)
	case "withdraw":
		if e.HintID == nil {
			return fmt.Errorf("withdraw lacks its hint")
		}
		f.heeded = f.to.Withdraw(e.T, *e.HintID)
	case "configure":
		return f.configure(e)
	case "timer":
		f.to.Fire()
	}
	return nil
}

func (f *feed) arrive(e *Entry) error {
	warm, err := policy.ParseWarmth(e.Warm)
	if err != nil {
		return err
	}
	r := policy.Request{ID: *e.Request, Pool: *e.Pool, Tenant: e.Tenant, TaskType: e.TaskType, Warm: warm, Anywhere: e.Anywhere}
	if e.HintID != nil {
		r.Hint = *e.HintID
	}
	f.to.Arrive(e.T, r)
	return nil
}

func (f *feed) announce(e *Entry) error {
	if e.Hint == nil {
		return fmt.Errorf("announce lacks its hint")
	}
	l := e.Hint
	h := policy.Hint{
		ID: l.ID, Pool: l.Pool, Count: l.Count, From: l.From, To: l.To, Probability: l.Probability, Source: l.Source,
		Target: policy.Target{Image: l.Image, TaskType: l.TaskType, Dataset: l.Dataset, Tenant: l.Tenant},
	}
	if err := h.Check(len(f.header.Categories)); err != nil {
		return err
	}
	f.heeded = f.to.Announce(e.T, h)
	return nil
}

// configure takes over another configuration. A policy of the same name for the
// same categories goes on with what it has learned.
func (f *feed) configure(e *Entry) error {
	if e.Config == nil {
		return fmt.Errorf("configure lacks its configuration")
	}
	config, sizer, err := e.Config.build()
	if err != nil {
		return err
	}
	if e.Config.learnsAs(&f.header) {
		if was, ok := f.sizer.(policy.Stateful); ok {
			if b, err := json.Marshal(was.State()); err == nil {
				if json.Unmarshal(b, sizer.(policy.Stateful).State()) != nil { // a parameter changes the state's form
					_, sizer, _ = e.Config.build()
				}
			}
		}
	}
	if err := f.to.Configure(e.T, config, sizer); err != nil {
		return err
	}
	f.header, f.sizer = *e.Config, sizer
	return nil
}

// learnsAs says whether what a policy has learned under another header holds
// under h too.
func (h *Header) learnsAs(o *Header) bool {
	name := func(h *Header) string {
		specs, err := policy.ParseSpecs(h.Policy)
		if err != nil || len(specs) != 1 {
			return ""
		}
		return specs[0].Name
	}
	return name(h) == name(o) && h.Timezone == o.Timezone && h.TickNS == o.TickNS &&
		slices.EqualFunc(h.Categories, o.Categories, func(a, b HeaderCategory) bool {
			return a.Name == b.Name && a.LeadTimeNS == b.LeadTimeNS // by which forecasts look ahead
		})
}

// failure is the reason of a log's failure.
func failure(name string) (policy.Failure, error) {
	if name == "" {
		return policy.BootFailed, nil
	}
	return named(name, policy.BootFailed, policy.OverQuota)
}

// check says why a configuration cannot be taken over.
func (f *feed) check(h *Header) error {
	config, _, err := h.build()
	if err != nil {
		return err
	}
	if err := config.Check(); err != nil {
		return err
	}
	for i, was := range f.header.Categories {
		switch {
		case i >= len(h.Categories) || h.Categories[i].Name != was.Name:
			return fmt.Errorf("category %q is in use and cannot be left out", was.Name)
		case h.Categories[i].ReservedFor != was.ReservedFor:
			return fmt.Errorf("category %q: whom it is reserved for cannot change", was.Name)
		}
	}
	return nil
}
