// Package cluster spreads one command over the machines of a cluster. Every
// shard runs the same command and finds by itself which one it is (Shard). The
// cluster is told in its own words: a batch script with an array for Slurm, a
// manifest with an Indexed Job for Kubernetes; both are text that a person can
// read, change and submit, or that Submit gives to the cluster's own client.
//
// The package knows nothing of what the command does but this: what a shard
// has finished it does not repeat when it runs again, and exit status 2 means
// bad input, with which it would only fail again.
package cluster
