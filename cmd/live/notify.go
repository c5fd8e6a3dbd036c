package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// announce tells systemd, if that has started the server (Type=notify), how far
// it is.
func announce(state string) { _, _ = daemon.SdNotify(false, state) }

// watchdog tells systemd's watchdog (WatchdogSec=) that the server answers when it
// is asked, until ctx ends.
func watchdog(ctx context.Context, ask func(context.Context) error, log *slog.Logger) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every == 0 {
		return
	}
	ticker := time.NewTicker(every / 3)
	defer ticker.Stop()
	for {
		asked, cancel := context.WithTimeout(ctx, every/3)
		err := ask(asked)
		cancel()
		if err == nil {
			announce(daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			log.Error("the loop does not answer", "within", every/3, "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}
