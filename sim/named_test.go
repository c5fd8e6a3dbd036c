package sim

import (
	"math"
	"testing"
	"time"

	"shadowpool/trace"
)

// Every 200 s dataset 1 is asked for, and then dataset 2, once. Lead time 60 s, 20 s
// to load a dataset. With no notice the one for dataset 2 finds an instance that is
// prepared for 1; with notice of a lead time and what it takes to load, one of its
// own, and the next request for 1 finds as much as before.
func TestAnnouncedTargetIsPrepared(t *testing.T) {
	var rows [][2]int64
	for i := range int64(200) {
		rows = append(rows, [2]int64{200 * i, 1})
	}
	other, last := int64(200*199+130), int64(200*200)
	rows = append(rows, [2]int64{other, 2}, [2]int64{last, 1})
	for _, c := range []struct {
		notice int64 // s; 0 is none
		wait   float64
	}{{0, 20}, {600, 0}, {80, 0}} {
		src := asks(t, rows...)
		for range rows {
			src.Announced = append(src.Announced, trace.NoTime)
		}
		if c.notice > 0 {
			src.Announced[200] = src.Arrival[200] - c.notice*1e9
		}
		fleet := staged(time.Minute, 20*time.Second)
		r, err := Run(src, fleet, build(t, "adaptive:wait_price=100", fleet), Options{MeasureFrom: src.Arrival[200]})
		if err != nil {
			t.Fatal(err)
		}
		if r.Requests != 2 || math.Abs(r.WaitS.Max-c.wait) > 0.01*c.wait+1e-9 || math.Abs(r.WaitS.Mean*2-r.WaitS.Max) > 0.01 {
			t.Errorf("notice of %d s: %d requests wait %g s, one %g s, want %g s", c.notice, r.Requests, r.WaitS.Mean*2, r.WaitS.Max, c.wait)
		}
	}
}
