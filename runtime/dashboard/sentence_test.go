package dashboard

import (
	"strings"
	"testing"

	"shadowpool/policy"
)

// Every reason has words of its own, for every action that is taken for it.
func TestSentences(t *testing.T) {
	for action, reasons := range map[policy.Action][]policy.Reason{
		policy.Launched: {policy.ForLevel, policy.ForMiss, policy.ForStopped, policy.ForRelief},
		policy.Assigned: {policy.WasWarm, policy.WasCompatible, policy.BecameWarm, policy.WasReleased, policy.OwnLaunch, policy.WasScrubbed},
		policy.Ended: {
			policy.SingleUse, policy.Surplus, policy.Expired, policy.NotKept, policy.Drained, policy.ForRoom, policy.ForMemory, policy.Relieved,
			policy.Reclaimed, policy.ForMoney, policy.TooOld, policy.Outdated, policy.IdleTooLong,
		},
		policy.Moved:   {policy.Demoted, policy.Reserved},
		policy.Refused: {policy.NothingWarm, policy.Drained},
	} {
		told := map[string]bool{}
		for _, why := range reasons {
			g := group{groupKey: groupKey{action: action, reason: why, event: timerEvent}, count: 3, events: 1}
			s := g.sentence()
			if told[s] || strings.Contains(s, why.String()+".") && len(why.String()) > 8 && strings.Contains(why.String(), "_") || !strings.HasSuffix(s, ".") || strings.Contains(s, "%!") {
				t.Errorf("%s for %s: %q", action, why, s)
			}
			told[s] = true
		}
	}
	for _, c := range []struct {
		group group
		want  string
	}{
		{
			group{groupKey: groupKey{event: timerEvent}, count: 4, events: 1, level: 7, stock: policy.Stock{Warm: 2, Launching: 1}},
			"Launched 4 at a tick: the level is 7, and there were 2 warm + 1 launching − 0 waiting = 3.",
		},
		{
			group{groupKey: groupKey{event: arriveEvent}, count: 1, events: 1, level: 7, stock: policy.Stock{Waiting: 2}},
			"Launched 1 as a request came: the level is 7, and there were 0 warm + 0 launching − 2 waiting = −2; a limit, a budget or a pause left 8 out.",
		},
		{
			group{groupKey: groupKey{action: policy.Assigned, reason: policy.BecameWarm, event: warmEvent}, count: 2, events: 2, wait: 12.3e9},
			"Served 2 requests, the longest wait was 12s, by the first instance to become warm.",
		},
		{group{groupKey: groupKey{action: happened, event: failEvent}, count: 1, note: "exit status 1.\nTraceback"}, "1 launch failed: exit status 1."},
		{group{groupKey: groupKey{action: happened, event: loseEvent}, count: 2}, "Lost 2 instances: gone without having been ended."},
	} {
		if got := c.group.sentence(); got != c.want {
			t.Errorf("told %q, want %q", got, c.want)
		}
	}
}
