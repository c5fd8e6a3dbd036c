package cluster

import (
	"fmt"
	"strconv"
)

// ShardsVariable names the variable of the environment that holds the number
// of shards. Both systems number the tasks of a job, but only Slurm says how
// many there are, and not even Slurm does where one lost task is run again.
const ShardsVariable = "SHADOWPOOL_SHARDS"

// The variables with which the clusters tell a task its number.
const (
	slurmTask  = "SLURM_ARRAY_TASK_ID"
	slurmCount = "SLURM_ARRAY_TASK_COUNT"
	slurmMin   = "SLURM_ARRAY_TASK_MIN"
	slurmMax   = "SLURM_ARRAY_TASK_MAX"
	kubeIndex  = "JOB_COMPLETION_INDEX"
)

// Shard finds out from the environment that this process is shard i of n, from
// 0; lookup is os.LookupEnv. It is not ok where the process is no task of a
// Slurm array nor a pod of an Indexed Job. The number of shards is that of
// ShardsVariable; without it, an array's own, whose tasks must then be numbered
// without gaps. It is an error if the variables contradict each other or leave
// open how many shards there are: to guess would lose runs.
func Shard(lookup func(string) (string, bool)) (i, n int, ok bool, err error) {
	e := environment{lookup: lookup}
	task, inArray := e.number(slurmTask)
	index, inJob := e.number(kubeIndex)
	shards, told := e.number(ShardsVariable)
	switch {
	case e.err != nil:
		return 0, 0, false, e.err
	case inArray && inJob:
		return 0, 0, false, fmt.Errorf("both %s=%d and %s=%d are set: which shard is this?", slurmTask, task, kubeIndex, index)
	case !inArray && !inJob && told:
		return 0, 0, false, fmt.Errorf("%s=%d is set, but neither %s nor %s says which of them this is", ShardsVariable, shards, slurmTask, kubeIndex)
	case !inArray && !inJob:
		return 0, 0, false, nil
	case inJob && !told:
		return 0, 0, false, fmt.Errorf("%s=%d is set, but not of how many: set %s to the job's completions", kubeIndex, index, ShardsVariable)
	case told:
		if i = max(task, index); i >= shards { // the other is 0
			return 0, 0, false, fmt.Errorf("%s=%d, but this is task %d, and the first is 0", ShardsVariable, shards, i)
		}
		return i, shards, true, nil
	}
	count, first, last := e.required(slurmCount), e.required(slurmMin), e.required(slurmMax)
	switch {
	case e.err != nil:
		return 0, 0, false, e.err
	case last-first+1 != count:
		return 0, 0, false, fmt.Errorf("the array has %d tasks from %d to %d: set %s if some of them only are run again", count, first, last, ShardsVariable)
	case task < first || task > last:
		return 0, 0, false, fmt.Errorf("%s=%d is not between %s=%d and %s=%d", slurmTask, task, slurmMin, first, slurmMax, last)
	}
	return task - first, count, true, nil
}

// An environment reads numbers and keeps the first error.
type environment struct {
	lookup func(string) (string, bool)
	err    error
}

// number reads a variable that may be missing.
func (e *environment) number(name string) (value int, ok bool) {
	text, ok := e.lookup(name)
	if !ok || e.err != nil {
		return 0, false
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 0 {
		e.err = fmt.Errorf("%s=%s is not a number from 0", name, text)
		return 0, false
	}
	return value, true
}

func (e *environment) required(name string) int {
	value, ok := e.number(name)
	if !ok && e.err == nil {
		e.err = fmt.Errorf("%s is set, but not %s: set %s to the number of shards", slurmTask, name, ShardsVariable)
	}
	return value
}
