package provisionertest

import (
	"context"
	"sync"

	"shadowpool/runtime"
)

// meter is the provisioner, if it can tell what its instances use.
func meter(t T, f *Fixture) runtime.Meter {
	t.Helper()
	m, ok := f.Provisioner.(runtime.Meter)
	if !ok {
		t.Skipf("it cannot tell what its instances use")
	}
	return m
}

func measure(t T, f *Fixture, m runtime.Meter) map[string]runtime.Usage {
	t.Helper()
	ctx, cancel := f.soon(t)
	defer cancel()
	all, err := m.Usage(ctx)
	if err != nil {
		t.Errorf("usage: %v", err)
	}
	return all
}

func usage(t T, f *Fixture) {
	m := meter(t, f)
	if all := measure(t, f, m); len(all) > 0 {
		t.Errorf("nothing was started, and it uses %v", all)
	}
	i := start(t, f, "used")
	before, ok := measure(t, f, m)[i.Name]
	if !ok {
		t.Errorf("nothing is known of an instance that is warm")
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
		t.Errorf("no figure is known of an instance that is warm")
	}
	if before.Cached > before.Memory {
		t.Errorf("of %d bytes %d are cached", before.Memory, before.Cached)
	}
	after := measure(t, f, m)[i.Name]
	if after.CPU < before.CPU || after.Read < before.Read || after.Written < before.Written {
		t.Errorf("first %+v, then %+v", before, after)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if all, err := m.Usage(ctx); err == nil || len(all) > 0 {
		t.Errorf("when its context had ended it told %v, %v", all, err)
	}
	stop(t, f, "used")
	gone(t, f, i)
	if all := measure(t, f, m); len(all) > 0 {
		t.Errorf("all have ended, and it uses %v", all)
	}
	if i.CPU != nil && i.CPU() < after.CPU {
		t.Errorf("it used %v in all, and %v of that before its end", i.CPU(), after.CPU)
	}
}

// usageAtEnd: who ends while the provisioner looks is no error, and is not
// there when it looks again.
func usageAtEnd(t T, f *Fixture) {
	m := meter(t, f)
	need(t, f.Kill != nil, "way to kill an instance")
	names := map[string]bool{}
	var instances []runtime.Instance
	for n := range 6 {
		i := start(t, f, label("brief", n))
		instances = append(instances, i)
		names[i.Name] = true
	}
	if all := measure(t, f, m); len(all) != len(instances) {
		t.Errorf("of %d instances it tells of %d", len(instances), len(all))
	}
	var ending sync.WaitGroup
	for n, i := range instances {
		ending.Go(func() {
			if n%2 == 0 {
				stop(t, f, label("brief", n))
			} else if err := f.Kill(i); err != nil {
				t.Errorf("%v", err)
			}
			gone(t, f, i)
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
		for name := range measure(t, f, m) {
			if !names[name] {
				t.Errorf("it tells of %s", name)
			}
			if !looking {
				t.Errorf("%s has ended, and it tells of it", name)
			}
		}
	}
}

// usageAfter: what an instance uses is told by the provisioner that adopts it,
// and counts since its start.
func usageAfter(t T, f *Fixture) {
	need(t, f.Restart != nil, "restart")
	i := start(t, f, "used")
	before := measure(t, f, meter(t, f))
	f.restart(t)

	m := meter(t, f)
	i = adopted(t, f, "used")
	after, ok := measure(t, f, m)[i.Name]
	if !ok {
		t.Fatalf("nothing is known of an instance that was adopted")
	}
	if b := before[i.Name]; after.CPU < b.CPU || after.Read < b.Read || after.Written < b.Written || b.Memory > 0 && after.Memory <= 0 {
		t.Errorf("before the restart %+v, then %+v", b, after)
	}
	stop(t, f, "used")
	gone(t, f, i)
	if all := measure(t, f, m); len(all) > 0 {
		t.Errorf("all have ended, and it uses %v", all)
	}
	if i.CPU != nil && i.CPU() < after.CPU {
		t.Errorf("it used %v in all, and %v of that before its end", i.CPU(), after.CPU)
	}
}
