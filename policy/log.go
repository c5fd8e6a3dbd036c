package policy

import (
	"encoding/binary"
	"hash/crc32"
)

// Action is what a record of the log tells.
type Action uint8

// The actions.
const (
	Launched Action = iota
	Assigned
	Ended
	Moved
	Preparing
	Stopped
	Resumed
	Replaced // Instance is the one that takes over
	Refused
)

func (a Action) String() string {
	return [...]string{"launch", "assign", "end", "move", "prepare", "stop", "resume", "replace", "refuse"}[a]
}

// A Record is one action of a controller.
type Record struct {
	Time     Time
	Instance InstanceID // of Refused: 0, which is none
	Request  RequestID  // Assigned and Refused only, else -1
	Pool     PoolID     // of Moved: the new one
	Action   Action
	Reason   Reason
	Outcome  Outcome  // Assigned only
	Capacity Capacity // Launched only
}

const recordSize = 32

// A Log records a controller's actions in order, and a checksum of them: two
// runs decided alike if their logs have the same length and checksum.
type Log struct {
	buffer [recordSize * 1024]byte
	used   int
	count  int64
	sum    uint32
	sink   func([]Record) error
	batch  []Record
	err    error
}

// NewLog makes a log that passes batches of records to sink. The batch is
// reused; sink may be nil. The first error of sink stops the passing on and
// is returned by Flush.
func NewLog(sink func([]Record) error) *Log { return &Log{sink: sink} }

// Flush passes on what is buffered.
func (l *Log) Flush() error {
	l.drain()
	return l.err
}

// Digest is the number of records so far and their CRC-32C.
func (l *Log) Digest() (count int64, sum uint32) {
	l.drain()
	return l.count, l.sum
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (l *Log) drain() {
	b := l.buffer[:l.used]
	l.used = 0
	l.sum = crc32.Update(l.sum, castagnoli, b)
	l.count += int64(len(b) / recordSize)
	if l.sink == nil || l.err != nil || len(b) == 0 {
		return
	}
	l.batch = l.batch[:0]
	for ; len(b) > 0; b = b[recordSize:] {
		l.batch = append(l.batch, Record{
			Time:     int64(binary.LittleEndian.Uint64(b)),
			Instance: InstanceID(binary.LittleEndian.Uint64(b[8:])),
			Request:  RequestID(binary.LittleEndian.Uint64(b[16:])),
			Pool:     PoolID(binary.LittleEndian.Uint32(b[24:])),
			Action:   Action(b[28]), Reason: Reason(b[29]), Outcome: Outcome(b[30]), Capacity: Capacity(b[31]),
		})
	}
	l.err = l.sink(l.batch)
}

func (l *Log) append(t Time, id InstanceID, r RequestID, p PoolID, a Action, why Reason, o Outcome) {
	if l.used == len(l.buffer) {
		l.drain()
	}
	b := l.buffer[l.used : l.used+recordSize : l.used+recordSize]
	l.used += recordSize
	binary.LittleEndian.PutUint64(b, uint64(t))
	binary.LittleEndian.PutUint64(b[8:], uint64(id))
	binary.LittleEndian.PutUint64(b[16:], uint64(r))
	binary.LittleEndian.PutUint64(b[24:], uint64(p)|uint64(a)<<32|uint64(why)<<40|uint64(o)<<48)
}

func (l *Log) launch(t Time, id InstanceID, p PoolID, on Capacity, why Reason) {
	l.append(t, id, -1, p, Launched, why, 0)
	l.buffer[l.used-1] = byte(on)
}

func (l *Log) assign(t Time, a Assignment) {
	l.append(t, a.Instance, a.Request, a.Pool, Assigned, a.Reason, a.Outcome)
}

func (l *Log) end(t Time, id InstanceID, p PoolID, why Reason) {
	l.append(t, id, -1, p, Ended, why, 0)
}

func (l *Log) prepare(t Time, id InstanceID, p PoolID) {
	l.append(t, id, -1, p, Preparing, 0, 0)
}

func (l *Log) refuse(t Time, r RequestID, p PoolID, why Reason) {
	l.append(t, 0, r, p, Refused, why, 0)
}

func (l *Log) move(t Time, id InstanceID, to PoolID, why Reason) {
	l.append(t, id, -1, to, Moved, why, 0)
}
