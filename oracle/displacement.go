package oracle

import (
	"math"
	"math/big"

	"assay/spec"
)

// Displacement returns, for a row of weights in a K-quant format f, Σ w·(x − x̂): the exactly known part of the difference
// between Path A on the activation x (f32) and Path B on its quantised form
// (Q8_K). All scales must be finite.
func Displacement(f spec.Format, w, x, xq []byte) *big.Float {
	sum := exact()
	for b := range len(w) / f.BlockBytes() {
		weights := Values(f, w[b*f.BlockBytes():])
		blk := xq[b*spec.Q8KBytes:]
		d := exactFloat(float64(spec.GetF32(blk, 0)))
		for i, weight := range weights {
			back := exactMul(d, exactInt(int64(int8(blk[spec.Q8KOffQuants+i]))))
			xi := exactFloat(float64(spec.GetF32(x, b*spec.SuperBlock+i)))
			diff := exactAdd(xi, exact().Neg(back))
			sum = exactAdd(sum, exactMul(exactFloat(weight), diff))
		}
	}
	return sum
}

// DriftBound returns Σ_blocks QuantizeError(d_b)·Σ|w|, an upper bound of
// |Displacement| for activations quantised by one of the two quantisers with
// no block that is zero by aprender's threshold or by overflow.
func DriftBound(f spec.Format, w, xq []byte) *big.Float {
	sum := exact()
	for b := range len(w) / f.BlockBytes() {
		weights := exact()
		for _, weight := range Values(f, w[b*f.BlockBytes():]) {
			weights = exactAdd(weights, exactFloat(math.Abs(weight)))
		}
		d := spec.GetF32(xq[b*spec.Q8KBytes:], 0)
		sum = exactAdd(sum, exactMul(exact().Set(spec.QuantizeError(d)), weights))
	}
	return sum
}
