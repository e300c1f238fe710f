package activation

import "encoding/binary"

// Layout of a Q6_K super-block, byte offsets: the low four bits of 256 quants,
// their high two bits, 16 int8 scales, and an f16 scale of the scales.
const (
	q6kLen       = 256
	q6kOffHigh   = 128
	q6kOffScales = 192
	q6kOffD      = 208
	q6kBytes     = 210
)

// decodeQ6K decodes Q6_K: d·sc·(q − 32), of at most 25 significant bits.
//
// A super-block is two halves of 128 elements, a half four groups of 32. Lane l
// of group g has its low bits in byte 32·(g mod 2) + l of the half's 64, in the
// low nibble for groups 0 and 1, and its high bits at bit 2g of byte l of the
// half's 32. A scale serves 16 elements.
func decodeQ6K(dst []float64, src []byte) {
	for b := range len(dst) / q6kLen {
		blk := src[b*q6kBytes : (b+1)*q6kBytes]
		out := dst[b*q6kLen : (b+1)*q6kLen]
		d := f16(binary.LittleEndian.Uint16(blk[q6kOffD:]))
		for i := range out {
			half, g, lane := i/128, i/32%4, i%32
			low := blk[64*half+32*(g%2)+lane] >> (4 * (g / 2)) & 15
			high := blk[q6kOffHigh+32*half+lane] >> (2 * g) & 3
			scale := int8(blk[q6kOffScales+i/16])
			out[i] = d * float64(scale) * float64(int(high<<4|low)-32)
		}
	}
}
