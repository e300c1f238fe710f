package activation

import (
	"encoding/binary"
	"math"
)

// decodeF32 decodes IEEE binary32.
func decodeF32(dst []float64, src []byte) {
	for i := range dst {
		dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:])))
	}
}
