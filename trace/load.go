package trace

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Load reads a whole trace: Parquet, or CSV that may be compressed by gzip,
// whichever the content shows. Errors name the file and the place in it;
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
	parquet, err := isParquet(path)
	if err != nil {
		return nil, err
	}
	if !parquet {
		return loadCSV(path, o)
	}
	f, err := openFile(path, o)
	if err != nil {
		return nil, err
	}
	return f.load(o.Sort)
}

// Open returns a trace to be streamed. A Parquet file in order of arrival is
// read chunk by chunk in each pass (it is a *File); a CSV, and what has to be
// sorted or jittered, is loaded whole.
func Open(path string, opt Options) (Source, error) {
	if opt.Jitter != 0 {
		return Load(path, opt)
	}
	o, err := opt.prepare()
	if err != nil {
		return nil, err
	}
	parquet, err := isParquet(path)
	if err != nil {
		return nil, err
	}
	if !parquet {
		return loadCSV(path, o)
	}
	f, err := openFile(path, o)
	if err != nil {
		return nil, err
	}
	if o.Sort || !f.sorted {
		return f.load(o.Sort)
	}
	return f, f.scan()
}

func isParquet(path string) (bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	var magic [4]byte
	if _, err := io.ReadFull(file, magic[:]); err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return false, err // a directory, for example
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
