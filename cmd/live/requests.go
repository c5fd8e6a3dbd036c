package main

import (
	"shadowpool/runtime"
	"shadowpool/trace"
	"shadowpool/trace/recorder"
)

// openRequests starts the recording of requests that the configuration asks for, if any,
// beside that of --record. Nil is none.
func openRequests(s *settings, options *runtime.Options) (*requestFolder, error) {
	if s.file == nil || s.file.Recording == nil {
		return nil, nil
	}
	c := s.file.Recording
	r, err := recorder.Open(c.Requests, recorder.Options{
		Rotate: c.Rotate, Rows: c.RotateRows, Keep: c.Keep, KeepBytes: c.KeepSize, Logger: s.options.Logger,
	})
	if err != nil {
		return nil, err
	}
	f := &requestFolder{Recorder: r, also: options.Recording.Requests}
	options.Recording.Requests = f
	return f, nil
}

// A requestFolder is where requests are recorded over restarts.
type requestFolder struct {
	*recorder.Recorder
	also runtime.RequestWriter // nil: nobody else is told
}

// Write implements runtime.RequestWriter. It never waits.
func (f *requestFolder) Write(s runtime.Served) error {
	f.Recorder.Write(recordOf(s))
	if f.also == nil {
		return nil
	}
	return f.also.Write(s)
}

func (f *requestFolder) close() error {
	if f == nil {
		return nil
	}
	return f.Close()
}

// recordOf is a request as a row of a trace.
func recordOf(s runtime.Served) trace.Record {
	return trace.Record{
		Arrival: s.Arrival, Duration: s.Duration, Wait: s.Wait, Announced: trace.NoTime,
		Category: s.Category, TaskType: s.TaskType, Tenant: s.Tenant, Zone: s.Zone, Image: s.Image, Dataset: s.Dataset,
	}
}
