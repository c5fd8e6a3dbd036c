//go:build !linux

package process

import (
	"errors"
	"os/exec"
)

// Open makes a provisioner whose instances outlive it. It needs Linux.
func Open(string, map[string]Config) (*Provisioner, error) {
	return nil, errors.New("process provisioner: processes can outlive their server on Linux only; leave the state folder out")
}

type passes struct{}

func (*state) sweep(string, <-chan struct{}) {}

func ownSession(*exec.Cmd) {}

func bootID() string { return "" }

func startOf(int) (uint64, error) { return 0, errors.ErrUnsupported }
