package provisionertest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"shadowpool/runtime"
)

// meter is the provisioner, if it can tell what its instances use.
func meter(t *testing.T, f Fixture) runtime.Meter {
	t.Helper()
	m, ok := f.Provisioner.(runtime.Meter)
	if !ok {
		t.Skip("it cannot tell what its instances use")
	}
	return m
}

func measure(t *testing.T, m runtime.Meter) map[string]runtime.Usage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	all, err := m.Usage(ctx)
	if err != nil {
		t.Errorf("usage: %v", err)
	}
	return all
}

func usage(t *testing.T, f Fixture) {
	m := meter(t, f)
	if all := measure(t, m); len(all) > 0 {
		t.Errorf("nothing was started, and it uses %v", all)
	}
	i := start(t, f, "used-1")
	before, ok := measure(t, m)[i.Name]
	if !ok {
		t.Error("nothing is known of an instance that is warm")
	}
	known := 0
	for figure, v := range map[string]int64{
		"CPU": int64(before.CPU), "memory": before.Memory, "cached": before.Cached, "read": before.Read, "written": before.Written,
	} {
		if v >= 0 {
			known++
		} else if v != runtime.Unknown {
			t.Errorf("%s is %d", figure, v)
		}
	}
	if known == 0 {
		t.Error("no figure is known of an instance that is warm")
	}
	if before.Cached > before.Memory {
		t.Errorf("of %d bytes %d are cached", before.Memory, before.Cached)
	}
	after := measure(t, m)[i.Name]
	if after.CPU < before.CPU || after.Read < before.Read || after.Written < before.Written {
		t.Errorf("first %+v, then %+v", before, after)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if all, err := m.Usage(ctx); err == nil || len(all) > 0 {
		t.Errorf("when its context had ended it told %v, %v", all, err)
	}
	stop(t, f, i.Name)
	gone(t, i)
	if all := measure(t, m); len(all) > 0 {
		t.Errorf("all have ended, and it uses %v", all)
	}
	if i.CPU != nil && i.CPU() < after.CPU {
		t.Errorf("it used %v in all, and %v of that before its end", i.CPU(), after.CPU)
	}
}

// usageAtEnd: who ends while the provisioner looks is no error, and is not
// there when it looks again.
func usageAtEnd(t *testing.T, f Fixture) {
	m := meter(t, f)
	names := map[string]bool{}
	var instances []runtime.Instance
	for n := range 6 {
		i := start(t, f, fmt.Sprintf("brief-%d", n))
		instances = append(instances, i)
		names[i.Name] = true
	}
	if all := measure(t, m); len(all) != len(instances) {
		t.Errorf("of %d instances it tells of %d", len(instances), len(all))
	}
	var ending sync.WaitGroup
	for n, i := range instances {
		ending.Go(func() {
			if n%2 == 0 {
				stop(t, f, i.Name)
			} else if err := f.Kill(i); err != nil {
				t.Error(err)
			}
			gone(t, i)
		})
	}
	ended := make(chan struct{})
	go func() { ending.Wait(); close(ended) }()
	for looking := true; looking; {
		select {
		case <-ended:
			looking = false
		default:
		}
		for name := range measure(t, m) {
			if !names[name] {
				t.Errorf("it tells of %s", name)
			}
			if !looking {
				t.Errorf("%s has ended, and it tells of it", name)
			}
		}
	}
}
