package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"shadowpool/policy/plan"
)

// A Welcome answers a Registration.
type Welcome struct {
	Session  string   `json:"session"`
	Settings Settings `json:"settings"`
}

// Settings are how an agent works.
type Settings struct {
	Recipes   []Recipe `json:"recipes,omitempty"`
	Allowed   []string `json:"allowed,omitempty"` // prefixes of the URLs that it may read
	DiskBytes int64    `json:"disk_bytes"`        // that its cache may take
	User      string   `json:"user,omitempty"`    // whom commands run as, if the agent is root
	Limits    Limits   `json:"limits"`
	// SecretsIn is where the secrets of a request go: SecretsInFiles or
	// SecretsInEnvironment.
	SecretsIn string `json:"secrets_in"`
	// OrphanS is how long an agent stays without a server, s; OrphanServingS how
	// long one that serves a claim at most. Then it runs OrphanCommand, if any.
	OrphanS        float64  `json:"orphan_s"`
	OrphanServingS float64  `json:"orphan_serving_s"`
	OrphanCommand  []string `json:"orphan_command,omitempty"`
}

// Where secrets go.
const (
	SecretsInFiles       = "files"
	SecretsInEnvironment = "environment"
)

// Limits bound a command of the predictive workload.
type Limits struct {
	Seconds     float64 `json:"seconds"`
	MemoryBytes int64   `json:"memory_bytes"` // of all its processes
	Processes   int     `json:"processes"`
}

// A Recipe says what steps of a kind mean whose name matches Name, as in
// path.Match; the first that matches counts. One of URL, Command and Files is
// given. In all of them {name} stands for the step's name, {tenant} for the
// plan's tenant.
type Recipe struct {
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	URL     string   `json:"url,omitempty"`     // of a dataset
	Command []string `json:"command,omitempty"` // program and arguments
	Files   []string `json:"files,omitempty"`   // patterns of files that are read
	// Private says that only the tenant that asked for it may have it.
	Private bool `json:"private,omitempty"`
}

// Kinds of orders.
const (
	OrderPlan    = "plan"
	OrderPromote = "promote"
	OrderRelease = "release" // the claim is over, the instance is not
	OrderStop    = "stop"
)

// Orders are those after what was asked for, oldest first.
type Orders struct {
	Orders []Order `json:"orders,omitempty"`
}

// An Order is to be carried out.
type Order struct {
	Seq       int64           `json:"seq"`
	Kind      string          `json:"kind"`
	Plan      json.RawMessage `json:"plan,omitempty"` // as plan.ParseJSON reads it
	Promotion *Promotion      `json:"promotion,omitempty"`
	Claim     string          `json:"claim,omitempty"` // that is over
}

// A Promotion is what the instance is now used for.
type Promotion struct {
	Claim    string `json:"claim"`
	Tenant   string `json:"tenant,omitempty"`
	TaskType string `json:"task_type,omitempty"`
	Delivery
}

// A Delivery is the configuration of a request.
type Delivery struct {
	Environment map[string]string `json:"environment,omitempty"`
	Secrets     map[string]string `json:"secrets,omitempty"`
	Files       map[string][]byte `json:"files,omitempty"` // by relative path
}

// Received answers a Report: the events before Next need not be told again.
type Received struct {
	Next int64 `json:"next"`
}

// Validate implements Message.
func (r Received) Validate() error { return between("next", float64(r.Next), 0, 1<<53) }

// Validate implements Message.
func (w Welcome) Validate() error {
	if w.Session == "" {
		return fmt.Errorf("a welcome without a session")
	}
	return first(text("session", w.Session), w.Settings.Validate())
}

