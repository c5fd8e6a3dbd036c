// Package process is a provisioner of operating-system processes: each
// instance is one process, in a process group of its own, on this machine.
//
// A launch starts the command, waits for its readiness (a line on its
// standard output, or an answer over HTTP or TCP), and runs the warm-up
// command. An end is SIGTERM to the group and, after a grace, SIGKILL; what an
// instance leaves behind in its group when it exits is killed too. On Linux
// an instance dies with the server even if that is killed.
//
// What an instance uses is asked of /proc, and told on Linux only; the CPU time
// that it has used at its end everywhere.
//
// The command and the warm-up command find in their environment
// SHADOWPOOL_INSTANCE, SHADOWPOOL_CATEGORY, where zones matter SHADOWPOOL_ZONE and
// where they are reserved SHADOWPOOL_TENANT; where the readiness is asked
// over the network also SHADOWPOOL_PORT, a free port on the loopback interface
// ({port} in an argument is replaced by it); the warm-up command also
// SHADOWPOOL_ADDRESS and SHADOWPOOL_PID.
package process
