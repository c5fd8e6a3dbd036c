package importers

import (
	"encoding/json"
	"fmt"
	"time"
)

// kubernetesPods is a list of pods as JSON (kubectl get pods -A -o json, or
// the API's PodList). Arrival = creation, wait = first container's start -
// creation, duration = last container's end - first container's start. The
// category and image are the first container's image, the tenant the
// namespace, the task type the kind of the owner.
//
// Stages: schedule (creation to PodScheduled), start (to the first container's
// start: pulls and volumes), ready (to Ready, of pods that still are).
func kubernetesPods() Format {
	return Format{
		Name: "kubernetes-pods", Inputs: "PODS.json...",
		About:  "Kubernetes pods as JSON: kubectl get pods --all-namespaces -o json",
		Stages: []string{"schedule", "start", "ready"},
		read: each(func(c *collector, in Input) error {
			return in.items("items", func(raw json.RawMessage) error {
				var p pod
				if err := json.Unmarshal(raw, &p); err != nil {
					return err
				}
				return p.add(c)
			})
		}),
	}
}

type pod struct {
	Kind     string
	Metadata struct {
		Name, Namespace   string
		CreationTimestamp time.Time
		OwnerReferences   []struct{ Kind string }
	}
	Spec struct {
		Containers []struct{ Image string }
	}
	Status struct {
		Phase      string
		Conditions []struct {
			Type, Status       string
			LastTransitionTime time.Time
		}
		ContainerStatuses []struct {
			State, LastState struct {
				Running    *struct{ StartedAt time.Time }
				Terminated *struct{ StartedAt, FinishedAt time.Time }
			}
		}
	}
}

func (p *pod) add(c *collector) error {
	if p.Kind != "" && p.Kind != "Pod" {
		c.drop("no pod but a " + kindName(p.Kind))
		return nil
	}
	created := p.Metadata.CreationTimestamp
	if created.IsZero() {
		return fmt.Errorf("pod %q has no creationTimestamp", p.Metadata.Name)
	}
	arrival, err := stamp(created)
	if err != nil {
		return err
	}
	var started, finished time.Time
	running := false
	for _, s := range p.Status.ContainerStatuses {
		if s.State.Running != nil {
			running = true
			earliest(&started, s.State.Running.StartedAt)
		}
		if t := s.State.Terminated; t != nil {
			earliest(&started, t.StartedAt)
			if t.FinishedAt.After(finished) {
				finished = t.FinishedAt
			}
		}
		if t := s.LastState.Terminated; t != nil { // it was restarted
			earliest(&started, t.StartedAt)
		}
	}
	p.stages(c, started)
	switch {
	case started.IsZero():
		c.drop("never started")
		return nil
	case started.Before(created):
		c.drop("started before it was created")
		return nil
	}
	if _, err := stamp(started); err != nil {
		return err
	}
	r := record(arrival, 0)
	r.Wait = int64(started.Sub(created))
	r.Tenant = p.Metadata.Namespace
	if len(p.Spec.Containers) > 0 {
		r.Image = p.Spec.Containers[0].Image
		r.Category = r.Image
	}
	if len(p.Metadata.OwnerReferences) > 0 {
		r.TaskType = p.Metadata.OwnerReferences[0].Kind
	}
	switch {
	case running || finished.IsZero():
		return c.addUnknown(r, "still running")
	case finished.Before(started):
		c.drop("ended before it started")
		return nil
	}
	if _, err := stamp(finished); err != nil {
		return err
	}
	r.Duration = int64(finished.Sub(started))
	return c.add(r)
}

func (p *pod) stages(c *collector, started time.Time) {
	var scheduled, ready time.Time
	for _, condition := range p.Status.Conditions {
		if condition.Status != "True" {
			continue
		}
		switch condition.Type {
		case "PodScheduled":
			scheduled = condition.LastTransitionTime
		case "Ready":
			ready = condition.LastTransitionTime
		}
	}
	c.stage("schedule", p.Metadata.CreationTimestamp, scheduled)
	c.stage("start", scheduled, started)
	c.stage("ready", started, ready)
}

// earliest lowers t to x where x is known.
func earliest(t *time.Time, x time.Time) {
	if !x.IsZero() && (t.IsZero() || x.Before(*t)) {
		*t = x
	}
}

// kindName keeps what input can put into a reason short.
func kindName(kind string) string { return fmt.Sprintf("%.40q", kind) }
