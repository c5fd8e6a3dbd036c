package dashboard

import (
	"fmt"
	"time"

	"shadowpool/runtime"
)

// An Alert is something that someone should look at. Its name is that of the
// section of docs/runbook.md.
type Alert struct {
	Name     string `json:"name"`
	Severity string `json:"severity"` // critical, warning or note
	Pool     string `json:"pool,omitempty"`
	Text     string `json:"text"`
}

// alerts are those of a status at t.
func alerts(s *runtime.Status, pools []PoolState, t time.Time) (all []Alert) {
	add := func(name, severity, pool, format string, args ...any) {
		all = append(all, Alert{name, severity, pool, fmt.Sprintf(format, args...)})
	}
	if s.RecordingError != "" {
		add("RecordingStopped", "critical", "", "Nothing is recorded any more: %s. Serving goes on; make room, and start the server again for a new recording.", s.RecordingError)
	}
	if s.Draining {
		add("Draining", "note", "", "The server is draining: it takes no new claims, and ends what is idle.")
	}
	if s.UsageError != "" {
		add("UsageUnknown", "warning", "", "What instances use cannot be told: %s.", s.UsageError)
	}
	for i := range s.Pools {
		p := &s.Pools[i]
		if held := p.LaunchesHeldUntil; held != nil {
			when := "one launch at a time is tried now"
			if left := held.Sub(t); left > 0 {
				when = fmt.Sprintf("the next try is in %v", left.Round(time.Second))
			}
			add("LaunchesHeld", "critical", p.Category, "%d launches have failed in a row, so launches are held back; %s. See the log for what failed.", p.LaunchFailures, when)
		} else if p.LaunchFailures > 0 {
			add("LaunchesFail", "warning", p.Category, "The latest %s failed. See the log for what failed.", counted(int(p.LaunchFailures), "launch", "launches"))
		}
		total := int(p.Warm + p.Launching + p.InUse)
		if p.MaxInstances > 0 && total >= p.MaxInstances && p.Waiting > 0 {
			add("PoolAtLimit", "critical", p.Category, "%s wait, and the pool is at its limit of %d instances: raise max_instances, or find out who holds them.", counted(int(p.Waiting), "request", "requests"), p.MaxInstances)
		}
		if f := &pools[i].Recent; s.UptimeS > youngS && f.Requests >= 20 && *f.HitRate < 0.5 && p.Level > 0 {
			add("LowHitRate", "warning", p.Category, "Only %.0f %% of the latest %d requests found a warm instance.", 100**f.HitRate, f.Requests)
		}
	}
	return all
}

// youngS is how long a server has been up, in seconds, that need not know its
// requests yet.
const youngS = 900

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
