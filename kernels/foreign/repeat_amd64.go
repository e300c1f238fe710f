//go:build linux && !purego

package foreign

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// repeat is for C: see the assembly.
func repeat()

func repeatAddress() uintptr

// do makes the calls, in one crossing from Go to C, which takes about as long as a short dot.
func (r *repeated) do() {
	var pin runtime.Pinner
	defer pin.Unpin()
	c := *r
	pin.Pin(&c)
	purego.SyscallN(repeatAddress(), uintptr(unsafe.Pointer(&c)))
}
