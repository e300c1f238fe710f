package activation

import (
	"encoding/binary"
	"math"
)

// decodeBF16 decodes bfloat16, the upper half of an IEEE binary32.
func decodeBF16(dst []float64, src []byte) {
	for i := range dst {
		bits := uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16
		dst[i] = float64(math.Float32frombits(bits))
	}
}
