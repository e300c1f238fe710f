//go:build !purego

package cpustate

import "golang.org/x/sys/cpu"

// Known tells whether the floating-point mode can be read and set.
const Known = true

// Bits of the floating-point mode, MXCSR.
const (
	FlushToZero      = 1 << 15
	DenormalsAreZero = 1 << 6
	StatusBits       = 0x3f // sticky exception flags
)

// DirectionFlag is a bit of Flags.
const DirectionFlag = 1 << 10

// UpperHalves are bits of VectorsInUse: registers' bits 255 to 128, and 511 to 256.
const UpperHalves = 1<<2 | 1<<6

// Mode returns MXCSR.
func Mode() uint32

// SetMode sets MXCSR.
func SetMode(m uint32)

// Flags returns RFLAGS.
func Flags() uint64

// ClearVectors zeroes the upper halves of the vector registers.
func ClearVectors()

// soilVectors fills vector registers with NaNs and numbers: all but X15, which Go's own
// code takes for zero. soilVectors512 does so with those of AVX-512, and
// the masks.
func soilVectors()
func soilVectors512()

// SoilRegisters leaves in the registers what a kernel must not count upon.
func SoilRegisters() {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW:
		soilVectors512()
	case cpu.X86.HasAVX2:
		soilVectors()
	}
}

// tellsVectors tells whether the CPU has VectorsInUse.
func tellsVectors() bool

// VectorsInUse returns XINUSE, the parts of the processor's state that are not as
// they are after a reset. VectorsKnown must hold.
func VectorsInUse() uint32

// VectorsKnown tells whether the CPU says of the upper halves whether they are clear,
// and is right in that.
var VectorsKnown = func() bool {
	if !cpu.X86.HasAVX2 || !tellsVectors() {
		return false
	}
	ClearVectors()
	clear := VectorsInUse()&UpperHalves == 0
	soilVectors()
	soiled := VectorsInUse()&UpperHalves != 0
	ClearVectors()
	return clear && soiled
}()
