package mutants

import (
	"math"

	"assay/spec"
)

func quantizeEntry(k *quantizer) spec.Func { return spec.Quantize(k.run) }

func ggmlMutants() []Mutant {
	return family(spec.OpQuantizeQ8KGGML, newGGML, quantizeEntry, []edit[quantizer]{
		{"B05", "paiml/aprender PR 3110", layout, "the writer puts the bsums before the quants, as its own reader does", func(k *quantizer) {
			k.store = func(dst []byte, b int, q *q8k) {
				blk := dst[b*spec.Q8KBytes:][:spec.Q8KBytes]
				k.put(blk, blk[4+2*spec.Q8KBsums:], blk[4:], q)
			}
		}},
		{"B26", "huggingface/candle PR 616", stride, "the source is advanced twice per block", func(k *quantizer) {
			k.block = func(src []float32, b int) []float32 {
				return src[min(2*b*spec.SuperBlock, len(src)-spec.SuperBlock):][:spec.SuperBlock]
			}
		}},
		{"C11", "ggml-org/llama.cpp PR 1117", lane, "bsums are stored without the last step of the horizontal sum", func(k *quantizer) {
			base := k.sum
			k.sum = func(q []int8) int16 { return base(q[:8]) }
		}},
		{"C18", "ggml-org/llama.cpp PR 14827", lane, "a wrong shuffle: lanes 2 and 3 of 32 never take part in the maximum", func(k *quantizer) {
			k.peak = func(x []float32) float32 {
				return largest(x, func(i int) bool { return i%32/2 != 1 })
			}
		}},
		{"C51", "ARM-software/kleidiai 8492ee8", bounds, "the last bsum is stored with 32 bits", func(k *quantizer) {
			base := k.store
			k.store = func(dst []byte, b int, q *q8k) {
				base(dst, b, q)
				poke(dst, (b+1)*spec.Q8KBytes, 0)
				poke(dst, (b+1)*spec.Q8KBytes+1, 0)
			}
		}},
		{"C55", "ARM-software/kleidiai d157229", overflow, "products out of range are converted as the CPU does, to the least integer, which is packed to −128", func(k *quantizer) {
			base := k.quant
			k.quant = func(x, inv float32, i int) int8 {
				if p := x * inv; p-p != 0 {
					return -128
				}
				return base(x, inv, i)
			}
		}},
		{"D01", "ggml-org/llama.cpp#2982", special, "no test for a zero block: its scale is −0", func(k *quantizer) {
			k.scales = func(peak float32) (d, inv float32) {
				inv = -127 / peak
				return 1 / inv, inv
			}
		}},
		{"D02", "ggml-org/llama.cpp bf0b4c808", stride, "the shortcut for a zero block forgets to advance the source", func(k *quantizer) {
			base := k.block
			k.block = func(src []float32, b int) []float32 {
				from := 0
				for range b {
					if largest(base(src, from), nil) != 0 {
						from++
					}
				}
				return base(src, from)
			}
		}},
		{"D08", "ggml-org/llama.cpp PR 7955", special, "of equal extremes the last one wins", func(k *quantizer) {
			k.peak = func(x []float32) (peak float32) {
				for _, v := range x {
					if magnitude(v) >= magnitude(peak) {
						peak = v
					}
				}
				return peak
			}
		}},
		{"D09", "ggml-org/llama.cpp PR 15928", lane, "the maximum is not reset for the next block", func(k *quantizer) {
			k.encode = func(src []float32, b int) (out q8k) {
				var inv float32
				out.d, inv = k.scales(largest(src[:(b+1)*spec.SuperBlock], nil))
				for i, v := range k.block(src, b) {
					out.q[i] = k.quant(v, inv, i)
				}
				return out
			}
		}},
		{"D14", "huggingface/candle PR 3629", rounding, "ties are rounded away from zero", func(k *quantizer) {
			k.quant = func(x, inv float32, _ int) int8 { return rounded(x, inv, math.Round) }
		}},
		{"D15", "pytorch/FBGEMM aa5b56a0d", rounding, "ties are rounded away from zero in the last eight elements", func(k *quantizer) {
			base := k.quant
			k.quant = func(x, inv float32, i int) int8 {
				if i >= 248 {
					return rounded(x, inv, math.Round)
				}
				return base(x, inv, i)
			}
		}},
		{"D16", "pytorch/FBGEMM PR 362", rounding, "the zero point is added before the rounding to an integer, and rounds on its own", func(k *quantizer) {
			k.quant = func(x, inv float32, _ int) int8 {
				return rounded(x, inv, func(p float64) float64 {
					return math.RoundToEven(float64(float32(p)+128)) - 128
				})
			}
		}},
		{"D18", "ggml-org/llama.cpp PR 8939", rounding, "the product is not rounded before it is rounded to an integer, as where the compiler contracts", func(k *quantizer) {
			k.quant = func(x, inv float32, _ int) int8 {
				if p := x * inv; p-p != 0 {
					return 0
				}
				return int8(max(-128, min(127, math.RoundToEven(float64(x)*float64(inv)))))
			}
		}},
		{"D22", "ggml-org/llama.cpp PR 6063", stride, "the count of elements is kept in a type too short, here of 16 bits", func(k *quantizer) {
			base := k.block
			k.block = func(src []float32, b int) []float32 { return base(src, int(uint16(b*spec.SuperBlock))/spec.SuperBlock) }
		}},
		{"D24", "ikawrakow/ik_llama.cpp 6b809ca0e", threads, "the elements are split in two, in the middle of a block where the number of blocks is odd", func(k *quantizer) {
			k.encode = func(src []float32, b int) (out q8k) {
				x := k.block(src, b)
				cut := len(src)/2 - b*spec.SuperBlock
				if cut <= 0 || cut >= len(x) {
					out.d = k.part(x, out.q[:])
					return out
				}
				k.part(x[:cut], out.q[:cut])
				out.d = k.part(x[cut:], out.q[cut:])
				return out
			}
		}},
		{"D29", "sgl-project/sglang-jax PR 1598", rounding, "the cast truncates", func(k *quantizer) {
			k.quant = func(x, inv float32, _ int) int8 { return rounded(x, inv, math.Trunc) }
		}},
		{"D33", "tensorchord/pgvecto.rs PR 574", tail, "the last eight elements do not take part in the maximum", func(k *quantizer) {
			k.peak = func(x []float32) float32 { return largest(x[:248], nil) }
		}},
		{"D34", "leanprover/TensorLib PR 99", special, "where the inverse scale overflows, the infinite products are clamped", func(k *quantizer) {
			base := k.quant
			k.quant = func(x, inv float32, i int) int8 {
				if p := x * inv; math.IsInf(float64(p), 0) {
					return int8(math.Copysign(127, float64(p)))
				}
				return base(x, inv, i)
			}
		}},
		{"H03", "b4rtaz/distributed-llama 536c2b8", tail, "the search for the maximum starts at the second element", func(k *quantizer) {
			k.peak = func(x []float32) float32 { return largest(x[1:], nil) }
		}},
		{"I22", "microsoft/onnxruntime PR 28308", special, "a NaN element is clamped to a bound", func(k *quantizer) {
			base := k.quant
			k.quant = func(x, inv float32, i int) int8 {
				if x != x {
					return 127
				}
				return base(x, inv, i)
			}
		}},
		{"J19-d", "JuliaMath/BFloat16s.jl#125", tiny, "a subnormal scale is flushed to zero", func(k *quantizer) {
			base := k.scales
			k.scales = func(peak float32) (d, inv float32) {
				d, inv = base(peak)
				return flushed(d), inv
			}
		}},
		{"L09", "tphakala/simd 481df16", layout, "a pack within 128-bit lanes leaves the quants of 32 in the wrong order", func(k *quantizer) {
			// Two packs of four vectors of eight leave the words of four as
			// 0 2 4 6 1 3 5 7.
			k.slot = func(i int) int {
				word := i % 32 / 4
				return i&^31 + (word%2*4+word/2)*4 + i%4
			}
		}},
	})
}

