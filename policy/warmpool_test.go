package policy

import (
	"testing"
	"time"
)

func TestWarmPool(t *testing.T) {
	fleet := Fleet{Config: Config{Categories: []Category{{Name: "a", MaxInstances: 20}, {Name: "b"}}}}
	s, err := Build(Spec{Name: "ec2-warm-pool", Params: []Setting{{"min", "2"}, {"prepared.b", "5"}}}, fleet)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pool  PoolID
		stock Stock
		want  int32
	}{
		{0, Stock{}, 20}, {0, Stock{InUse: 13}, 7}, {0, Stock{InUse: 13, Waiting: 3}, 4}, {0, Stock{InUse: 19}, 2}, {0, Stock{InUse: 40}, 2},
		{1, Stock{}, 5}, {1, Stock{InUse: 1}, 4},
	} {
		if got := s.Arrive(0, Request{Pool: c.pool}, c.stock); got != Hold(c.want) {
			t.Errorf("%+v in pool %d: %+v, want %d", c.stock, c.pool, got, c.want)
		}
	}
}

// With a prepared capacity of 3 there are 3 instances, whatever is in use.
func TestWarmPoolHoldsItsCapacity(t *testing.T) {
	v := newVisitor(t, "ec2-warm-pool:prepared=3", time.Second, 1)
	v.pass(int64(time.Minute))
	for range 5 {
		if !v.visit(v.now+1, 0, time.Hour) {
			t.Error("nothing was warm")
		}
		v.pass(v.now + int64(time.Minute))
		if s := v.ctrl.Stock(0); s.Warm != 3 || v.launch != 3 {
			t.Errorf("%+v after %d launches", s, v.launch)
		}
	}
}
