package virtual

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"shadowpool/runtime"
)

// A Launch says what becomes of a launch: it is warm after the lead time or, if
// there is an error, fails with it then. It is asked once for each instance
// that is made, and must not call the provisioner.
type Launch func(runtime.InstanceSpec) (lead time.Duration, err error)

// Constant is a Launch that always takes so long.
func Constant(lead time.Duration) Launch {
	return func(runtime.InstanceSpec) (time.Duration, error) { return lead, nil }
}

// Drawn is a Launch whose lead times are drawn, each from a stream of its own
// that depends on the seed and the instance's name: in whatever order instances
// are launched, one of the same name takes as long.
func Drawn(seed uint64, draw func(*rand.Rand) time.Duration) Launch {
	return func(spec runtime.InstanceSpec) (time.Duration, error) {
		h := fnv.New64a()
		h.Write([]byte(spec.Name))
		return draw(rand.New(rand.NewPCG(seed, h.Sum64()))), nil
	}
}
