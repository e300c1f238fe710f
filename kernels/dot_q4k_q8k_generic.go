package kernels

import (
	"encoding/binary"

	"assay/spec"
)

func dotQ4KQ8KGeneric(w, x []byte) float32 {
	var pos, neg [spec.QuantDotLanes]float32
	for b := range checkDot(spec.Q4K, spec.Q8K, w, x) {
		wb, xb := w[b*spec.Q4KBytes:], x[b*spec.Q8KBytes:]
		var dots, mins [spec.QuantDotLanes]int32
		for j := range spec.Q4KSubBlocks {
			sc, m := q4kScale(wb, j)
			qs, shift := q4kQuants(wb, j)
			xs := xb[spec.Q8KOffQuants+32*j:][:32]
			for l, q := range qs {
				dots[l/4] += int32(sc) * int32(q>>shift&15) * int32(int8(xs[l]))
			}
			mins[j] = int32(m) * (q8kBsum(xb, 2*j) + q8kBsum(xb, 2*j+1))
		}
		d, dmin := q4kHeader(wb)
		dx := spec.GetF32(xb[spec.Q8KOffD:], 0)
		dd, dm := d*dx, dmin*dx
		for l := range pos {
			pos[l] = fma32(dd, float32(dots[l]), pos[l])
			neg[l] = fma32(dm, float32(mins[l]), neg[l])
		}
	}
	for l := range pos {
		pos[l] -= neg[l]
	}
	return foldLanes(pos[:])
}

func q8kBsum(blk []byte, k int) int32 {
	return int32(int16(binary.LittleEndian.Uint16(blk[spec.Q8KOffBsums+2*k:])))
}
