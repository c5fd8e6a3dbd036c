package policy

import (
	"testing"
	"unsafe"
)

// What events touch of a pool and of an instance lies in one cache line.
func TestCacheLines(t *testing.T) {
	const line = 64
	if size := unsafe.Sizeof(pool{}); size != 2*line {
		t.Errorf("a pool takes %d bytes", size)
	}
	if at := unsafe.Offsetof(pool{}.Held); at >= line {
		t.Errorf("Held lies at %d", at)
	}
	if size := unsafe.Sizeof(instance{}); line%size != 0 {
		t.Errorf("an instance takes %d bytes", size)
	}
}
