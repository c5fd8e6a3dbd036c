// Package importers turns what people have at hand (logs of schedulers, public
// traces, answers of APIs) into traces. Each format is one file and one entry
// of [Formats]; [Import] reads it, [Stages] collects the lead-time samples
// that it holds.
//
// Nothing is left out silently: what does not become a request is counted by
// reason in [Result]. Input that breaks its format is an error that names
// file and line (or item), never a guess. Inputs may be compressed by gzip.
package importers
