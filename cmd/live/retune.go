package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"shadowpool/policy/config"
	"shadowpool/runtime/api"
)

// A retuning is what live retune is asked for.
type retuning struct {
	config, trace, out, simulate, target, minimise, at string
	server                                             string
	budget                                             float64
	every, timeout                                     time.Duration
	keep, cpus                                         int
	apply                                              bool
	more                                               []string // arguments of simulate tune

	file *config.File
	log  *slog.Logger
}

func retuneCommand() *cobra.Command {
	r := &retuning{}
	c := &cobra.Command{
		Use: "retune [-- FLAGS OF simulate tune]", Short: "Look for better parameters on what was recorded",
		Long: `retune runs simulate tune, as a program of its own of the lowest priority, on the
requests that a server has recorded (recording.requests), with its pool.yaml. It shows
what that would change, what is gained by it a day, and how sure that is, and keeps the
latest proposals. With --apply the server goes on with what was found, if the gain is
beyond doubt and the service is reached.`,
		Example: `  live retune --config pool.yaml
  live retune --config pool.yaml --at 02:00 --apply
  live retune --config pool.yaml --target hit_rate=0.99 -- --policies static,adaptive --budget 50`,
		RunE: func(c *cobra.Command, args []string) error {
			r.more = args
			if at := c.ArgsLenAtDash(); len(args) > 0 && at != 0 {
				return usage(fmt.Errorf("%q is no flag; flags of simulate tune come after --", args[0]))
			}
			if err := r.prepare(); err != nil {
				return usage(err)
			}
			ctx, cancel := interrupted(c.Context())
			defer cancel()
			return r.run(ctx)
		},
	}
	f := c.Flags()
	f.StringVar(&r.config, "config", "", "the server's pool.yaml")
	f.StringVar(&r.trace, "trace", "", "folder or file of requests (default the configuration's recording.requests)")
	f.StringVar(&r.out, "out", "proposals", "folder of the proposals")
	f.StringVar(&r.simulate, "simulate", "", "the program (default beside this one, or on the PATH)")
	f.StringVar(&r.target, "target", "", "service to reach, as simulate tune --at (default the configuration's)")
	f.StringVar(&r.minimise, "minimise", "cost", "waste, or cost in $")
	f.Float64Var(&r.budget, "budget", 100, "replays that the search may take, as simulate tune --budget")
	f.DurationVar(&r.every, "every", 0, "again and again after so long, from now on (0: once)")
	f.StringVar(&r.at, "at", "", "every day at this time of the configuration's time zone, 02:00")
	f.DurationVar(&r.timeout, "timeout", 2*time.Hour, "end a search that takes longer")
	f.IntVar(&r.cpus, "cpus", 1, "processors that a search may use")
	f.IntVar(&r.keep, "keep", 10, "proposals that are kept")
	f.BoolVar(&r.apply, "apply", false, "have the server go on with what was found, if that is surely better")
	f.StringVar(&r.server, "server", config.DefaultListen, "the server's address, for --apply")
	return c
}

// prepare checks what is asked for.
func (r *retuning) prepare() error {
	r.log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	if r.config == "" {
		return errors.New("no configuration: give --config pool.yaml")
	}
	var err error
	if r.file, err = config.Load(r.config); err != nil {
		return err
	}
	if r.trace == "" {
		if r.file.Recording == nil {
			return fmt.Errorf("%s records no requests; give recording.requests there, or --trace", r.config)
		}
		r.trace = r.file.Recording.Requests
	}
	if _, err := api.NewClient(r.server); err != nil {
		return err
	}
	if r.every < 0 || r.every > 0 && r.every < time.Minute || r.timeout <= 0 || r.cpus < 1 || r.keep < 1 {
		return errors.New("--every is a minute at least, --timeout above zero, --cpus and --keep are 1 or more")
	}
	if r.at != "" {
		if r.every > 0 {
			return errors.New("--every and --at exclude each other")
		}
		if _, err := time.Parse("15:04", r.at); err != nil {
			return fmt.Errorf("--at %q is no time of day such as 02:00", r.at)
		}
	}
	r.simulate, err = findSimulate(r.simulate)
	return err
}

// run makes proposals, once or as scheduled. What goes wrong with one of many is told, and the
// next one is made.
func (r *retuning) run(ctx context.Context) error {
	if r.at == "" {
		err := r.propose(ctx)
		if r.every == 0 {
			return err
		}
		r.tell(ctx, err)
	}
	for {
		next := r.next(time.Now())
		r.log.Info("waiting", "until", next.Format(time.RFC3339))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(next)):
			r.tell(ctx, r.propose(ctx))
		}
	}
}

func (r *retuning) tell(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		r.log.Error("no proposal", "error", err)
	}
}

// next is when the next proposal is due, after now.
func (r *retuning) next(now time.Time) time.Time {
	if r.at == "" {
		return now.Add(r.every)
	}
	clock, _ := time.Parse("15:04", r.at) // it was checked
	local := now.In(r.file.Location)
	for day := 0; ; day++ {
		t := time.Date(local.Year(), local.Month(), local.Day()+day, clock.Hour(), clock.Minute(), 0, 0, r.file.Location)
		if t.After(now) {
			return t
		}
	}
}
