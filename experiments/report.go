package experiments

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"shadowpool/sim"
)

// A Report is a comparison or a frontier, to be written to a directory.
type Report struct {
	Comparison *Comparison
	Frontier   *Frontier
}

// Write fills the directory, which is made if it does not exist: files of the
// same names are replaced.
func (b *Bench) Write(dir string, r Report) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	var answer any = r.Comparison
	if r.Frontier != nil {
		answer = r.Frontier
	}
	if err := writeFile(dir, "results.json", func(w io.Writer) error { return WriteJSON(w, answer) }); err != nil {
		return err
	}
	return writeFile(dir, "results.csv", func(w io.Writer) error { return WriteCSV(w, r.results()) })
}

func (r Report) results() []*sim.Result {
	if r.Frontier != nil {
		return r.Frontier.Results()
	}
	return r.Comparison.Results
}

func writeFile(dir, name string, write func(io.Writer) error) error {
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close() // the first error counts
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.Close()
}
