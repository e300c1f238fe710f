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

// soilVectors fills vector registers with two patterns, one in those of even numbers and
// one in the others: all but X15, which Go's own code takes for zero. soilVectors512 does
// so with those of AVX-512, and fills the masks.
func soilVectors(even, odd uint32)
func soilVectors512(even, odd uint32, masks uint64)

// SoilRegisters leaves in the registers what a kernel must not count upon: something
// else in each of four calls, which turn counts.
func SoilRegisters(turn int) {
	s := Soil[turn%len(Soil)]
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW:
		soilVectors512(s.Even, s.Odd, s.Masks)
	case cpu.X86.HasAVX2:
		soilVectors(s.Even, s.Odd)
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
	soilVectors(1, 1)
	soiled := VectorsInUse()&UpperHalves != 0
	ClearVectors()
	return clear && soiled
}()
