package cluster

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/go-cmp/cmp"
)

// experiment has runs enough for each of four shards to be met at work, and
// small is over soon.
const experiment = `traces: [%s]
measure_from: 25%%
target: hit_rate=0.95
policies:
  - {name: adaptive, hit_rate: [0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99]}
  - {name: static, level: [5, 10, 15, 20]}
`

const small = `traces: [%s]
policies: [{name: static, level: 1..20/20}]
`

// sweepAlone makes the trace and the experiment, and runs it on one machine.
func (s *site) sweepAlone(experiment string) {
	s.Helper()
	s.write("experiment.yaml", fmt.Sprintf(experiment, "requests.parquet"))
	s.run(0, "simulate trace generate platform --days 5 -o requests.parquet && simulate sweep experiment.yaml --out alone --quiet")
}

// sameAsAlone compares what the shards made of the experiment.
func (s *site) sameAsAlone(dir string) {
	s.Helper()
	for _, name := range []string{"plan.json", "results.parquet"} {
		if s.read(dir+"/"+name) != s.read("alone/"+name) {
			s.Errorf("%s of the shards is not that of one machine", name)
		}
	}
}

// kill kills the process of a shard that is at work, once some runs are
// finished.
func (s *site) kill(variable string, shard int, some func() bool) {
	s.Helper()
	s.await("a shard at work", func() bool { return some() && s.shardProcess(variable, shard) != 0 })
	if err := syscall.Kill(s.shardProcess(variable, shard), syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
}

// finished are the runs that are kept in a directory, with the time when each
// was.
func (s *site) finished(dir string) map[string]time.Time {
	s.Helper()
	at := map[string]time.Time{}
	names, err := filepath.Glob(s.path(dir + "/runs/*.json"))
	if err != nil {
		s.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			s.Fatal(err)
		}
		at[filepath.Base(name)] = info.ModTime()
	}
	return at
}

// notRepeated finds that what was finished was not made again.
func (s *site) notRepeated(dir string, before map[string]time.Time) {
	s.Helper()
	now := s.finished(dir)
	for name := range now {
		if _, ok := before[name]; !ok {
			delete(now, name)
		}
	}
	if diff := cmp.Diff(before, now); diff != "" || len(before) == 0 {
		s.Errorf("%d runs were finished; some were run again: %s", len(before), diff)
	}
}
