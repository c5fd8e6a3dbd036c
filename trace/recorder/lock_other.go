//go:build !unix

package recorder

import (
	"os"
	"path/filepath"
)

// lockFolder is for systems that lock no files: that no other records there is for who
// starts it to see to.
func lockFolder(dir string) (*os.File, error) {
	return os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
}
