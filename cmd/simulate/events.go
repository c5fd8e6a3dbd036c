package main

import (
	"errors"
	"fmt"
	"os"

	"shadowpool/policy"
	"shadowpool/sim"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// An event is a row of a decision log.
type event struct {
	Time     int64  `parquet:"time,delta,timestamp(nanosecond)"`
	Action   string `parquet:"action,dict"`
	Reason   string `parquet:"reason,dict"`
	Outcome  string `parquet:"outcome,optional,dict"` // of an assignment
	Category string `parquet:"category,dict"`
	Instance uint64 `parquet:"instance,delta"`
	Request  *int64 `parquet:"request,optional"` // of an assignment: the row of the trace
}

// eventsPerGroup bounds the memory of writing.
const eventsPerGroup = 1 << 17

// eventFile writes a decision log as Parquet, beside its final name until it
// is complete.
type eventFile struct {
	path     string
	file     *os.File
	writer   *parquet.GenericWriter[event]
	names    []string // by pool
	rows     []event
	requests []int64
}

func createEvents(path string, fleet sim.Fleet) (*eventFile, error) {
	file, err := os.Create(path + ".part")
	if err != nil {
		return nil, fmt.Errorf("--events: %w", err)
	}
	e := &eventFile{path: path, file: file}
	for _, k := range fleet.Categories {
		e.names = append(e.names, k.Name)
	}
	e.writer = parquet.NewGenericWriter[event](file,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.MaxRowsPerRowGroup(eventsPerGroup),
		parquet.KeyValueMetadata("shadowpool.events", "1"))
	return e, nil
}

// write is the sink of a policy.Log.
func (e *eventFile) write(batch []policy.Record) error {
	if e.requests == nil || len(batch) > len(e.requests) {
		e.requests = make([]int64, len(batch))
	}
	e.rows = e.rows[:0]
	for i, r := range batch {
		row := event{
			Time: r.Time, Action: r.Action.String(), Reason: r.Reason.String(),
			Category: e.names[r.Pool], Instance: uint64(r.Instance),
		}
		if r.Action == policy.Assigned {
			e.requests[i] = int64(r.Request)
			row.Outcome, row.Request = r.Outcome.String(), &e.requests[i]
		}
		e.rows = append(e.rows, row)
	}
	_, err := e.writer.Write(e.rows)
	return failed(err)
}

// close completes the file if the run went well, and else removes it. It
// returns the run's error or its own.
func (e *eventFile) close(run error) error {
	err := run
	if err == nil {
		err = failed(e.writer.Close())
	}
	if closing := e.file.Close(); err == nil {
		err = failed(closing)
	}
	if err == nil {
		err = failed(os.Rename(e.file.Name(), e.path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(e.file.Name()))
	}
	return nil
}
