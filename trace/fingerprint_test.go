package trace

import "testing"

// Whatever a result may depend on is told apart, and what it does not depend on
// is not.
func TestFingerprint(t *testing.T) {
	made := func() *Trace {
		return &Trace{Name: "a", Columns: Columns{
			Arrival: []int64{1, 2}, Duration: []int64{3, 4}, Category: []uint32{1, 0}, TaskType: []uint16{0, 1},
		}, Strings: Strings{Category: []string{"", "x"}, TaskType: []string{"", "y"}}}
	}
	seen := map[[32]byte]string{made().Fingerprint(): "itself"}
	for name, change := range map[string]func(*Trace){
		"name":      func(t *Trace) { t.Name = "b" },
		"relative":  func(t *Trace) { t.Relative = true },
		"arrival":   func(t *Trace) { t.Arrival[1]++ },
		"duration":  func(t *Trace) { t.Duration[0]++ },
		"category":  func(t *Trace) { t.Category[1] = 1 },
		"word":      func(t *Trace) { t.Strings.Category[1] = "z" },
		"task type": func(t *Trace) { t.TaskType[0] = 1 },
		"zone":      func(t *Trace) { t.Zone = []uint16{0, 0} },
		"tenant":    func(t *Trace) { t.Tenant = []uint32{0, 0} },
		"image":     func(t *Trace) { t.Image = []uint32{0, 0} },
		"dataset":   func(t *Trace) { t.Dataset = []uint32{0, 0} },
		"announced": func(t *Trace) { t.Announced = []int64{NoTime, 1} },
		"rows":      func(t *Trace) { t.Columns = t.Slice(0, 1) },
	} {
		other := made()
		change(other)
		f := other.Fingerprint()
		if as := seen[f]; as != "" {
			t.Errorf("another %s has the fingerprint of %s", name, as)
		}
		seen[f] = name
	}
	waited := made()
	waited.Wait = []int64{5, 6}
	if waited.Fingerprint() != made().Fingerprint() {
		t.Error("waits that were seen count")
	}
}
