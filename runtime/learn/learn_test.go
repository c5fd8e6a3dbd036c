package learn_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"shadowpool/policy/plan"
	"shadowpool/runtime/learn"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// has can do everything; what begins with own is private.
func has(_ plan.Kind, name string) (bool, time.Duration, bool) {
	return strings.HasPrefix(name, "own"), 10 * time.Second, !strings.HasPrefix(name, "impossible")
}

func learner(t *testing.T, change func(*learn.Options)) *learn.Learner {
	t.Helper()
	opt := learn.Options{Has: has, Budget: plan.Budget{Time: time.Minute, Bytes: 1 << 40}}
	if change != nil {
		change(&opt)
	}
	l, err := learn.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// finish learns n requests that are a second apart.
func finish(l *learn.Learner, n int, f learn.Finished) {
	for i := range n {
		f.At = start.Add(time.Duration(l.Requests()+int64(i)) * time.Second)
		l.Finish(f)
	}
}

func items(l *learn.Learner, category, tenant string) map[string]plan.Item {
	all := make(map[string]plan.Item)
	for _, it := range l.Items(category, tenant) {
		all[it.Kind.String()+" "+it.Name] = it
	}
	return all
}

// What requests use, and how long it took, is what is planned.
func TestLearns(t *testing.T) {
	l := learner(t, nil)
	finish(l, 30, learn.Finished{
		Category: "gpu", Tenant: "acme", TaskType: "train", Image: "torch", Dataset: "faces", Duration: time.Minute,
		Datasets: []learn.Use{{Name: "faces", Read: 0.25, Size: 4e9}},
		Stages:   []learn.Stage{{plan.Prefetch, "faces", 40 * time.Second}, {plan.Image, "torch", 20 * time.Second}},
	})
	finish(l, 10, learn.Finished{Category: "gpu", TaskType: "serve", Dataset: "impossible", Duration: time.Second})
	finish(l, 5, learn.Finished{Category: "cpu", TaskType: "build", Duration: time.Second})
	got := items(l, "gpu", "")
	faces := got["prefetch faces"]
	if faces.Takes != 40*time.Second || faces.Bytes != 4e9 || len(faces.Parts) != 1 || faces.Parts[0].Read != 0.25 || faces.Share < 0.65 || faces.Share > 0.8 {
		t.Errorf("%+v", faces)
	}
	if image := got["image torch"]; image.Takes != 20*time.Second || image.Share < 0.6 || image.Share > 0.8 {
		t.Errorf("%+v", image)
	}
	if train, serve := got["task train"], got["task serve"]; !(train.Share > 2*serve.Share && serve.Share > 0.15) || train.Takes != 10*time.Second {
		t.Errorf("%+v %+v", train, serve)
	}
	if _, there := got["task build"]; there {
		t.Error("one category's requests are planned for in another")
	}
	if _, there := got["prefetch impossible"]; there {
		t.Error("what no recipe can do is planned")
	}
	p, _, err := l.Plan(learn.Shadow{Category: "gpu"})
	if err != nil || !slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.Prefetch && s.Name == "faces" && s.Fraction == 0.25 }) {
		t.Errorf("%+v %v", p, err)
	}
	// What is done is not planned again.
	p, _, err = l.Plan(learn.Shadow{Category: "gpu", Done: p.Steps[:1]})
	if err != nil || slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Name == p.Steps[0].Name && s.Kind == plan.Image }) {
		t.Errorf("%+v %v", p, err)
	}
	if p, items, err := l.Plan(learn.Shadow{Category: "unknown"}); err != nil || len(p.Steps)+len(items) > 0 {
		t.Errorf("of nothing: %+v %v", p, err)
	}
}

// A tenant's own data is planned for what is reserved for it, and nowhere else.
func TestPrivate(t *testing.T) {
	l := learner(t, nil)
	for _, tenant := range []string{"acme", "globex"} {
		finish(l, 20, learn.Finished{
			Category: "gpu", Tenant: tenant, TaskType: "train", Duration: time.Minute,
			Datasets: []learn.Use{{Name: "own-" + tenant, Read: 1, Size: 1e6}, {Name: "shared", Read: 1, Size: 1e6}},
		})
	}
	for _, c := range []struct {
		tenant string
		want   []string
	}{{"", nil}, {"acme", []string{"own-acme"}}, {"globex", []string{"own-globex"}}, {"stranger", nil}} {
		var own []string
		for _, it := range l.Items("gpu", c.tenant) {
			if strings.HasPrefix(it.Name, "own") {
				own = append(own, it.Name)
				if it.Tenant != c.tenant {
					t.Errorf("%q: %+v", c.tenant, it)
				}
			}
		}
		if !slices.Equal(own, c.want) {
			t.Errorf("%q: %v, want %v", c.tenant, own, c.want)
		}
		p, _, err := l.Plan(learn.Shadow{Category: "gpu", Tenant: c.tenant})
		if err != nil || p.Tenant != c.tenant || slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return strings.HasPrefix(s.Name, "own") }) != (c.want != nil) {
			t.Errorf("%q: %+v %v", c.tenant, p, err)
		}
	}
}

