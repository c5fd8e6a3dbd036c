// Package agent is what runs in an instance: it makes it warm, and hands it
// over.
//
// An agent registers with its server, is told a plan of the predictive workload
// (package plan) and carries it out: datasets are read ahead into a cache on
// disk, files into the page cache, commands run. It reports each step with the
// time that it took. When the instance is promoted it stops all that, within a
// second, puts the configuration of the request where the service finds it, and
// serves. In the end it reports what the task has really used, which is what
// later plans are made from.
//
// What is trusted: the server, which proves itself by the instance's token
// (package wire), over TLS unless it is on this machine. It says by recipes what
// the steps of a plan mean. Names in a plan come from those who ask for
// instances; so a name is put into a recipe only if it can be nothing but a
// name, datasets are read from allowed prefixes only, and commands run as an
// unprivileged user, with limits, in a folder of their own, with nothing of the
// agent's environment. They do not run in a sandbox beyond that: what that
// user may read, they may.
//
// All that an agent keeps is in one folder, and secrets in one in memory. Both
// go when it ends. A process beside it sees to that even if it is killed.
package agent
