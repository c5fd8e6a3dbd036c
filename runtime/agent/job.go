package agent

import (
	"encoding/json"
	"errors"
	"io"
	"time"
)

// A job is what Confine does, its first line of input. The end of the input is
// the order to end.
type job struct {
	Command     []string `json:"command,omitempty"`
	Environment []string `json:"environment,omitempty"`
	Directory   string   `json:"directory,omitempty"`
	UID         int      `json:"uid"` // 0: the agent's own
	GID         int      `json:"gid"`
	Limits      limits   `json:"limits"`
	// Wipe are folders that go when the input ends.
	Wipe []string `json:"wipe,omitempty"`
}

// limits of a command and everything that it starts.
type limits struct {
	Time      time.Duration `json:"time"`
	Memory    int64         `json:"memory"` // bytes, resident
	Processes int           `json:"processes"`
	File      int64         `json:"file"` // bytes, of a single file
}

// An outcome is how a command has ended.
type outcome struct {
	Status int           `json:"status"`           // -1: by a signal
	Killed string        `json:"killed,omitempty"` // why, if it was
	CPU    time.Duration `json:"cpu"`
	Error  string        `json:"error,omitempty"` // why it has not started
}

// maxJob bounds a job, in bytes.
const maxJob = 1 << 20

// readJob reads the first line, and nothing behind it.
func readJob(in io.Reader) (job, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < maxJob {
		if _, err := io.ReadFull(in, one); err != nil {
			return job{}, err
		}
		if one[0] == '\n' {
			var j job
			return j, json.Unmarshal(line, &j)
		}
		line = append(line, one[0])
	}
	return job{}, errors.New("a job that is too long")
}
