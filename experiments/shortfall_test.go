package experiments

import (
	"strings"
	"testing"
	"time"

	"shadowpool/sim"
)

func TestWriteShortfall(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s := &sim.Shortfall{
		Short: 1000, Episodes: 3, LongestShare: 0.95,
		Longest: []sim.Episode{
			{Category: "large", Start: time.Date(2026, 6, 1, 22, 30, 0, 0, time.UTC), LengthS: 176, Requests: 910, Short: 900},
			{Start: time.Date(2026, 6, 2, 10, 0, 0, 0, time.UTC), Requests: 50, Short: 50},
		},
		Tenants: []sim.TenantCount{{Tenant: "alice", Requests: 2000, Short: 800}, {Requests: 250, Short: 200}},
	}
	s.Hours[48] = sim.HourCount{Requests: 1000, Short: 950}    // Tuesday 00:00
	s.Hours[0] = sim.HourCount{Requests: 400, Short: 1}        // Sunday 00:00
	s.Hours[24+23] = sim.HourCount{Requests: 60000, Short: 49} // Monday 23:00
	var b strings.Builder
	if err := WriteShortfall(&b, &sim.Result{Shortfall: s}, berlin); err != nil {
		t.Fatal(err)
	}
	want := `
where the 1,000 requests fall that did not hit, by local hour, each day's share of them

     0     6     12    18
Mon                         ▁    4.9 %
Tue  █                          95.0 %
Wed                              0.0 %
Thu                              0.0 %
Fri                              0.0 %
Sat                              0.0 %
Sun  ▁                           0.1 %

3 episodes; 95.0 % of the requests that did not hit fall into the longest 2

begins                         lasts  requests  not hit  % of all
Tue 2026-06-02 00:30:00 large  2m56s       910      900      90.0
Tue 2026-06-02 12:00:00            0        50       50       5.0

tenant  requests  not hit  its %  % of all
alice      2,000      800   40.0      80.0
(none)       250      200   80.0      20.0
`
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.Reset()
	if err := WriteShortfall(&b, &sim.Result{}, berlin); err != nil || b.Len() > 0 {
		t.Errorf("without a shortfall: %q, %v", b.String(), err)
	}
}
