package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"shadowpool/runtime"
	"shadowpool/trace"
)

// The files of a recording.
const (
	eventsFile    = "events.jsonl"
	requestsFile  = "requests.parquet"
	leadTimesFile = "leadtimes.csv"
)

// A recordingDir is the folder of a recording while it is written.
type recordingDir struct {
	runtime.Recording
	files    []*os.File
	requests *requestTrace
	buffer   *bufio.Writer
}

// openRecording makes the files of a recording. It never writes into one that
// exists.
func openRecording(dir string) (*recordingDir, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	r := &recordingDir{}
	for _, name := range []string{eventsFile, leadTimesFile, requestsFile} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			r.abandon()
			if errors.Is(err, os.ErrExist) {
				return nil, fmt.Errorf("%s holds a recording already (%s); choose another folder", dir, name)
			}
			return nil, err
		}
		r.files = append(r.files, f)
	}
	r.buffer = bufio.NewWriter(r.files[2])
	r.requests = &requestTrace{trace.NewWriter(r.buffer)}
	r.Recording = runtime.Recording{Events: r.files[0], LeadTimes: r.files[1], Requests: r.requests}
	return r, nil
}

// abandon removes what was made of a recording that cannot begin.
func (r *recordingDir) abandon() {
	if r == nil {
		return
	}
	for _, f := range r.files {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
}

func (r *recordingDir) close() error {
	if r == nil {
		return nil
	}
	all := []error{r.requests.Close(), r.buffer.Flush()}
	for _, f := range r.files {
		all = append(all, f.Close())
	}
	return errors.Join(all...)
}

// requestTrace writes requests as a trace.
type requestTrace struct{ *trace.Writer }

// Write implements runtime.RequestWriter.
func (t *requestTrace) Write(s runtime.Served) error {
	return t.Writer.Write(recordOf(s))
}
