package cluster

import (
	"crypto/rand"
	"fmt"
	"os/user"
	"strings"
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
	s.await("an idle node", func() bool { return strings.Contains(s.output("sinfo", "--noheader", "--format=%T"), "idle") })
}
