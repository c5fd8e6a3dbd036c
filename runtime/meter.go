package runtime

import (
	"context"
	"time"
)

// A Meter is a Provisioner that can tell what its instances use. Its method
// may be called beside those of Provisioner.
type Meter interface {
	// Usage is that of the instances that exist, by name. It leaves out those
	// that it cannot tell of, and those that end while it looks: neither is an
	// error. When ctx ends first it returns an error and no figures.
	Usage(ctx context.Context) (map[string]Usage, error)
}

// Usage is what an instance uses, with all that it has started and that
// belongs to it still. A figure that cannot be told is Unknown.
type Usage struct {
	CPU    time.Duration // of all processors, since its start
	Memory int64         // bytes that are resident
	// Cached is how many bytes of Memory are the kernel's copies of files, or
	// shared memory: instances of the same program share most of them, but
	// each counts them.
	Cached int64
	// Read and Written are bytes fetched from and sent to storage since its
	// start; what the page cache had is not among them.
	Read, Written int64
}

// Unknown is a figure of Usage that cannot be told.
const Unknown = -1
