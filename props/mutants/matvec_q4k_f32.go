package mutants

import (
	"math"
	"slices"

	"assay/spec"
)

// rowDot is the dot of a row of matvec_q4k_f32: the weights are rounded to
// f32, then multiplied as dot_f32 does.
type rowDot struct {
	weights *dequantizer
	dot     *f32Dot
}

func newRowDot() *rowDot { return &rowDot{newDequantizer(), newF32Dot()} }

func (k *rowDot) run(w []byte, x []float32) float32 {
	y := make([]float32, len(x))
	k.weights.run(y, w)
	return k.dot.run(y, x)
}

func newMatvecQ4KF32() *matvec[float32] { return newMatvec(newRowDot().run) }

func matvecQ4KF32Mutants() []Mutant {
	type call = product[float32]
	entry := func(k *matvec[float32]) spec.Func { return spec.MatvecF32(k.run) }
	// spoiled makes the mutants whose dot is wrong.
	spoiled := func(edit func(k *rowDot)) func(k *matvec[float32]) {
		return func(k *matvec[float32]) {
			dot := newRowDot()
			edit(dot)
			k.dot = dot.run
		}
	}
	return family(spec.OpMatvecQ4KF32, newMatvecQ4KF32, entry, []edit[matvec[float32]]{
		{"A15-c", "ariannamethod/notorch 9c10d6d", rounding, "the product is rounded before it is added", spoiled(func(k *rowDot) {
			k.dot.madd = func(x, y, acc float32) float32 { return acc + float32(x*y) }
		})},
		{"A15-d", "ariannamethod/notorch 9c10d6d", rounding, "the minimum terms are summed apart from the quants'", func(k *matvec[float32]) {
			pos, neg := newRowDot(), newRowDot()
			pos.weights.value = func(d1, q, _ float32) float32 { return d1 * q }
			neg.weights.value = func(_, _, m1 float32) float32 { return m1 }
			k.dot = func(w []byte, x []float32) float32 { return pos.run(w, x) - neg.run(w, x) }
		}},
		{"B04", "paiml/aprender PR 3110", layout, "every sub-block has sixteen bytes of quants of its own", spoiled(func(k *rowDot) {
			k.weights.quants = each(func(qs []byte, i int) byte { return qs[i/32*16+i%16] >> (i % 32 / 16 * 4) })
		})},
		{"B36-b", "1bit-MONSTER PR 1234", stride, "rows have the pitch of blocks without headers, 128 bytes", func(k *matvec[float32]) {
			k.row = func(c *call, r int) []byte { return c.w[r*c.Cols/2:][:c.wLen] }
		}},
		{"B37", "1bit-MONSTER#1268", formula, "the scales are read group by group, the quants row by row", func(k *matvec[float32]) {
			base := k.row
			k.row = func(c *call, r int) []byte {
				row := slices.Clone(base(c, r))
				for b := range c.Cols / spec.SuperBlock {
					copy(row[b*spec.Q4KBytes:][:spec.Q4KOffQuants], c.w[(b*c.Rows+r)*spec.Q4KBytes:])
				}
				return row
			}
		}},
		{"C52", "ARM-software/kleidiai 074d09d", bounds, "the pointer is advanced before the last load", func(k *matvec[float32]) {
			base := k.vector
			k.vector = func(c *call, b int) []float32 {
				x := base(c, b)
				peek(x, len(x))
				return x
			}
		}},
		{"D20-b", "pytorch/FBGEMM PR 1784", stride, "the offset of an activation is kept in a type too short, here of 16 bits", func(k *matvec[float32]) {
			base := k.vector
			k.vector = func(c *call, b int) []float32 {
				if from := int(uint16(4*b*c.xLen)) / 4; from < b*c.xLen {
					return c.x[from:][:c.xLen]
				}
				return base(c, b)
			}
		}},
		{"E11", "ggml-org/ggml#386", stride, "the stride of the activations is ignored", func(k *matvec[float32]) {
			base := k.vector
			k.vector = func(c *call, _ int) []float32 { return base(c, 0) }
		}},
		{"E21-d", "OpenMathLib/OpenBLAS#494", special, "activations that are zero are skipped, though the weight is NaN or infinite", spoiled(func(k *rowDot) {
			k.dot.madd = func(x, y, acc float32) float32 {
				if y == 0 {
					return acc
				}
				return fma(x, y, acc)
			}
		})},
		{"E25", "OpenMathLib/OpenBLAS#3260", stride, "the leading dimension of the activations is the number of rows", func(k *matvec[float32]) {
			k.vector = func(c *call, b int) []float32 { return c.x[min(b*c.Rows, len(c.x)-c.xLen):][:c.xLen] }
		}},
		{"E26", "flame/blis#635", bounds, "whole tiles of eight rows are stored", func(k *matvec[float32]) {
			base := k.chunk
			k.chunk = func(c *call, lo, hi int) {
				base(c, lo, hi)
				if hi == c.Rows {
					for r := hi; r < upToMultiple(hi, 8); r++ {
						poke(c.dst, k.at(c, c.Batch-1, r), 0)
					}
				}
			}
		}},
		{"E27-b", "giaf/blasfeo#178", tail, "the second super-block takes the quants of the first", func(k *matvec[float32]) {
			base := k.row
			k.row = func(c *call, r int) []byte {
				row := slices.Clone(base(c, r))
				if len(row) >= 2*spec.Q4KBytes {
					copy(row[spec.Q4KBytes+spec.Q4KOffQuants:2*spec.Q4KBytes], row[spec.Q4KOffQuants:])
				}
				return row
			}
		}},
		{"J03", "invergent-ai/surogate#162", tiny, "f16 subnormals are taken as zero", spoiled(func(k *rowDot) {
			k.weights.half = func(h uint16) float32 {
				if h>>10&31 == 0 {
					h &= 0x8000
				}
				return half(h)
			}
		})},
		{"J22", "stillwater-sc/universal#1133", precise, "the activations are truncated to bfloat16", spoiled(func(k *rowDot) {
			k.dot.madd = func(x, y, acc float32) float32 {
				if y == y {
					y = math.Float32frombits(math.Float32bits(y) &^ 0xffff)
				}
				return fma(x, y, acc)
			}
		})},
		{"J19-e", "JuliaMath/BFloat16s.jl#125", tiny, "subnormal activations are taken as zero", spoiled(func(k *rowDot) {
			k.dot.madd = func(x, y, acc float32) float32 { return fma(x, flushed(y), acc) }
		})},
		{"K04", "ggml-org/llama.cpp PR 17030", stride, "only the first activation of a batch is done", func(k *matvec[float32]) {
			base := k.chunk
			k.chunk = func(c *call, lo, hi int) {
				one := *c
				one.Batch = 1
				base(&one, lo, hi)
			}
		}},
		{"K13", "openvinotoolkit/mlas#10", threads, "an odd number of threads leaves the remaining rows undone", func(k *matvec[float32]) {
			base := k.cut
			k.cut = func(rows, threads, t int) (lo, hi int) {
				if threads > 1 && threads%2 == 1 {
					return rows / threads * t, rows / threads * (t + 1)
				}
				return base(rows, threads, t)
			}
		}},
		{"K14", "b4rtaz/distributed-llama c96f663", threads, "threads share the buffer of decoded weights: a row meets those of the next thread", func(k *matvec[float32]) {
			k.element = func(c *call, b, r int) float32 {
				if per := (c.Rows + c.threads - 1) / c.threads; r+per < c.Rows {
					r += per
				}
				return k.dot(k.row(c, r), k.vector(c, b))
			}
		}},
		{"K14-b", "b4rtaz/distributed-llama c96f663", threads, "threads from the third on share the buffer of decoded weights", func(k *matvec[float32]) {
			k.element = func(c *call, b, r int) float32 {
				if per := (c.Rows + c.threads - 1) / c.threads; r >= 2*per && r+per < c.Rows {
					r += per
				}
				return k.dot(k.row(c, r), k.vector(c, b))
			}
		}},
		{"L07-b", "tphakala/simd 144110c", operand, "in the last super-block the minimum is added, not subtracted", func(k *matvec[float32]) {
			k.row = func(c *call, r int) []byte {
				row := slices.Clone(c.w[r*c.wLen:][:c.wLen])
				if o := len(row) - spec.Q4KBytes + spec.Q4KOffDMin; o >= 0 {
					row[o+1] ^= 0x80
				}
				return row
			}
		}},
	})
}
