package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// most is the limit of a pool's connections, of which one or two are in use.
// The others are for those to be replaced that lead nowhere and take long to
// end.
const most = 8

// connect makes a pool of connections, each of which is made when it is needed.
// On them no lock is waited for longer than lockTimeout; zero is no limit.
func connect(ctx context.Context, c Config, lockTimeout time.Duration) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns, config.MinIdleConns = most, 0, 0
	config.PingTimeout = c.Lease / 5 // of one that was idle and may lead nowhere
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = c.Lease
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "shadowpool"
	}
	if c.PasswordFile != "" {
		config.BeforeConnect = func(_ context.Context, one *pgx.ConnConfig) error {
			text, err := os.ReadFile(c.PasswordFile)
			if err != nil {
				return fmt.Errorf("the password's file: %w", err)
			}
			one.Password = strings.TrimRight(string(text), "\r\n")
			return nil
		}
	}
	config.AfterConnect = func(ctx context.Context, one *pgx.Conn) error { return rely(ctx, one, lockTimeout) }
	return pgxpool.NewWithConfig(ctx, config)
}

// rely sets what the role or the database may have otherwise: a commit that is
// not durable, or statements that fail where they should wait for each other.
func rely(ctx context.Context, c *pgx.Conn, lockTimeout time.Duration) error {
	_, err := c.Exec(ctx, `SELECT set_config('default_transaction_isolation', 'read committed', false),
		set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
		set_config('lock_timeout', $1, false)`, fmt.Sprint(lockTimeout.Milliseconds()))
	return err
}

// passes says whether an error is one of the connection, or of a database that
// is stopped, started or changes its primary.
func passes(err error) bool {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return !errors.Is(err, errClosed) && !errors.Is(err, pgx.ErrNoRows)
	}
	switch answer.Code {
	case "57P01", "57P02", "57P03", // shut down, crashed, starting
		"53300",          // too many connections
		"25006",          // read only: not the primary any more
		"40001", "40P01", // lost against another transaction
		"55P03": // waited for a lock in vain
		return true
	}
	return strings.HasPrefix(answer.Code, "08") // the connection
}

// persist does something until it is done, or fails for good or at the end of
// its patience. It is to be something that can be done twice.
func persist(ctx context.Context, patience time.Duration, do func(context.Context) error) error {
	for began := time.Now(); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := do(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !passes(err) || time.Since(began) > patience:
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
