//go:build race

package kernels

import (
	"runtime"
	"unsafe"
)

// raceRead tells the race detector that assembly reads n bytes at p.
func raceRead(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceReadRange(p, n)
	}
}

// raceWrite tells the race detector that assembly writes n bytes at p.
func raceWrite(p unsafe.Pointer, n int) {
	if n > 0 {
		runtime.RaceWriteRange(p, n)
	}
}
