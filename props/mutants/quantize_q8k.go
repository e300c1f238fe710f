package mutants

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

// quantizer is the base of both quantisers to Q8_K.
type quantizer struct {
	block  func(src []float32, b int) []float32 // the values of block b
	peak   func(x []float32) float32            // what the scale is made from
	scales func(peak float32) (d, inv float32)  // scale, and what values are multiplied by
	quant  func(x, inv float32, i int) int8     // of element i
	encode func(src []float32, b int) q8k       // block b
	sum    func(q []int8) int16                 // of 16 quants
	slot   func(i int) int                      // where quant i of a block is stored
	store  func(dst []byte, b int, q *q8k)      // block b
}

// q8k is a Q8_K block.
type q8k struct {
	d    float32
	q    [spec.SuperBlock]int8
	bsum [spec.Q8KBsums]int16
}

func newQuantizer() *quantizer {
	k := &quantizer{
		block: func(src []float32, b int) []float32 { return src[b*spec.SuperBlock:][:spec.SuperBlock] },
		sum: func(q []int8) (s int16) {
			for _, v := range q {
				s += int16(v)
			}
			return s
		},
		slot: func(i int) int { return i },
	}
	k.encode = func(src []float32, b int) (out q8k) {
		out.d = k.part(k.block(src, b), out.q[:])
		return out
	}
	k.store = func(dst []byte, b int, q *q8k) {
		blk := dst[b*spec.Q8KBytes:][:spec.Q8KBytes]
		k.put(blk, blk[spec.Q8KOffQuants:], blk[spec.Q8KOffBsums:], q)
	}
	return k
}

func (k *quantizer) run(dst []byte, src []float32) {
	for b := range len(src) / spec.SuperBlock {
		out := k.encode(src, b)
		for i := range out.bsum {
			out.bsum[i] = k.sum(out.q[16*i : 16*i+16])
		}
		k.store(dst, b, &out)
	}
}

// part quantises values that have one scale, and returns it.
func (k *quantizer) part(x []float32, q []int8) float32 {
	d, inv := k.scales(k.peak(x))
	for i, v := range x {
		q[i] = k.quant(v, inv, i)
	}
	return d
}

// put stores the fields of a block.
func (k *quantizer) put(d, quants, bsums []byte, q *q8k) {
	spec.PutF32(d, q.d)
	for i, v := range q.q {
		quants[k.slot(i)] = byte(v)
	}
	for i, v := range q.bsum {
		binary.LittleEndian.PutUint16(bsums[2*i:], uint16(v))
	}
}

// rounded makes a quant of x·inv, which is rounded to f32 and then by round;
// NaN and infinities give 0.
func rounded(x, inv float32, round func(float64) float64) int8 {
	p := float64(float32(x * inv))
	if p-p != 0 {
		return 0
	}
	return int8(max(-128, min(127, round(p))))
}

func magnitude(x float32) float32 { return float32(math.Abs(float64(x))) }

// largest returns the value of largest magnitude, the first of equal ones, and
// 0 if there is none but NaNs. keep tells which elements take part; nil is all.
func largest(x []float32, keep func(i int) bool) (peak float32) {
	for i, v := range x {
		if (keep == nil || keep(i)) && magnitude(v) > magnitude(peak) {
			peak = v
		}
	}
	return peak
}

// newGGML is the base of quantize_q8k_ggml.
func newGGML() *quantizer {
	k := newQuantizer()
	k.peak = func(x []float32) float32 { return largest(x, nil) }
	k.scales = func(peak float32) (d, inv float32) {
		if peak == 0 {
			return 0, 0
		}
		inv = -127 / peak
		return 1 / inv, inv
	}
	k.quant = func(x, inv float32, _ int) int8 { return rounded(x, inv, math.RoundToEven) }
	return k
}

// newAprender is the base of quantize_q8k_aprender.
func newAprender() *quantizer {
	k := newQuantizer()
	k.peak = func(x []float32) float32 { return magnitude(largest(x, nil)) }
	k.scales = func(peak float32) (d, inv float32) {
		d = 1.0 / 127
		if peak > 1e-10 {
			d = peak / 127
		}
		return d, 1 / d
	}
	k.quant = func(x, inv float32, _ int) int8 { return rounded(x, inv, math.Round) }
	return k
}
