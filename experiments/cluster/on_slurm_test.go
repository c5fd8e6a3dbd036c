package cluster

import (
	"crypto/rand"
	"fmt"
	"os/user"
	"strings"
	"testing"
)

// startSlurm starts a controller and one node of two processors, and what
// vouches for users between them, all on the loopback interface.
func (s *site) startSlurm() {
	s.Helper()
	me, err := user.Current()
	if err != nil {
		s.Fatal(err)
	}
	s.write("munge.key", rand.Text()+rand.Text())
	s.daemon("munged", "--foreground", "--socket="+s.path("munge.socket"), "--key-file="+s.path("munge.key"),
		"--pid-file="+s.path("munge.pid"), "--seed-file="+s.path("munge.seed"), "--log-file="+s.path("munge.log"))
	s.write("slurm.conf", fmt.Sprintf(`
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=%[3]d
SlurmdPort=%[4]d
AuthType=auth/munge
AuthInfo=socket=%[1]s/munge.socket
CredType=cred/munge
SlurmUser=%[2]s
SlurmdUser=%[2]s
StateSaveLocation=%[1]s/slurm-state
SlurmdSpoolDir=%[1]s/slurm-spool
SlurmctldPidFile=%[1]s/slurmctld.pid
SlurmdPidFile=%[1]s/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 RealMemory=1024
PartitionName=main Nodes=localhost Default=YES State=UP
`, s.dir, me.Username, s.port(), s.port()))
	s.set("SLURM_CONF", s.path("slurm.conf"))
	s.run(0, "mkdir slurm-state slurm-spool")
	s.daemon("slurmctld", "-D")
	s.daemon("slurmd", "-D", "-N", "localhost")
	s.Cleanup(func() { // tasks are not the daemons' children
		_ = s.command("scancel", "--user", me.Username).Run() // there may be none
		s.await("the end of all tasks", func() bool { return s.output("squeue", "--noheader") == "" })
	})
	s.await("an idle node", func() bool { return strings.Contains(s.output("sinfo", "--noheader", "--format=%T"), "idle") })
}

// TestClusterSlurm runs docs/cluster.md's sweep as an array, and loses two of its
// tasks: one whose process is killed, which Slurm runs again, and one that is
// cancelled, which only the user can. The end is that of one machine.
func TestClusterSlurm(t *testing.T) {
	s := newSite(t, "munged", "slurmctld", "slurmd", "sbatch")
	s.startSlurm()
	s.sweepAlone(experiment)
	commands, again := s.blocks("Slurm", 3), s.blocks("When a shard is lost", 4)

	s.run(0, commands[0])
	s.kill("SLURM_ARRAY_TASK_ID", 1, func() bool { return len(s.finished("results")) > 0 })
	finished := s.finished("results")
	s.await("shard 3 to begin", func() bool { return s.shardProcess("SLURM_ARRAY_TASK_ID", 3) != 0 })
	s.run(0, "scancel 1_3")
	s.await("shard 1 to be queued again", func() bool {
		return strings.Contains(s.output("scontrol", "show", "job", "1_1"), "Restarts=1")
	})
	s.run(0, commands[1])
	s.run(0, "scontrol update jobid=1_1 StartTime=now") // not in two minutes
	s.awaitSlurm()
	if text := s.read("experiment-1_1.log"); strings.Count(text, "Killed") != 1 || !strings.Contains(text, "runs are done") {
		t.Errorf("the log of shard 1 does not hold both of its attempts:\n%s", text)
	}
	if missing := s.run(1, again[0]+" 2>&1"); !strings.Contains(missing, "of shard 3/4 are missing") || strings.Contains(missing, "shard 1/4") {
		t.Errorf("shard 3 is lost, and no other: %s", missing)
	}

	s.run(0, again[1])
	s.awaitSlurm()
	s.sameAsAlone("results")
	s.notRepeated("results", finished)
	s.run(0, commands[2])

	// Nothing is left to do, and each shard sees it.
	finished = s.finished("results")
	s.run(0, again[3])
	s.awaitSlurm()
	s.notRepeated("results", finished)
}

// TestClusterSlurmRefused: bad input is not tried again, and what a script
// holds is what the program is given, in directories with any name.
func TestClusterSlurmRefused(t *testing.T) {
	s := newSite(t, "munged", "slurmctld", "slurmd", "sbatch")
	s.startSlurm()
	dir := `it's a "$(folder)"`
	s.write(dir+"/experiment.yaml", "traces: [none.parquet]\n")
	s.run(0, `cd "`+strings.NewReplacer(`"`, `\"`, `$`, `\$`).Replace(dir)+`" && simulate sweep experiment.yaml --submit slurm --shards 1 --cpus 1 --memory 100M --now`)
	s.awaitSlurm()
	state := s.output("scontrol", "show", "job", "1_0")
	if text := s.read(dir + "/experiment-1_0.log"); !strings.Contains(text, dir+"/none.parquet: no such file") || !strings.Contains(state, "Restarts=0") || !strings.Contains(state, "ExitCode=2:0") {
		t.Errorf("%s\n%s", text, state)
	}
	s.write("experiment.yaml", "{}\n")
	if out := s.run(1, "simulate sweep experiment.yaml --submit slurm --partition none --now 2>&1"); !strings.Contains(out, "invalid partition") {
		t.Errorf("what sbatch says is lost: %s", out)
	}
}

func (s *site) awaitSlurm() {
	s.Helper()
	s.await("the queue to be empty", func() bool { return s.succeeds("squeue") && s.output("squeue", "--noheader") == "" })
}
