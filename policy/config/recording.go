package config

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A Recording is where a live server writes down the requests that it served.
type Recording struct {
	Requests   string        // folder of Parquet files
	Rotate     time.Duration // how long a file is written at most
	RotateRows int           // how many requests it has at most
	Keep       time.Duration // how long files are kept; zero: for ever
	KeepSize   int64         // bytes that they take at most; zero is no limit
}

func recording(to **Recording) schema {
	blank := func() Recording { return Recording{Rotate: time.Hour, RotateRows: 1_000_000} }
	return optional[Recording]{to, blank, recordingTerms}
}

func recordingTerms(to *Recording) schema {
	return object{fields: []field{
		{key: "requests", required: "the folder that they are written into", schema: name(&to.Requests)},
		{key: "rotate", schema: span(&to.Rotate, time.Minute, 24*time.Hour)},
		{key: "rotate_rows", schema: count(&to.RotateRows, 10_000_000)},
		{key: "keep", schema: span(&to.Keep, time.Hour, maxLife)},
		{key: "keep_size", schema: size(&to.KeepSize)},
	}}
}

// size is a number of bytes.
func size(to *int64) schema {
	return scalar[int64]{to, func(n *yaml.Node) (int64, error) {
		for i, unit := range []string{"KiB", "MiB", "GiB", "TiB"} {
			number, ok := strings.CutSuffix(n.Value, unit)
			if v, err := strconv.ParseInt(number, 10, 64); ok && err == nil && v >= 1 && v <= 1<<20 {
				return v << (10 * (i + 1)), nil
			}
		}
		return 0, errors.New("want a number of bytes with a unit (KiB, MiB, GiB, TiB), such as 10GiB")
	}}
}
