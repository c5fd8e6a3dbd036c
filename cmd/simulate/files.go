package main

import (
	"context"
	"fmt"
	"io"

	"shadowpool/policy/config"
	"shadowpool/trace"
	"shadowpool/trace/bucket"

	"github.com/spf13/cobra"
)

// loadConfig reads the configuration at a path or URL; files that it names
// lie beside it.
func loadConfig(ctx context.Context, name string) (*config.File, error) {
	if !bucket.IsURL(name) {
		return config.Load(name)
	}
	in, err := bucket.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return config.LoadFrom(in.Name(), io.NewSectionReader(in, 0, in.Size()), bucket.Beside(ctx, name))
}

// writeTrace writes a trace as Parquet to a path or URL and says so.
func writeTrace(cmd *cobra.Command, name string, t *trace.Trace) error {
	if err := bucket.Write(cmd.Context(), name, func(w io.Writer) error { return trace.WriteParquet(w, t) }); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d requests\n", name, t.Len())
	return err
}