// requests are many different ones, the same each time.
func requests(n int) []learn.Finished {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]learn.Finished, n)
	for i := range all {
		pick := func(of string, most int) string {
			return fmt.Sprintf("%s%d", of, int(float64(most)*r.Float64()*r.Float64()))
		}
		all[i] = learn.Finished{
			At: start.Add(time.Duration(i) * time.Second), Category: pick("c", 3), Tenant: pick("t", 20), TaskType: pick("k", 8), Image: pick("i", 5),
			Dataset: pick("d", 50), Duration: time.Duration(r.IntN(1e9)),
			Datasets: []learn.Use{{Name: pick("d", 50), Read: r.Float64(), Size: int64(r.IntN(1e9))}, {Name: pick("own", 9), Read: 0.5}},
			Stages:   []learn.Stage{{plan.Prefetch, pick("d", 50), time.Duration(r.IntN(1e9))}},
		}
	}
	return all
}

// A learner that was restored is the one that was written, then and later.
func TestSnapshot(t *testing.T) {
	all := requests(2000)
	whole := learner(t, nil)
	for _, f := range all[:1000] {
		whole.Finish(f)
	}
	text, err := whole.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	again := learner(t, nil)
	if err := again.Restore(text); err != nil {
		t.Fatal(err)
	}
	for _, f := range all[1000:] {
		whole.Finish(f)
		again.Finish(f)
	}
	for _, category := range []string{"c0", "c1", "c2"} {
		for _, tenant := range []string{"", "t0", "t7"} {
			if a, b := whole.Items(category, tenant), again.Items(category, tenant); len(a) == 0 || !reflect.DeepEqual(a, b) {
				t.Errorf("%s %q: %d and %d items differ", category, tenant, len(a), len(b))
			}
		}
	}
	a, err := whole.Snapshot()
	b, err2 := again.Snapshot()
	if err != nil || err2 != nil || !bytes.Equal(a, b) {
		t.Errorf("two learners of the same requests are written differently: %d and %d bytes, %v %v", len(a), len(b), err, err2)
	}
	t.Logf("%d bytes", len(a))
	for _, bad := range []string{"x", "{}", `{"learned":2}`, `{"learned":1,"names":["","d:a","d:a"]}`, `{"learned":1,"histories":[{"category":"a"}]}`, `{"learned":1,"names":["","d:a"],"histories":[{"category":"a","history":{}}]}`} {
		if err := again.Restore(json.RawMessage(bad)); err == nil {
			t.Errorf("%s was restored", bad)
		}
	}
	if c, err := again.Snapshot(); err != nil || !bytes.Equal(b, c) {
		t.Error("what was not restored has changed it")
	}
	if err := again.Restore(nil); err != nil || len(again.Items("c0", "")) > 0 {
		t.Errorf("nothing at all: %v", err)
	}
}

// Names that never come again make room: what is asked for now is learned,
// however much there was before.
func TestNamesAreBounded(t *testing.T) {
	const before = 50_000
	l := learner(t, func(o *learn.Options) { o.Pairs, o.HalfLife = 20, time.Hour })
	for i := range before {
		l.Finish(learn.Finished{
			At: start.Add(time.Duration(i) * time.Second), Category: "gpu", Tenant: fmt.Sprintf("t%d", i), TaskType: fmt.Sprintf("k%d", i%7),
			Dataset: fmt.Sprintf("d%d", i), Duration: time.Second,
		})
	}
	at := start.Add(before * time.Second)
	for i := range 2000 {
		l.Finish(learn.Finished{At: at.Add(time.Duration(i) * time.Second), Category: "gpu", Tenant: "now", TaskType: "current", Dataset: "fresh", Duration: time.Second})
	}
	if got := items(l, "gpu", ""); got["prefetch fresh"].Share < 0.2 || got["task current"].Share < 0.2 {
		t.Errorf("%+v %+v", got["prefetch fresh"], got["task current"])
	}
	text, err := l.Snapshot()
	var s struct{ Names []string }
	if err != nil || json.Unmarshal(text, &s) != nil || len(s.Names) > before {
		t.Errorf("%d of %d names are kept, %v", len(s.Names), 2*before, err)
	}
}

func BenchmarkFinish(b *testing.B) {
	l, err := learn.New(learn.Options{Has: has, Budget: plan.Budget{Time: time.Minute, Bytes: 1 << 40}})
	if err != nil {
		b.Fatal(err)
	}
	all := requests(10_000)
	for i := 0; b.Loop(); i++ {
		l.Finish(all[i%len(all)])
	}
}

func BenchmarkPlan(b *testing.B) {
	l, err := learn.New(learn.Options{Has: has, Budget: plan.Budget{Time: time.Minute, Bytes: 1 << 40}})
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range requests(10_000) {
		l.Finish(f)
	}
	for b.Loop() {
		if _, _, err := l.Plan(learn.Shadow{Category: "c0"}); err != nil {
			b.Fatal(err)
		}
	}
}
