package policy

import "time"

// waits are the slots between the runs in which a category is in use, counted
// by their length, and what classes them needs to know of the runs.
type waits struct {
	Seen     bool
	First    int64 // slot in which the category was first used
	Last     int64 // slot in which it was last used
	RunStart int64
	Counts   []int32 // by length; the last has all that are longer
	N        int32   // the sum of Counts
	Total    int64   // slots of waiting, ever
	Shortest int64   // completed run, in slots
	Runs     int64   // completed
	InRuns   int64   // slots of completed runs
}

const (
	slotSpan    = int64(time.Minute)
	longestWait = 240 // slots
	fewestWaits = 5   // that tell a class
	forgetAfter = 512 // waits
	// mostModes are the most frequent waits that are looked at.
	mostModes = 3
)

// A waitClass says how regular a category's waits are.
type waitClass uint8

// The classes, in the order in which they are tried: used nearly always
// (waiting for at most 0.1 % of the slots); the 5th and the 95th percentile of
// the waits are at most a slot apart; three waits make up 90 %; the 90th
// percentile is at most 5 slots; every run lasts 3 slots or more; runs last 2
// slots or more in the mean; some waits repeat. Unknown is none of these.
const (
	unknownWaits waitClass = iota
	alwaysWarm
	regularWaits
	nearlyRegular
	denseWaits
	successiveRuns
	pulsedWaits
	possibleWaits
)

// use notes that the category is in use in a slot.
func (w *waits) use(slot int64) { w.Last = max(w.Last, slot) }

// arrive notes a request in a slot, beside others in use or not, and says
// whether it ends a wait.
func (w *waits) arrive(slot int64, busy bool) bool {
	if !w.Seen {
		w.Seen, w.First, w.Last, w.RunStart = true, slot, slot, slot
		return false
	}
	wait := slot - w.Last - 1
	if busy || wait <= 0 {
		w.use(slot)
		return false
	}
	run := w.Last - w.RunStart + 1
	if w.Runs == 0 || run < w.Shortest {
		w.Shortest = run
	}
	w.Runs++
	w.InRuns += run
	w.RunStart, w.Last = slot, slot
	w.note(wait)
	return true
}

func (w *waits) note(wait int64) {
	if w.Counts == nil {
		w.Counts = make([]int32, longestWait+1)
	}
	w.Total += wait
	w.Counts[min(wait, longestWait)]++
	w.N++
	if w.N < forgetAfter {
		return
	}
	w.N = 0
	for i, n := range w.Counts {
		w.Counts[i] = n / 2
		w.N += n / 2
	}
}

// class is the first that fits.
func (w *waits) class() waitClass {
	span := w.Last - w.First + 1
	switch modes, n := w.modes(); {
	case w.Total*1000 <= span:
		return alwaysWarm
	case w.N < fewestWaits:
		return unknownWaits
	case w.quantile(0.95)-w.quantile(0.05) <= 1 && w.quantile(0.05) < longestWait:
		return regularWaits
	case 10*w.among(modes[:n]) >= 9*w.N:
		return nearlyRegular
	case w.quantile(0.9) <= 5:
		return denseWaits
	case w.Shortest >= 3:
		return successiveRuns
	case w.InRuns >= 2*w.Runs:
		return pulsedWaits
	case w.among(modes[:n]) > int32(n):
		return possibleWaits
	}
	return unknownWaits
}

// quantile is the least wait that the given share does not exceed.
func (w *waits) quantile(share float64) int {
	left := share * float64(w.N)
	for i, n := range w.Counts {
		if left -= float64(n); left <= 0 && n > 0 {
			return i
		}
	}
	return longestWait
}

// modes are the most frequent waits within the range, ascending, and how many
// there are; of equally frequent ones the shorter.
func (w *waits) modes() ([mostModes]int, int) {
	var modes [mostModes]int
	n := 0
	for i := range min(len(w.Counts), longestWait) {
		if w.Counts[i] == 0 {
			continue
		}
		if n < mostModes {
			modes[n] = i
			n++
			continue
		}
		least := 0
		for j := 1; j < n; j++ {
			if w.Counts[modes[j]] <= w.Counts[modes[least]] {
				least = j
			}
		}
		if w.Counts[i] > w.Counts[modes[least]] {
			copy(modes[least:], modes[least+1:])
			modes[n-1] = i
		}
	}
	return modes, n
}

// among is how many waits are of the given lengths.
func (w *waits) among(lengths []int) int32 {
	sum := int32(0)
	for _, i := range lengths {
		sum += w.Counts[i]
	}
	return sum
}
