package sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shadowpool/policy"
	"shadowpool/trace"
)

// Worked by hand: two categories of lead time 10 s, level 1, by two tenants. Of
// a, requests come a second apart from Monday 23:59:58 in Berlin: the first hits
// (the first launch is warm), the next four find nothing; from 00:01 on they
// come a minute apart and hit, eleven of them. Of b, two come at once, of which
// the second does not hit; then eight a minute apart, which hit; then again
// two at once: nine in a row hit between, not ten, so that it is one episode.
func TestShortfallByHand(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 6, 1, 23, 59, 58, 0, berlin)
	src := &trace.Trace{Name: "by hand"}
	src.Strings.Category = []string{"", "a", "b"}
	src.Strings.Tenant = []string{"", "alice", "bob"}
	add := func(after time.Duration, category, tenant uint32) {
		src.Arrival = append(src.Arrival, start.Add(after).UnixNano())
		src.Duration = append(src.Duration, int64(time.Second))
		src.Category = append(src.Category, category)
		src.Tenant = append(src.Tenant, tenant)
	}
	for i := range 5 {
		add(time.Duration(i)*time.Second, 1, 1)
	}
	for i := range 11 {
		add(62*time.Second+time.Duration(i)*time.Minute, 1, 1+uint32(i%2))
	}
	at := 2 * time.Hour
	add(at, 2, 2)
	add(at, 2, 2)
	for i := range 8 {
		add(at+time.Duration(i+1)*time.Minute, 2, 1)
	}
	add(at+10*time.Minute, 2, 2)
	add(at+10*time.Minute, 2, 2)
	fleet, err := FleetOf(src, Category{Lead: Constant(10 * time.Second), Price: 1}, false)
	if err != nil {
		t.Fatal(err)
	}
	fleet.Location = berlin
	r, err := Run(src, fleet, policy.NewStatic([]int32{1, 1}), Options{StartWarm: true, Shortfall: true})
	if err != nil {
		t.Fatal(err)
	}
	want := &Shortfall{
		Short: 6,
		Tenants: []TenantCount{
			{"alice", 5 + 6 + 8, 4}, {"bob", 5 + 4, 2},
		},
		Episodes: 2,
		Longest: []Episode{
			{Category: "a", Start: start.Add(time.Second).UTC(), LengthS: 3, Requests: 4, Short: 4},
			{Category: "b", Start: start.Add(at).UTC(), LengthS: 600, Requests: 11, Short: 2},
		},
		LongestShare: 1,
	}
	want.Hours[24+23] = HourCount{2, 1} // Monday 23:59:58 and :59
	want.Hours[48+0] = HourCount{14, 3} // Tuesday from 00:00:00
	want.Hours[48+1] = HourCount{2, 1}  // 01:59:58
	want.Hours[48+2] = HourCount{10, 1} // from 02:00:58
	if d := cmp.Diff(want, r.Shortfall); d != "" {
		t.Error(d)
	}
	if r.Shortfall.Short != r.PartialHits+r.Misses {
		t.Errorf("%d are short, %d did not hit", r.Shortfall.Short, r.PartialHits+r.Misses)
	}
}

// Only what is measured counts, the hours add up, and asking changes nothing.
func TestShortfallIsOfTheMeasured(t *testing.T) {
	src := burstyTrace()
	for _, reusable := range []bool{false, true} {
		fleet := burstyFleet(t, src, reusable)
		opt := Options{Seed: 1, MeasureFrom: src.Arrival[1000]}
		plain, err := Run(src, fleet, policy.NewStatic([]int32{1, 1}), opt)
		if err != nil {
			t.Fatal(err)
		}
		opt.Shortfall = true
		r, err := Run(src, fleet, policy.NewStatic([]int32{1, 1}), opt)
		if err != nil {
			t.Fatal(err)
		}
		var all HourCount
		for _, h := range r.Shortfall.Hours {
			all.Requests += h.Requests
			all.Short += h.Short
		}
		if all.Requests != r.Requests || all.Short != r.PartialHits+r.Misses || all.Short != r.Shortfall.Short || all.Short == 0 {
			t.Errorf("the hours have %d of %d requests, %d short of %d", all.Requests, r.Requests, all.Short, r.PartialHits+r.Misses)
		}
		if n := int64(len(r.Shortfall.Longest)); n > mostEpisodes || n > r.Shortfall.Episodes || n == 0 {
			t.Errorf("%d of %d episodes are shown", n, r.Shortfall.Episodes)
		}
		for i := 1; i < len(r.Shortfall.Longest); i++ {
			if r.Shortfall.Longest[i].Short > r.Shortfall.Longest[i-1].Short {
				t.Error("the longest episodes are not in order")
			}
		}
		r.Shortfall = nil
		if d := cmp.Diff(plain, r); d != "" {
			t.Errorf("asking for the shortfall changes the result:\n%s", d)
		}
	}
}

// Of more episodes than are kept, those with the most short requests remain.
func TestLongestEpisodes(t *testing.T) {
	s := newShortfalls(&Fleet{Categories: make([]Category, 1)})
	at := policy.Time(1_700_000_000e9)
	for n := 1; n <= 30; n++ {
		for range n * 7 % 31 { // every length from 1 to 30, out of order
			s.count(at, 0, 0, false)
			at += int64(time.Second)
		}
		for range endOfEpisode {
			s.count(at, 0, 0, true)
			at += int64(time.Second)
		}
	}
	got := s.tally(&Fleet{Categories: make([]Category, 1)}, nil).result()
	if got.Episodes != 30 || len(got.Longest) != mostEpisodes {
		t.Fatalf("%d episodes, %d kept", got.Episodes, len(got.Longest))
	}
	for i, e := range got.Longest {
		if e.Short != int64(30-i) || e.LengthS != float64(29-i) || e.Requests != e.Short {
			t.Errorf("episode %d: %+v", i, e)
		}
	}
	if want := float64(30+29+28+27+26+25+24+23+22+21) / (30 * 31 / 2); got.LongestShare != want {
		t.Errorf("share %v, want %v", got.LongestShare, want)
	}
}