func aprenderMutants() []Mutant {
	return family(spec.OpQuantizeQ8KAprender, newAprender, quantizeEntry, []edit[quantizer]{
		{"B25", "huggingface/candle PR 617", layout, "a mask loses the low four bits of a bsum", func(k *quantizer) {
			base := k.sum
			k.sum = func(q []int8) int16 { return base(q) &^ 15 }
		}},
		{"C12-b", "ggml-org/llama.cpp PR 5951", operand, "the bits of the scale are stored as a number", func(k *quantizer) {
			base := k.scales
			k.scales = func(peak float32) (d, inv float32) {
				d, inv = base(peak)
				return float32(math.Float32bits(d)), inv
			}
		}},
		{"C55-b", "ARM-software/kleidiai d157229", overflow, "Inf·0 is converted as the CPU does, to the least integer, which is packed to −128", func(k *quantizer) {
			base := k.quant
			k.quant = func(x, inv float32, i int) int8 {
				if p := x * inv; p-p != 0 && x == x {
					return -128
				}
				return base(x, inv, i)
			}
		}},
		{"D01-b", "ggml-org/llama.cpp#2982", special, "no test for a zero block: its scale is 0, and 1/0 infinite", func(k *quantizer) {
			k.scales = func(peak float32) (d, inv float32) {
				d = peak / 127
				return d, 1 / d
			}
		}},
		{"D03", "ggml-org/llama.cpp PR 7313", special, "a block is taken for zero only if it is, not if it is tiny", func(k *quantizer) {
			base := k.scales
			k.scales = func(peak float32) (d, inv float32) {
				if peak == 0 {
					return base(peak)
				}
				return peak / 127, 1 / (peak / 127)
			}
		}},
		{"D03-b", "ggml-org/llama.cpp PR 7313", special, "the largest value that is taken for zero is not", func(k *quantizer) {
			base := k.scales
			k.scales = func(peak float32) (d, inv float32) {
				if peak == 1e-10 {
					return peak / 127, 1 / (peak / 127)
				}
				return base(peak)
			}
		}},
		{"D10", "ggml-org/llama.cpp PR 3646", stride, "a loop over elements ends at the number of blocks", func(k *quantizer) {
			k.encode = func(src []float32, b int) (out q8k) {
				n := min(len(src)/spec.SuperBlock, spec.SuperBlock)
				out.d = k.part(k.block(src, b)[:n], out.q[:n])
				return out
			}
		}},
		{"D14-b", "huggingface/candle PR 3629", rounding, "ties are rounded to even", func(k *quantizer) {
			k.quant = func(x, inv float32, _ int) int8 { return rounded(x, inv, math.RoundToEven) }
		}},
		{"D16-b", "pytorch/FBGEMM PR 362", rounding, "half is added before the rounding down, and rounds on its own", func(k *quantizer) {
			k.quant = func(x, inv float32, _ int) int8 {
				return rounded(x, inv, func(p float64) float64 {
					return math.Copysign(math.Floor(float64(magnitude(float32(p))+0.5)), p)
				})
			}
		}},
		{"D18-b", "ggml-org/llama.cpp PR 8939", rounding, "the values are divided by the scale, not multiplied by its rounded inverse", func(k *quantizer) {
			base := k.scales
			k.scales = func(peak float32) (d, inv float32) {
				d, _ = base(peak)
				return d, d
			}
			k.quant = func(x, d float32, _ int) int8 { return rounded(x/d, 1, math.Round) }
		}},
		{"D26", "google/XNNPACK 2948ee8013", tiny, "the inverse of the scale is kept in f16", func(k *quantizer) {
			base := k.scales
			k.scales = func(peak float32) (d, inv float32) {
				d, inv = base(peak)
				return d, viaHalf(inv)
			}
		}},
		{"D30", "imazen/archmage#20", rounding, "ties are rounded up, negative ones too", func(k *quantizer) {
			k.quant = func(x, inv float32, _ int) int8 {
				return rounded(x, inv, func(p float64) float64 { return math.Floor(p + 0.5) })
			}
		}},
		{"D33-b", "tensorchord/pgvecto.rs PR 574", tail, "the last element does not take part in the maximum", func(k *quantizer) {
			k.peak = func(x []float32) float32 { return magnitude(largest(x[:255], nil)) }
		}},
		{"E37", "google/XNNPACK 03034811cd", stride, "bsums are stored at offsets counted from the wrong base, two bytes early", func(k *quantizer) {
			k.store = func(dst []byte, b int, q *q8k) {
				blk := dst[b*spec.Q8KBytes:][:spec.Q8KBytes]
				k.put(blk, blk[spec.Q8KOffQuants:], blk[spec.Q8KOffBsums-2:], q)
			}
		}},
		{"H10", "FluxML/NNlib.jl PR 43", operand, "the maximum is that of the values and 0, not of the magnitudes", func(k *quantizer) {
			k.peak = func(x []float32) (peak float32) {
				for _, v := range x {
					if v > peak {
						peak = v
					}
				}
				return peak
			}
		}},
		{"I22-b", "microsoft/onnxruntime PR 28308", special, "a NaN element is clamped to a bound", func(k *quantizer) {
			base := k.quant
			k.quant = func(x, inv float32, i int) int8 {
				if x != x {
					return -128
				}
				return base(x, inv, i)
			}
		}},
		{"I22-c", "microsoft/onnxruntime PR 28308", special, "the maximum instruction takes a NaN and then drops it, and with it the maximum so far", func(k *quantizer) {
			k.peak = func(x []float32) (peak float32) {
				for _, v := range x {
					if !(peak > magnitude(v)) {
						peak = magnitude(v)
					}
				}
				return peak
			}
		}},
		{"J26", "nntrainer/nntrainer efdeb1029", special, "an infinity is found by its bits with the sign: −Inf takes no part in the maximum", func(k *quantizer) {
			k.peak = func(x []float32) float32 {
				return magnitude(largest(x, func(i int) bool { return !math.IsInf(float64(x[i]), -1) }))
			}
		}},
	})
}
