package spec

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// hostLittle tells whether a []float32 has the bytes of the stored format.
var hostLittle = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// withFloats calls f with the floats stored in b: the memory itself on a
// little-endian host, so that a kernel meets the operand's own address and
// guard pages; a copy, written back if out is set, elsewhere.
func withFloats(b []byte, out bool, f func([]float32)) {
	n := len(b) / 4
	switch {
	case n == 0:
		f(nil)
	case hostLittle:
		f(unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), n))
	default:
		x := Floats(b)
		f(x)
		if out {
			PutFloats(b, x)
		}
	}
}

// F32Bits returns the bits of the i-th f32 stored in b.
func F32Bits(b []byte, i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }

// GetF32 returns the i-th f32 stored in b.
func GetF32(b []byte, i int) float32 { return math.Float32frombits(F32Bits(b, i)) }

// PutF32 stores x at the start of b.
func PutF32(b []byte, x float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(x)) }

// Floats decodes the f32 values stored in b.
func Floats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = GetF32(b, i)
	}
	return x
}

// PutFloats stores x in b.
func PutFloats(b []byte, x []float32) {
	for i, v := range x {
		PutF32(b[4*i:], v)
	}
}

// FloatBytes returns x as stored.
func FloatBytes(x []float32) []byte {
	b := make([]byte, 4*len(x))
	PutFloats(b, x)
	return b
}
