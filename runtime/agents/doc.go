// Package agents is the server's side of the agents in instances (package
// agent): it gives each instance a token, tells its agent what to do, and learns
// from what it reports.
//
// An [Office] keeps a session by agent, in memory only: an agent that the server
// does not know, because it was started again or another server leads now,
// registers anew and says in which state it is. Plans come from a learn.Learner.
// They are looked over now and then, and a shadow is turned to another one where
// that saves more.
package agents
