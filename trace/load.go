package trace

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// Load reads a whole trace: Parquet, or CSV that may be compressed by gzip,
// whichever the content shows, or all such files in a folder, sorted by arrival. Errors name the file and the place in it;
// nothing is skipped.
func Load(path string, opt Options) (*Trace, error) {
	o, err := opt.prepare()
	if err != nil {
		return nil, err
	}
	t, err := load(path, o)
	if err != nil {
		return nil, err
	}
	return t, t.Jitter(o.Jitter, o.Seed)
}

func load(path string, o *Options) (*Trace, error) {
	if files, folder, err := filesOf(path); folder {
		if err != nil {
			return nil, err
		}
		return loadAll(path, files, o)
	}
	in, err := o.open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	f, err := describe(in, path, o)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return loadCSV(in, o)
	}
	return f.load(in, o.Sort)
}

// Open returns a trace to be streamed. A Parquet file in order of arrival is
// read chunk by chunk in each pass (it is a *File); a CSV, a folder, and what has
// to be sorted or jittered, is loaded whole.
func Open(path string, opt Options) (Source, error) {
	if opt.Jitter != 0 {
		return Load(path, opt)
	}
	o, err := opt.prepare()
	if err != nil {
		return nil, err
	}
	if _, folder, _ := filesOf(path); folder {
		return load(path, o)
	}
	in, err := o.open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	f, err := describe(in, path, o)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return loadCSV(in, o)
	}
	if o.Sort || !f.sorted {
		return f.load(in, o.Sort)
	}
	return f, f.scan(in)
}

func isParquet(in Input) (bool, error) {
	var magic [4]byte
	if _, err := in.ReadAt(magic[:], 0); err != nil && err != io.EOF {
		return false, fmt.Errorf("%s: %w", in.Name(), err) // a directory, for example
	}
	return string(magic[:]) == parquetMagic || string(magic[:]) == "PARE", nil
}

// baseName is a file's name without folders and extensions.
func baseName(path string) string {
	name := filepath.Base(path)
	for _, suffix := range []string{".gz", ".csv", ".parquet"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}
