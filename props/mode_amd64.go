//go:build !purego

package props

import "golang.org/x/sys/cpu"

const (
	canSetMode = true

	// MXCSR bits.
	flushToZero      = 1 << 15
	denormalsAreZero = 1 << 6
	statusBits       = 0x3f // sticky exception flags

	directionFlag = 1 << 10 // of RFLAGS

	// Upper halves of the vector registers, in XINUSE: bits 255 to 128, and 511 to 256.
	upperHalves = 1<<2 | 1<<6
)

// getMode returns MXCSR.
func getMode() uint32

// setMode sets MXCSR.
func setMode(m uint32)

// flags returns RFLAGS.
func flags() uint64

// clearVectors zeroes the upper halves of the vector registers.
func clearVectors()

// soilVectors fills vector registers with NaNs and numbers: all but X15, which Go's own
// code takes for zero. soilVectors512 does so with those of AVX-512, and
// the masks.
func soilVectors()
func soilVectors512()

// soilRegisters leaves in the registers what a kernel must not count upon.
func soilRegisters() {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW:
		soilVectors512()
	case cpu.X86.HasAVX2:
		soilVectors()
	}
}

// tellsVectors tells whether the CPU has vectorsInUse.
func tellsVectors() bool

// vectorsInUse returns XINUSE, the parts of the processor's state that are not as
// they are after a reset.
func vectorsInUse() uint32

// vectorsKnown tells whether the CPU says of the upper halves whether they are clear,
// and is right in that.
var vectorsKnown = func() bool {
	if !cpu.X86.HasAVX || !tellsVectors() {
		return false
	}
	clearVectors()
	clear := vectorsInUse()&upperHalves == 0
	soilVectors()
	soiled := vectorsInUse()&upperHalves != 0
	clearVectors()
	return clear && soiled
}()
