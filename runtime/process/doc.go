// Package process is a provisioner of operating-system processes: each
// instance is one process, in a process group of its own, on this machine.
//
// A launch starts the command, waits for its readiness (a line on its
// standard output, or an answer over HTTP or TCP), and runs the warm-up
// command. An end is SIGTERM to the group and, after a grace, SIGKILL; what an
// instance leaves behind in its group when it exits is killed too. A Start of a
// name that is launching, or warm, makes no other.
//
// On Linux an instance of New dies with the server even if that is killed. One of
// Open, which is Linux only, outlives it in a session of its own: a state folder
// has a record of each, and takes its output; every process has the pool's id in
// its environment, and what bears that is found even if its server was killed
// before it wrote the record. When an instance ends, all that has the mark is
// killed with it, also what has left its group. Who opens the folder next goes on
// with all of them, by pidfds: no other process is ever taken for one of them.
// It needs Linux 5.10; from 6.9 on a whole group is told to end, before only its
// leader is.
//
// What an instance uses is asked of /proc, and told on Linux only; the CPU time
// that it has used at its end everywhere, of one that an earlier server has
// started as it was seen last.
//
// The command and the warm-up command find in their environment
// SHADOWPOOL_INSTANCE, SHADOWPOOL_CATEGORY, where zones matter SHADOWPOOL_ZONE and
// where they are reserved SHADOWPOOL_TENANT; where the readiness is asked
// over the network also SHADOWPOOL_PORT, a free port on the loopback interface
// ({port} in an argument is replaced by it); the warm-up command also
// SHADOWPOOL_ADDRESS and SHADOWPOOL_PID. Where they outlive the server, both find
// SHADOWPOOL_POOL_ID and must leave it to what they start.
package process
