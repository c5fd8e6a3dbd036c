package api

import (
	"time"
)

// ClaimRequest asks for an instance. Only the category is required; a server
// with one category takes an empty one for that.
type ClaimRequest struct {
	Category string `json:"category"`
	Tenant   string `json:"tenant,omitempty"`
	TaskType string `json:"task_type,omitempty"`
	Zone     string `json:"zone,omitempty"`
	Image    string `json:"image,omitempty"`
	Dataset  string `json:"dataset,omitempty"`
	// Warm says what it wants of the instances that are warm: prefer (or
	// empty), require or never.
	Warm string `json:"warm,omitempty"`
	// DeadlineS is how long the request may wait, in seconds; zero is the
	// server's default.
	DeadlineS float64 `json:"deadline_s,omitempty"`
	// Key makes the request safe to repeat: with the key of a claim that waits
	// or is held, of the same tenant, it joins that in place of asking for
	// another instance. A request with a key waits on when its client goes away.
	Key string `json:"key,omitempty"`
	// Labels are kept with the claim and shown; nothing goes by them.
	Labels map[string]string `json:"labels,omitempty"`
	// Environment, Secrets and Files are for the instance, which has them before
	// the claim is answered.
	Environment map[string]string `json:"environment,omitempty"`
	Secrets     map[string]Secret `json:"secrets,omitempty"`
	Files       map[string][]byte `json:"files,omitempty"` // by path; base64 in JSON
}

// States of a claim.
const (
	Waiting    = "waiting"
	Delivering = "delivering" // it has an instance, which gets what is for it
	Held       = "held"
	Ended      = "failed" // it got no instance; Claim.Problem says why
)

// A Claim is a request and, once it is held, the instance that is the
// client's until it is released.
type Claim struct {
	Claim       string            `json:"claim"`
	State       string            `json:"state"` // waiting, delivering, held or failed
	Key         string            `json:"key,omitempty"`
	Category    string            `json:"category"`
	Tenant      string            `json:"tenant,omitempty"`
	TaskType    string            `json:"task_type,omitempty"`
	Zone        string            `json:"zone,omitempty"` // where the instance lives
	Image       string            `json:"image,omitempty"`
	Dataset     string            `json:"dataset,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Arrived     *time.Time        `json:"arrived,omitempty"`
	Assigned    *time.Time        `json:"assigned,omitempty"`
	Instance    string            `json:"instance,omitempty"`
	Address     string            `json:"address,omitempty"`
	PID         int               `json:"pid,omitempty"`
	Environment map[string]string `json:"environment,omitempty"` // what its user needs to know
	Outcome     string            `json:"outcome,omitempty"`     // hit, partial_hit or miss
	Reason      string            `json:"reason,omitempty"`      // why it got this instance
	WaitS       float64           `json:"wait_s"`
	Problem     *Problem          `json:"problem,omitempty"` // why it failed
}

// A ClaimPage is some of the claims, and where the others begin.
type ClaimPage struct {
	Claims []Claim `json:"claims"`
	Next   string  `json:"next,omitempty"` // cursor; empty: there are no more
}

// An Instance is one of the server's.
type Instance struct {
	Instance   string    `json:"instance"`
	Pool       string    `json:"pool"`
	Category   string    `json:"category"`
	Zone       string    `json:"zone,omitempty"`
	Tenant     string    `json:"tenant,omitempty"`
	State      string    `json:"state"` // launching, idle or serving
	Ordered    time.Time `json:"ordered"`
	Since      time.Time `json:"since"` // it has been in its state
	Address    string    `json:"address,omitempty"`
	Claim      string    `json:"claim,omitempty"` // that it serves
	Generation string    `json:"generation,omitempty"`
}

// An InstancePage is some of the instances, and where the others begin.
type InstancePage struct {
	Instances []Instance `json:"instances"`
	Next      string     `json:"next,omitempty"`
}

// A Hint announces requests that are to come.
type Hint struct {
	Category string    `json:"category"`
	Tenant   string    `json:"tenant,omitempty"`
	TaskType string    `json:"task_type,omitempty"`
	Zone     string    `json:"zone,omitempty"`
	Image    string    `json:"image,omitempty"`
	Dataset  string    `json:"dataset,omitempty"`
	Count    int       `json:"count"` // how many
	From     time.Time `json:"from"`  // the first comes not before
	To       time.Time `json:"to"`    // the last not after
	// Probability is that they come at all; zero is one.
	Probability float64 `json:"probability,omitempty"`
	Source      string  `json:"source,omitempty"` // who says so
}

// An Announced is a hint that was taken.
type Announced struct {
	Hint string `json:"hint"` // its name, to withdraw it
}

// maxBody bounds a request's body, in bytes, maxDelivery one that brings
// something for the instance, and bodyTimeout the time that it takes.
const (
	maxBody     = 16 << 10
	maxDelivery = 2 << 20
	bodyTimeout = 10 * time.Second
)
