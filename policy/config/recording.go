package config

import (
	"time"
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
		{key: "keep_size", schema: size(&to.KeepSize, 1<<20)},
	}}
}
