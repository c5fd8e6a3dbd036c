package profile

import "time"

// ID is a number that the caller gave to a name; 0 is unknown.
type ID = uint32

// An Observation is what is known of a request that has finished. Of each list
// the first 64 entries count; a name that is listed twice counts once.
type Observation struct {
	At           int64 // ns since the epoch; if before the newest, it counts as of then
	TaskType     ID
	Tenant       ID
	Image        ID
	Dependencies []ID // a set
	Datasets     []Use
	Stages       []StageTime
	Duration     time.Duration // of the task; negative is unknown
}

// A Use is a dataset that a request read.
type Use struct {
	Dataset ID
	Share   float64 // of the dataset that was read, in (0, 1]; anything else is unknown
	Bytes   int64   // of the whole dataset; not positive is unknown
	// Private says that only the request's tenant may read it. Private uses of
	// an unknown tenant are not learned.
	Private bool
}

// A StageTime is how long a stage of warm-up took.
type StageTime struct {
	Stage ID
	Key   ID // what the stage worked on: the image it pulled, say; may be 0
	Took  time.Duration
}

// mostListed bounds what an observation costs.
const mostListed = 64

// seconds is a span in seconds.
func seconds(d time.Duration) float64 { return float64(d) / 1e9 }
