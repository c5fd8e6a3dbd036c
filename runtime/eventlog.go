package runtime

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"shadowpool/policy"
)

// logVersion changes with every change of the event log's form.
const logVersion = 2

// An Entry is any other line: an event and the actions that it caused.
// Instances are named slot-generation; names of tenants, task types and so on
// are for readers and for a host that is restored, the controller saw the numbers.
type Entry struct {
	T            policy.Time       `json:"t"` // ns since the epoch
	Event        string            `json:"event"`
	Class        string            `json:"class,omitempty"` // of a timer
	Request      *policy.RequestID `json:"request,omitempty"`
	Pool         *policy.PoolID    `json:"pool,omitempty"`
	Tenant       uint32            `json:"tenant,omitempty"`
	TaskType     uint32            `json:"task_type,omitempty"`
	TenantName   string            `json:"tenant_name,omitempty"`
	TaskTypeName string            `json:"task_type_name,omitempty"`
	Warm         string            `json:"warm,omitempty"`     // what the request wants, unless that is prefer
	Anywhere     bool              `json:"anywhere,omitempty"` // it is bound to no zone
	Asked        *Asked            `json:"asked,omitempty"`    // of an arrival
	Instance     string            `json:"instance,omitempty"`
	Made         *Made             `json:"made,omitempty"`   // what became warm
	Reason       string            `json:"reason,omitempty"` // of a failure, unless it is boot_failed
	Error        string            `json:"error,omitempty"`
	Hint         *HintLine         `json:"hint,omitempty"`
	HintID       *policy.HintID    `json:"hint_id,omitempty"` // that is withdrawn
	Paused       *bool             `json:"paused,omitempty"`
	Config       *Header           `json:"config,omitempty"` // that is taken over
	Strays       []string          `json:"strays,omitempty"` // instances that nobody knows
	Actions      []Decision        `json:"actions,omitempty"`

	claim *claim      // that arrives; nil in a log
	moot  func() bool // whether the timers that were due before it leave nothing to do; nil: they cannot
}

// Asked is what a request asked for beside what decides.
type Asked struct {
	Category string            `json:"category"`
	Zone     string            `json:"zone,omitempty"`
	Image    string            `json:"image,omitempty"`
	Dataset  string            `json:"dataset,omitempty"`
	Key      string            `json:"key,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

// Made is what is known of an instance that is warm.
type Made struct {
	Address string `json:"address,omitempty"`
	PID     int    `json:"pid,omitempty"`
}

// A HintLine is a policy.Hint as the log has it.
type HintLine struct {
	ID          policy.HintID `json:"id"`
	Pool        policy.PoolID `json:"pool"`
	Count       int32         `json:"count"`
	From        policy.Time   `json:"from"`
	To          policy.Time   `json:"to"`
	Probability float64       `json:"probability"`
	Source      uint32        `json:"source,omitempty"`
	Tenant      uint32        `json:"tenant,omitempty"`
	TaskType    uint32        `json:"task_type,omitempty"`
	Image       uint32        `json:"image,omitempty"`
	Dataset     uint32        `json:"dataset,omitempty"`
	// For who reads it, and for a host that is restored.
	SourceName   string `json:"source_name,omitempty"`
	TenantName   string `json:"tenant_name,omitempty"`
	TaskTypeName string `json:"task_type_name,omitempty"`
}

// A Decision is an action of the controller with what Record leaves out.
type Decision struct {
	policy.Record
	Delay int64 // ns; see policy.Assignment
}

// decisionLine is a Decision as the log has it.
type decisionLine struct {
	T        policy.Time       `json:"t"`
	Action   string            `json:"action"`
	Instance string            `json:"instance,omitempty"`
	Pool     policy.PoolID     `json:"pool"`
	Reason   string            `json:"reason"`
	Request  *policy.RequestID `json:"request,omitempty"`
	Outcome  string            `json:"outcome,omitempty"`
	DelayNS  int64             `json:"delay_ns,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (a Decision) MarshalJSON() ([]byte, error) {
	l := decisionLine{
		T: a.Time, Action: a.Action.String(), Instance: nameOf(a.Instance), Pool: a.Pool, Reason: a.Reason.String(), DelayNS: a.Delay,
	}
	switch a.Action {
	case policy.Assigned:
		l.Request, l.Outcome = &a.Request, a.Outcome.String()
	case policy.Refused:
		l.Request, l.Instance = &a.Request, ""
	}
	return json.Marshal(l)
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Decision) UnmarshalJSON(b []byte) error {
	var l decisionLine
	if err := json.Unmarshal(b, &l); err != nil {
		return err
	}
	*a = Decision{policy.Record{Time: l.T, Pool: l.Pool, Request: -1}, l.DelayNS}
	var err error
	if a.Action, err = named(l.Action, policy.Launched, policy.Refused); err != nil {
		return err
	}
	if a.Reason, err = named(l.Reason, policy.ForLevel, policy.Reserved); err != nil {
		return err
	}
	if a.Action == policy.Assigned || a.Action == policy.Refused {
		if l.Request == nil {
			return fmt.Errorf("the action %s lacks its request", l.Action)
		}
		a.Request = *l.Request
	}
	if a.Action != policy.Refused {
		if a.Instance, err = instanceOf(l.Instance); err != nil {
			return err
		}
	}
	if a.Action == policy.Assigned {
		a.Outcome, err = named(l.Outcome, policy.Hit, policy.Miss)
	}
	return err
}

// named finds the value between first and last that has a name.
func named[T interface {
	~uint8
	fmt.Stringer
}](name string, first, last T) (T, error) {
	for v := first; v <= last; v++ {
		if v.String() == name {
			return v, nil
		}
	}
	return 0, fmt.Errorf("unknown name %.100q", name)
}

// instanceOf reads what nameOf wrote.
func instanceOf(name string) (policy.InstanceID, error) {
	slot, generation, _ := strings.Cut(name, "-")
	s, err := strconv.ParseUint(slot, 10, 32)
	g, err2 := strconv.ParseUint(generation, 10, 32)
	if err != nil || err2 != nil {
		return 0, fmt.Errorf("%.100q is not an instance: want slot-generation such as 3-1", name)
	}
	return policy.InstanceID(g<<32 | s), nil
}

func timerName(c policy.Class) string {
	if c == policy.ClassExpiry {
		return "expiry"
	}
	return "tick"
}
