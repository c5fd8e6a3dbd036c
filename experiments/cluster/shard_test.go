package cluster

import (
	"strings"
	"testing"
)

func TestShard(t *testing.T) {
	for _, c := range []struct {
		name, environment string
		i, n              int
		fails             string // what the error says
	}{
		{name: "no cluster", environment: "SLURM_JOB_ID=7"},
		{name: "array", environment: "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3", i: 2, n: 4},
		{name: "array from one", environment: "SLURM_ARRAY_TASK_ID=4 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=4", i: 3, n: 4},
		{name: "one lost task again", environment: "SHADOWPOOL_SHARDS=4 SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=1 SLURM_ARRAY_TASK_MIN=2 SLURM_ARRAY_TASK_MAX=2", i: 2, n: 4},
		{name: "two lost tasks again", environment: "SHADOWPOOL_SHARDS=4 SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=3", i: 3, n: 4},
		{name: "indexed job", environment: "SHADOWPOOL_SHARDS=8 JOB_COMPLETION_INDEX=0", i: 0, n: 8},

		{name: "array with gaps", environment: "SLURM_ARRAY_TASK_ID=2 SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=4", fails: "set SHADOWPOOL_SHARDS"},
		{name: "task outside its array", environment: "SLURM_ARRAY_TASK_ID=5 SLURM_ARRAY_TASK_COUNT=4 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=3", fails: "is not between"},
		{name: "no count", environment: "SLURM_ARRAY_TASK_ID=5", fails: "not SLURM_ARRAY_TASK_COUNT"},
		{name: "no completions", environment: "JOB_COMPLETION_INDEX=0", fails: "the job's completions"},
		{name: "no index", environment: "SHADOWPOOL_SHARDS=8", fails: "which of them"},
		{name: "array from one, told", environment: "SHADOWPOOL_SHARDS=4 SLURM_ARRAY_TASK_ID=4", fails: "the first is 0"},
		{name: "index beyond", environment: "SHADOWPOOL_SHARDS=8 JOB_COMPLETION_INDEX=8", fails: "the first is 0"},
		{name: "both", environment: "SHADOWPOOL_SHARDS=8 JOB_COMPLETION_INDEX=1 SLURM_ARRAY_TASK_ID=1", fails: "which shard"},
		{name: "no shards", environment: "SHADOWPOOL_SHARDS=0 JOB_COMPLETION_INDEX=0", fails: "the first is 0"},
		{name: "negative", environment: "SHADOWPOOL_SHARDS=8 JOB_COMPLETION_INDEX=-1", fails: "JOB_COMPLETION_INDEX=-1 is not a number"},
		{name: "empty", environment: "SHADOWPOOL_SHARDS= JOB_COMPLETION_INDEX=0", fails: "SHADOWPOOL_SHARDS= is not a number"},
		{name: "no number in the array", environment: "SLURM_ARRAY_TASK_ID=1 SLURM_ARRAY_TASK_COUNT=x", fails: "SLURM_ARRAY_TASK_COUNT=x is not a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := map[string]string{}
			for _, pair := range strings.Fields(c.environment) {
				name, value, _ := strings.Cut(pair, "=")
				set[name] = value
			}
			i, n, ok, err := Shard(func(name string) (string, bool) { value, ok := set[name]; return value, ok })
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || ok {
					t.Fatalf("shard %d of %d, %v, error %v, want one that says %q", i, n, ok, err, c.fails)
				}
				return
			}
			if err != nil || i != c.i || n != c.n || ok != (c.n > 0) {
				t.Fatalf("shard %d of %d, %v, error %v, want %d of %d", i, n, ok, err, c.i, c.n)
			}
		})
	}
}
