package policy

// targetCache remembers which row of a table some targets had, as a map takes
// several times as long. Who asks checks that the row is still the target's.
type targetCache [1 << targetCacheBits]uint32

const targetCacheBits = 8

// at is where a target's row is remembered; of tells apart what else the
// table's keys have.
func (c *targetCache) at(t Target, of uint32) *uint32 {
	// Odd multipliers, of which the highest bits depend on all of the target's.
	h := t.Dataset*0x9e3779b1 + t.TaskType*0x85ebca6b + t.Image*0xc2b2ae35 + t.Tenant*0x27d4eb2f + of*0x165667b1
	return &c[h>>(32-targetCacheBits)]
}
