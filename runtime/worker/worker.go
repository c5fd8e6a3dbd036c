// Package worker is the built-in instance of the process provisioner: an HTTP
// server on the loopback interface that says who it is.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// ReadyLine matches the line by which a worker says that it is ready; its
// group is the address.
const ReadyLine = `^ready (http://\S+)$`

// Run spends warmUp on getting warm, writes the ready line to out, and serves
// until ctx ends. It answers every GET with its instance's name, category,
// process and age, as JSON.
func Run(ctx context.Context, out io.Writer, warmUp time.Duration) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	select {
	case <-time.After(warmUp):
	case <-ctx.Done():
		return nil
	}
	began := time.Now()
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{
				"instance": os.Getenv("SHADOWPOOL_INSTANCE"), "category": os.Getenv("SHADOWPOOL_CATEGORY"),
				"pid": os.Getpid(), "warm_s": time.Since(began).Seconds(),
			})
		}),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if _, err := fmt.Fprintf(out, "ready http://%s\n", listener.Addr()); err != nil {
		return err
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
