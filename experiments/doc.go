// Package experiments runs many policies on one trace and says how they
// differ: compared side by side at their own settings (Compare), or as curves
// of waste against service with one knob swept (Sweep), matched at the service
// that a platform wants (Match), or over a grid of traces, fleets and targets,
// with intervals from days that are drawn again (Study, Resample). Decide chooses
// among the settings of a sweep (package sweep), and says what that saves and how
// sure it is. The package writes the answers as tables, JSON, CSV, pictures and
// one page that holds them.
//
// A Backtester judges forecasters by themselves, whatever a policy would make
// of what they say.
//
// Runs share the trace, see the same random draws, and are spread over all
// cores; a result does not depend on how many there are. Figures are defined
// in docs/figures.md.
package experiments
