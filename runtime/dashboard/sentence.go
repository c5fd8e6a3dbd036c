package dashboard

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"shadowpool/policy"
)

// sentence says what was decided and why.
func (g *group) sentence() string {
	n := int(g.count)
	switch g.action {
	case policy.Launched:
		return g.launched(n)
	case policy.Assigned:
		return g.assigned(n)
	case policy.Ended:
		return fmt.Sprintf("Ended %d: %s.", n, g.whyEnded())
	case policy.Moved:
		return fmt.Sprintf("Moved %s here: %s.", counted(n, "idle instance", "idle instances"), g.whyMoved())
	case policy.Refused:
		return g.refused(n)
	case happened:
		return g.happened(n)
	}
	return fmt.Sprintf("%s: %s of %s.", strings.ToUpper(g.action.String()[:1])+g.action.String()[1:], g.reason, counted(n, "instance", "instances"))
}

// launched: "Launched 4 at a tick: the level is 7, and there were 2 warm + 1
// launching − 0 waiting = 3."
func (g *group) launched(n int) string {
	what := fmt.Sprintf("Launched %d%s", n, g.when())
	switch g.reason {
	case policy.ForLevel:
		s := g.stock
		if g.level == 0 && s == (policy.Stock{}) {
			return what + ": the pool held less than its level."
		}
		position := s.Warm + s.Launching - s.Waiting
		had := fmt.Sprintf("%d warm + %d launching − %d waiting = %s", s.Warm, s.Launching, s.Waiting, minus(position))
		why := fmt.Sprintf(": the level is %d, and there were %s", g.level, had)
		if g.events > 1 {
			why = fmt.Sprintf(": the level is now %d, and before the first there were %s", g.level, had)
		} else if short := int(g.level - position); short > n {
			why += fmt.Sprintf("; a limit, a budget or a pause left %d out", short-n)
		}
		return what + why + "."
	case policy.ForMiss:
		return what + ": nothing was warm for " + them(n, "the request, which gets", "the requests, each of which gets") + " an instance of its own."
	case policy.ForStopped:
		return what + ": to be stopped once warm, as the stopped stock was short."
	case policy.ForRelief:
		return what + ": to take over from spot instances."
	}
	return what + ": " + g.reason.String() + "."
}

// when tells at what kind of event a decision was taken.
func (g *group) when() string {
	switch g.event {
	case startEvent:
		return " at the start"
	case timerEvent:
		return " at a tick"
	case arriveEvent:
		return them(int(g.events), " as a request came", fmt.Sprintf(" as %d requests came", g.events))
	case releaseEvent:
		return them(int(g.events), " as an instance was released", fmt.Sprintf(" as %d instances were released", g.events))
	case failEvent:
		return " after a launch failed"
	case loseEvent:
		return " after an instance was lost"
	case warmEvent:
		return " as another became warm"
	case cancelEvent:
		return " as a request was withdrawn"
	}
	return ""
}

func (g *group) assigned(n int) string {
	who := counted(n, "request", "requests")
	wait := time.Duration(g.wait)
	after := " after " + rounded(wait)
	if n > 1 {
		after = ", the longest wait was " + rounded(wait)
	}
	switch g.reason {
	case policy.WasWarm:
		return fmt.Sprintf("Served %s at once: an instance was warm.", who)
	case policy.WasCompatible:
		return fmt.Sprintf("Served %s by an instance that was warm for a compatible category.", who)
	case policy.WasScrubbed:
		return fmt.Sprintf("Served %s by an instance that had to be scrubbed of another tenant's first.", who)
	case policy.BecameWarm:
		return fmt.Sprintf("Served %s%s, by the first instance to become warm.", who, after)
	case policy.WasReleased:
		return fmt.Sprintf("Served %s%s, by the first instance that was released.", who, after)
	case policy.OwnLaunch:
		return fmt.Sprintf("Served %s%s, by the launch of its own.", who, after)
	}
	return fmt.Sprintf("Served %s (%s).", who, g.reason)
}

func (g *group) refused(n int) string {
	who := "Turned " + counted(n, "request", "requests") + " away"
	if g.reason == policy.NothingWarm {
		return who + ": a warm instance was required, and none suited."
	}
	return who + ": the pool is being drained."
}

func (g *group) happened(n int) string {
	if g.event == loseEvent {
		return fmt.Sprintf("Lost %s: gone without having been ended.", counted(n, "instance", "instances"))
	}
	s := counted(n, "launch", "launches") + " failed"
	if g.note != "" {
		s += ": " + short(g.note)
	}
	return strings.TrimRight(s, ".") + "."
}

// whyEnded are the reasons to end an instance.
func (g *group) whyEnded() string {
	switch g.reason {
	case policy.SingleUse:
		return them(int(g.count), "it has", "each has") + " served its one request"
	case policy.Surplus:
		return "idle above the level"
	case policy.Expired:
		return "idle for longer than the keep-alive"
	case policy.NotKept:
		return "the policy keeps no idle instances"
	case policy.Drained:
		return "the pool is being drained"
	case policy.ForRoom:
		return "tied to another tenant, at the limit, while a request waits"
	case policy.ForMemory:
		return "of least worth when the fleet had no room"
	case policy.Relieved:
		return "on spot, and its request has moved"
	case policy.Reclaimed:
		return "the provider takes it back"
	case policy.ForMoney:
		return "idle while a request waits for its money or its place"
	case policy.TooOld:
		return "too little was left of its life to be handed out"
	case policy.Outdated:
		return "of an earlier generation"
	case policy.IdleTooLong:
		return "idle beyond the level for longer than the time-out"
	}
	return g.reason.String()
}

func (g *group) whyMoved() string {
	switch g.reason {
	case policy.Demoted:
		return "idle for longer than the keep-alive, so back to the layer below"
	case policy.Reserved:
		return "free for all until a request of this tenant took it"
	}
	return g.reason.String()
}

// them chooses by a number.
func them(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func minus(n int32) string { return strings.Replace(strconv.Itoa(int(n)), "-", "−", 1) }

// rounded has three digits or so.
func rounded(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// short clips what a provisioner says to a line.
func short(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return s
}
