package policy

// An AimingSizer is a Sizer that says what instances of categories with stages
// are prepared for. Under other sizers they are prepared for nothing in
// particular until they have served.
type AimingSizer interface {
	Sizer
	// Holds tells how many of p's instances are prepared for a target or are
	// being prepared for it, those of single tenants aside, when that changes.
	Holds(p PoolID, to Target, n int32)
	// Aim is what the next instance of p is to be prepared for.
	Aim(t Time, p PoolID) Target
	// Keeps tells how many of p's idle instances keep a key beside their target or
	// are fetching it, those of single tenants aside, when that changes.
	Keeps(p PoolID, key KeptKey, n int32)
	// Further is the key for which an idle instance of p that is prepared for is,
	// and keeps some more, the longest kept first, is to do a stage next, of those that keep
	// several. It may take the place of one that it keeps.
	Further(t Time, p PoolID, is Target, keeps []KeptKey) (KeptKey, bool)
	// Reaim says whether one of p's idle instances that are prepared for is
	// would better be prepared for another target. Called at ticks, until it
	// says no, for every target that p has idle instances for.
	Reaim(t Time, p PoolID, is Target) (Target, bool)
	// Promoted tells of an instance of p that was promoted for a request, what that needs, and
	// the stages that it lacked; waited is set if the request had to wait for the instance too. It comes before Arrive of the same request.
	Promoted(t Time, p PoolID, needs Target, lacked uint8, waited bool)
	// Worth fills in what one of the instances saves that are prepared for each of
	// some targets, in seconds of waiting; the least worth is ended first. The zero
	// Target saves nothing.
	Worth(t Time, p PoolID, of []Target, worth []float64)
}
