package importers

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// kubernetesEvents is a list of events as JSON (kubectl get events -A -o
// json), of the core or of the events.k8s.io API. The events of one pod make
// one request: arrival = its first event, wait = Started - first event,
// duration = Killing - Started. A pod that ends by itself leaves no event of
// its end: it takes the options' law of durations. Category and image are the
// image pulled, the tenant the namespace.
//
// Stages: schedule (first event to Scheduled), prepare (to Pulling: volumes,
// network), pull (Pulling to Pulled), start (Pulled to Started).
func kubernetesEvents() Format {
	return Format{
		Name: "kubernetes-events", Inputs: "EVENTS.json...",
		About:  "Kubernetes events as JSON: kubectl get events --all-namespaces -o json",
		Stages: []string{"schedule", "prepare", "pull", "start"},
		read:   readEvents,
	}
}

type objectReference struct{ Kind, Namespace, Name, UID string }

type event struct {
	Reason, Message, Note string
	InvolvedObject        *objectReference
	Regarding             *objectReference

	EventTime                *time.Time
	FirstTimestamp           *time.Time
	DeprecatedFirstTimestamp *time.Time
	Metadata                 struct{ CreationTimestamp *time.Time }
}

// podHistory holds the first instant of each kind of event of a pod.
type podHistory struct {
	namespace, image                                   string
	first, scheduled, pulling, pulled, started, killed time.Time
}

func readEvents(c *collector, inputs []Input) error {
	var order []*podHistory
	pods := map[string]*podHistory{}
	for _, in := range inputs {
		err := in.items("items", func(raw json.RawMessage) error {
			var e event
			if err := json.Unmarshal(raw, &e); err != nil {
				return err
			}
			about := e.InvolvedObject
			if about == nil {
				about = e.Regarding
			}
			if about == nil {
				return fmt.Errorf("an event about nothing: neither involvedObject nor regarding")
			}
			if about.Kind != "Pod" {
				c.drop("event of a " + kindName(about.Kind))
				return nil
			}
			at := e.at()
			if at.IsZero() {
				return fmt.Errorf("event %s of pod %s has no time", e.Reason, about.Name)
			}
			if _, err := stamp(at); err != nil {
				return err
			}
			key := about.UID
			if key == "" {
				key = about.Namespace + "/" + about.Name
			}
			p := pods[key]
			if p == nil {
				if len(order) >= maxRequests {
					return fmt.Errorf("more than %d pods", maxRequests)
				}
				p = &podHistory{namespace: about.Namespace}
				pods[key] = p
				order = append(order, p)
			}
			p.note(e, at)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, p := range order {
		if err := p.add(c); err != nil {
			return err
		}
	}
	return nil
}

func (e *event) at() time.Time {
	for _, t := range []*time.Time{e.EventTime, e.FirstTimestamp, e.DeprecatedFirstTimestamp, e.Metadata.CreationTimestamp} {
		if t != nil && !t.IsZero() {
			return *t
		}
	}
	return time.Time{}
}

// note takes in one event. Reasons other than these (Created, BackOff,
// TriggeredScaleUp, ...) count only as the first sign of the pod.
func (p *podHistory) note(e event, at time.Time) {
	earliest(&p.first, at)
	switch e.Reason {
	case "Scheduled":
		earliest(&p.scheduled, at)
	case "Pulling":
		earliest(&p.pulling, at)
	case "Pulled":
		earliest(&p.pulled, at)
	case "Started":
		earliest(&p.started, at)
	case "Killing":
		if at.After(p.killed) {
			p.killed = at
		}
	}
	if p.image == "" && (e.Reason == "Pulling" || e.Reason == "Pulled") {
		message := e.Message + e.Note
		if _, rest, ok := strings.Cut(message, `"`); ok {
			p.image, _, _ = strings.Cut(rest, `"`)
		}
	}
}

func (p *podHistory) add(c *collector) error {
	c.stage("schedule", p.first, p.scheduled)
	if p.pulling.IsZero() {
		c.stage("prepare", p.scheduled, p.pulled)
	} else {
		c.stage("prepare", p.scheduled, p.pulling)
		c.stage("pull", p.pulling, p.pulled)
	}
	c.stage("start", p.pulled, p.started)
	if p.started.IsZero() {
		c.drop("pod never started")
		return nil
	}
	arrival, err := stamp(p.first)
	if err != nil {
		return err
	}
	r := record(arrival, 0)
	r.Wait = int64(p.started.Sub(p.first))
	r.Tenant, r.Image, r.Category = p.namespace, p.image, p.image
	if p.killed.IsZero() {
		return c.addUnknown(r, "pod's end is not among the events")
	}
	if p.killed.Before(p.started) {
		c.drop("pod ended before it started")
		return nil
	}
	r.Duration = int64(p.killed.Sub(p.started))
	return c.add(r)
}
