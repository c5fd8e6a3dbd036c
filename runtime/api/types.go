package api

import (
	"context"
	"time"

	"shadowpool/runtime"
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
	// Environment, Secrets and Files are for the instance, which has them before
	// the claim is answered.
	Environment map[string]string `json:"environment,omitempty"`
	Secrets     map[string]string `json:"secrets,omitempty"`
	Files       map[string][]byte `json:"files,omitempty"` // by path; base64 in JSON
}

// A Delivery is what a claim brings for its instance.
type Delivery struct {
	Environment, Secrets map[string]string
	Files                map[string][]byte
}

// A Claim is an instance that is the client's until it is released.
type Claim struct {
	Claim       string            `json:"claim"`
	Category    string            `json:"category"`
	Zone        string            `json:"zone,omitempty"` // where the instance lives
	Instance    string            `json:"instance"`
	Address     string            `json:"address,omitempty"`
	PID         int               `json:"pid,omitempty"`
	Environment map[string]string `json:"environment,omitempty"`
	Outcome     string            `json:"outcome"` // hit, partial_hit or miss
	Reason      string            `json:"reason"`  // why it got this instance
	WaitS       float64           `json:"wait_s"`
}

// A Problem is an error's body.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"` // of the request
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// Options are the server's limits; a zero is the default.
type Options struct {
	ClaimDeadline time.Duration // of a claim that names none: 1 min
	MaxDeadline   time.Duration // that a claim may name: 10 min
	MaxRequests   int           // in progress at one time: 12,000
	// Deliver brings to a promoted instance what its claim has for it, before the
	// client hears of it. It is called for every claim: an instance with an agent
	// is to hear of its promotion. Nil: nothing is delivered.
	Deliver func(context.Context, runtime.Grant, Delivery) error
}

// maxBody bounds a request's body, in bytes, and bodyTimeout the time that it
// takes.
const (
	maxBody     = 16 << 10
	bodyTimeout = 10 * time.Second
)
