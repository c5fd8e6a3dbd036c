package experiments

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// eachOf calls do with every number below n, on all cores.
func eachOf(n int, do func(i int)) {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		group.Go(func() error {
			do(i)
			return nil
		})
	}
	_ = group.Wait() // no error is made
}
