package agent

import (
	"os"
	"syscall"
	"testing"
)

// The test program is what agents start beside themselves, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == confineVerb {
		syscall.Exit(Confine(os.Args[2:], os.Stdin, os.Stdout)) // os.Exit waits a second under the race detector
	}
	os.Exit(m.Run())
}