// Validate implements Message.
func (s Settings) Validate() error {
	if err := first(atMost("recipes", len(s.Recipes)), atMost("prefixes", len(s.Allowed)), atMost("arguments", len(s.OrphanCommand)),
		text("user", s.User), between("disk_bytes", float64(s.DiskBytes), 0, 1<<60), span("limits.seconds", s.Limits.Seconds),
		between("limits.memory_bytes", float64(s.Limits.MemoryBytes), 0, 1<<60), between("limits.processes", float64(s.Limits.Processes), 0, 1<<22),
		between("orphan_s", s.OrphanS, 0.1, 365*24*3600), between("orphan_serving_s", s.OrphanServingS, 0.1, 365*24*3600)); err != nil {
		return err
	}
	if s.SecretsIn != SecretsInFiles && s.SecretsIn != SecretsInEnvironment {
		return fmt.Errorf("secrets_in %.100q is neither %s nor %s", s.SecretsIn, SecretsInFiles, SecretsInEnvironment)
	}
	for _, r := range s.Recipes {
		if err := r.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Validate implements Message.
func (r Recipe) Validate() error {
	kind, ok := kindOf(r.Kind)
	if !ok {
		return fmt.Errorf("recipe: %.100q is no kind of step", r.Kind)
	}
	if _, err := path.Match(r.Name, ""); err != nil || r.Name == "" {
		return fmt.Errorf("recipe: name %.100q is no pattern", r.Name)
	}
	ways := 0
	for _, given := range []bool{r.URL != "", len(r.Command) > 0, len(r.Files) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fmt.Errorf("recipe for %s %.100q: has %d of url, command and files; keep one", r.Kind, r.Name, ways)
	case (kind == plan.Prefetch) != (r.URL != ""):
		return fmt.Errorf("recipe for %s %.100q: datasets, and nothing else, have a url", r.Kind, r.Name)
	case (kind == plan.Cache) != (len(r.Files) > 0):
		return fmt.Errorf("recipe for %s %.100q: caches, and nothing else, have files", r.Kind, r.Name)
	case len(r.Command) > 0 && r.Command[0] == "":
		return fmt.Errorf("recipe for %s %.100q: the command names no program", r.Kind, r.Name)
	}
	return first(atMost("arguments", len(r.Command)), atMost("patterns", len(r.Files)))
}

// Find is the recipe for a step.
func (s *Settings) Find(kind plan.Kind, name string) (*Recipe, bool) {
	if !Plain(name) {
		return nil, false
	}
	for i := range s.Recipes {
		r := &s.Recipes[i]
		if k, ok := kindOf(r.Kind); !ok || k != kind {
			continue
		}
		if ok, _ := path.Match(r.Name, name); ok || r.Name == "*" {
			return r, true
		}
	}
	return nil, false
}

// Plain tells whether a name may become part of a URL, a path or an argument.
// Names come from those who ask for instances: none must look like an option or
// lead elsewhere.
func Plain(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || strings.Trim(part[:1], letters) != "" || strings.Trim(part, letters+"._@:+=-") != "" {
			return false
		}
	}
	return true
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Validate implements Message.
func (o Orders) Validate() error {
	if err := atMost("orders", len(o.Orders)); err != nil {
		return err
	}
	last := int64(0)
	for _, one := range o.Orders {
		if one.Seq <= last || one.Seq > 1<<53 {
			return fmt.Errorf("order %d comes after %d", one.Seq, last)
		}
		last = one.Seq
		if err := one.Validate(); err != nil {
			return fmt.Errorf("order %d: %w", one.Seq, err)
		}
	}
	return nil
}

// Validate implements Message.
func (o Order) Validate() error {
	switch o.Kind {
	case OrderPlan:
		_, err := plan.ParseJSON(o.Plan)
		return err
	case OrderPromote:
		if o.Promotion == nil {
			return fmt.Errorf("a promotion without what for")
		}
		return o.Promotion.Validate()
	case OrderRelease, OrderStop:
		return text("claim", o.Claim)
	}
	return fmt.Errorf("there is no order %.100q", o.Kind)
}

// Validate implements Message.
func (p Promotion) Validate() error {
	if p.Claim == "" {
		return fmt.Errorf("a promotion without its claim")
	}
	return first(text("claim", p.Claim), text("tenant", p.Tenant), text("task_type", p.TaskType), p.Delivery.Validate())
}

// Validate implements Message. Its errors never have a value.
func (d Delivery) Validate() error {
	if err := first(atMost("variables", len(d.Environment)), atMost("secrets", len(d.Secrets)), atMost("files", len(d.Files))); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(d.Environment)) {
		if err := variable("environment", name, d.Environment[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Secrets)) {
		if err := variable("secret", name, d.Secrets[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Files)) {
		if name == "" || len(name) > 1024 || !utf8.ValidString(name) || strings.ContainsAny(name, "\\\x00") ||
			path.IsAbs(name) || path.Clean(name) != name || name == "." || name == ".." || strings.HasPrefix(name, "../") {
			return fmt.Errorf("file %.100q: want a relative path within the instance's own folder", name)
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, both := d.Files[dir]; both {
				return fmt.Errorf("file %.100q: %.100q is a file too, not a folder", name, dir)
			}
		}
	}
	return nil
}

// Reserved is the beginning of the names that a request cannot set.
const Reserved = "SHADOWPOOL_"

// dangerous change which code a program runs, the agent's own children among
// them, and not what it works on.
var dangerous = []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"}

func variable(what, name, value string) error {
	if name == "" || len(name) > maxName || strings.Trim(name, letters+"_") != "" || strings.Trim(name[:1], "0123456789") == "" {
		return fmt.Errorf("%s %.100q: want letters, digits and _, not beginning with a digit", what, name)
	}
	if strings.HasPrefix(name, Reserved) || slices.Contains(dangerous, name) {
		return fmt.Errorf("%s %s: a request cannot set it", what, name)
	}
	if len(value) > 128<<10 || strings.ContainsRune(value, 0) {
		return fmt.Errorf("%s %s: want a value of at most 128 KiB without zero bytes", what, name)
	}
	return nil
}

// toText is valid text of at most so many bytes.
func toText(s string, most int) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) > most {
		s = strings.ToValidUTF8(s[len(s)-most:], "")
	}
	return s
}
