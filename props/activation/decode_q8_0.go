package activation

import "encoding/binary"

// Layout of a Q8_0 block: an f16 scale and 32 int8 quants.
const (
	q8_0Len   = 32
	q8_0Bytes = 2 + q8_0Len
)

// decodeQ8_0 decodes Q8_0: d·q, of at most 19 significant bits.
func decodeQ8_0(dst []float64, src []byte) {
	for b := range len(dst) / q8_0Len {
		blk := src[b*q8_0Bytes : (b+1)*q8_0Bytes]
		d := f16(binary.LittleEndian.Uint16(blk))
		for i, q := range blk[2:] {
			dst[b*q8_0Len+i] = d * float64(int8(q))
		}
	}
}
