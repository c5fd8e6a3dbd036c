package sim

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"shadowpool/policy"
)

// A tide is what launches of a category have in common at one time: a standard
// normal variable that changes every minute and is forgotten after ten, the
// correlation falling linearly. It is a function of the instant and of nothing
// that a policy does.
type tide struct {
	draws  stream
	minute int64
	level  float64 // in that minute
}

const (
	tideStep    = int64(time.Minute)
	tideMinutes = 10
)

func newTide(draws stream) *tide { return &tide{draws: draws, minute: -1} }

// at is the tide of an instant: the moving sum of a normal draw a minute.
func (d *tide) at(t policy.Time) float64 {
	minute := t / tideStep
	if minute != d.minute {
		sum := 0.0
		for k := range int64(tideMinutes) {
			sum += distuv.UnitNormal.Quantile(d.draws.uniform(uint64(minute - k)))
		}
		d.minute, d.level = minute, sum/math.Sqrt(tideMinutes)
	}
	return d.level
}
