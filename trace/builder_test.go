package trace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func build(t *testing.T, sort bool, records ...Record) *Trace {
	t.Helper()
	b := NewBuilder()
	for _, r := range records {
		if err := b.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := b.Build("test", sort)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Validate(); err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestBuilderKeepsOnlyFilledColumns(t *testing.T) {
	got := build(t, false,
		Record{Arrival: 1, Duration: 10, Announced: NoTime, Wait: NoTime},
		Record{Arrival: 2, Duration: 20, Category: "big", Announced: NoTime, Wait: 5},
		Record{Arrival: 2, Duration: 30, Category: "small", Announced: NoTime, Wait: NoTime},
		Record{Arrival: 3, Duration: 0, Category: "big", Announced: NoTime, Wait: NoTime},
	)
	want := &Trace{
		Name: "test",
		Columns: Columns{
			Arrival:  []int64{1, 2, 2, 3},
			Duration: []int64{10, 20, 30, 0},
			Category: []uint32{0, 1, 2, 1},
			Wait:     []int64{NoTime, 5, NoTime, NoTime},
		},
		Strings: Strings{
			Category: []string{"", "big", "small"},
			TaskType: []string{""}, Zone: []string{""}, Tenant: []string{""}, Image: []string{""}, Dataset: []string{""},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBuilderSortIsStable(t *testing.T) {
	r := func(arrival int64, tenant string, announced int64) Record {
		return Record{Arrival: arrival, Duration: arrival, Tenant: tenant, Announced: announced, Wait: NoTime}
	}
	got := build(t, true, r(5, "a", NoTime), r(3, "b", 1), r(5, "c", 2), r(3, "d", NoTime))
	want := Columns{
		Arrival:   []int64{3, 3, 5, 5},
		Duration:  []int64{3, 3, 5, 5},
		Tenant:    []uint32{2, 4, 1, 3},
		Announced: []int64{1, NoTime, NoTime, 2},
	}
	if diff := cmp.Diff(want, got.Columns); diff != "" {
		t.Error(diff)
	}
}

func TestBuilderRefusesUnsorted(t *testing.T) {
	b := NewBuilder()
	for _, a := range []int64{1, 7, 4, 2} {
		if err := b.Add(Record{Arrival: a, Announced: NoTime, Wait: NoTime}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.Build("jobs", false)
	if err == nil || !strings.Contains(err.Error(), "jobs: row 2 arrives 3 ns before row 1") {
		t.Errorf("got %v", err)
	}
}

func TestBuilderRefusesImpossibleRecords(t *testing.T) {
	tests := map[string]Record{
		"arrival is unknown":                {Arrival: NoTime, Announced: NoTime, Wait: NoTime},
		"duration is negative (-1 ns)":      {Duration: -1, Announced: NoTime, Wait: NoTime},
		"announced 2 ns after its arrival":  {Arrival: 1, Announced: 3, Wait: NoTime},
		"wait is negative (-9 ns)":          {Announced: NoTime, Wait: -9},
		"column tenant has a value that is": {Tenant: "\xff", Announced: NoTime, Wait: NoTime},
		"column zone has a value of 65537":  {Zone: strings.Repeat("z", 65537), Announced: NoTime, Wait: NoTime},
	}
	for want, r := range tests {
		b := NewBuilder()
		if err := b.Add(r); err == nil || !strings.Contains(err.Error(), "row 0: "+want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if b.Len() != 0 {
			t.Errorf("%s: record was added", want)
		}
	}
}

func TestBuilderLimitsDistinctTaskTypes(t *testing.T) {
	b := NewBuilder()
	for i := range 1<<16 - 1 {
		if err := b.Add(Record{TaskType: fmt.Sprint("t", i), Announced: NoTime, Wait: NoTime}); err != nil {
			t.Fatal(err)
		}
	}
	err := b.Add(Record{TaskType: "one more", Announced: NoTime, Wait: NoTime})
	if err == nil || !strings.Contains(err.Error(), "column task_type has more than 65535 distinct values") {
		t.Errorf("got %v", err)
	}
}
