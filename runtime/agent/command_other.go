//go:build !linux

package agent

import (
	"context"
	"errors"
	"io"
	"os"
)

// errLinux is what needs Linux.
var errLinux = errors.New("commands of the predictive workload are confined, and so run, on Linux only")

// Confine is for Linux only.
func Confine([]string, io.Reader, io.Writer) int { return 1 }

func confined(context.Context, string, []string, []string, string, limits) error { return errLinux }

// keep wipes folders at a clean end only.
func keep(folders ...string) (io.Closer, error) { return wiper(folders), nil }

type wiper []string

func (w wiper) Close() error {
	var all []error
	for _, dir := range w {
		all = append(all, os.RemoveAll(dir))
	}
	return errors.Join(all...)
}

func hide() error { return nil }

func inMemory(string) bool { return false }

func memoryFolders() []string { return nil }
