package process

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A record is what a server that is started again must know of an instance.
type record struct {
	Name  string        `json:"name"`
	Pool  string        `json:"pool"`
	Grace time.Duration `json:"grace_ns"`
	// Of all processes, only one has this number, started at this time (in
	// the kernel's units since the system was booted), under this boot.
	PID     int    `json:"pid"`
	Started uint64 `json:"started_ticks"`
	Boot    string `json:"boot"`

	Port  int       `json:"port,omitempty"`
	Began time.Time `json:"began"`
	Stage stage     `json:"stage"`
	// What follows is known when it is ready, or warm.
	Address     string            `json:"address,omitempty"`
	Launch      time.Duration     `json:"launch_ns,omitempty"`
	WarmUp      time.Duration     `json:"warm_up_ns,omitempty"`
	WarmUpCPU   time.Duration     `json:"warm_up_cpu_ns,omitempty"`
	Environment map[string]string `json:"environment,omitempty"` // for who claims it
}

// A stage is how far an instance has come; empty is not known.
type stage string

const (
	launching stage = "launching"
	warming   stage = "warming" // it is ready, and the warm-up command runs
	warm      stage = "warm"
)

// Endings of an instance's files.
const (
	ofRecord = ".json"
	ofStdout = ".out"
	ofStderr = ".err"
)

// save writes a record, whole or not at all. It need not outlive a crash of the
// machine: no process does.
func (s *state) save(r *record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	path := s.path(r.Name, ofRecord)
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot record an instance: %w", err)
	}
	return os.Rename(path+".new", path)
}

// records reads those of all instances. whole is by name; the others, cut off
// or of instances that were never recorded, are names only.
func (s *state) records() (whole map[string]record, others []string, err error) {
	files, err := os.ReadDir(s.path("", ""))
	if err != nil {
		return nil, nil, err
	}
	whole = make(map[string]record)
	seen := make(map[string]bool)
	for _, f := range files {
		name, ending, _ := strings.Cut(f.Name(), ".")
		seen[name] = true
		if "."+ending != ofRecord {
			continue
		}
		b, err := os.ReadFile(s.path(name, ofRecord))
		if err != nil {
			return nil, nil, err
		}
		var r record
		if json.Unmarshal(b, &r) == nil && r.Name == name && r.PID > 0 {
			whole[name] = r
		}
	}
	for name := range seen {
		if _, ok := whole[name]; !ok {
			others = append(others, name)
		}
	}
	return whole, others, nil
}

// path is that of one of an instance's files.
func (s *state) path(name, ending string) string {
	return filepath.Join(s.folder, "instances", name+ending)
}

// remove removes an instance's files.
func (s *state) remove(name string) error {
	for _, ending := range []string{ofStdout, ofStderr, ofRecord + ".new", ofRecord} {
		if err := os.Remove(s.path(name, ending)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
