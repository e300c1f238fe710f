package mutants

import (
	"assay/spec"
)

// lanes are the running sums of the f32 dot's declared tree.
type lanes [spec.DotLanes]float32

// f32Dot is the base of dot_f32.
type f32Dot struct {
	start func(a, b []float32) lanes
	// Elements below body(n) are taken 64 at a time, the rest one by one.
	body   func(n int) int
	step   func(acc *lanes, a, b []float32, i int) // elements i to i+63
	rest   func(acc *lanes, a, b []float32, i int) // elements from i on
	madd   func(x, y, acc float32) float32
	reduce func(acc *lanes) float32
}

func newF32Dot() *f32Dot {
	k := &f32Dot{
		start:  func(a, b []float32) lanes { return lanes{} },
		body:   func(n int) int { return n / spec.DotLanes * spec.DotLanes },
		madd:   fma,
		reduce: (*lanes).sum,
	}
	k.step = func(acc *lanes, a, b []float32, i int) { k.add(acc, a[i:i+spec.DotLanes], b[i:i+spec.DotLanes]) }
	k.rest = func(acc *lanes, a, b []float32, i int) {
		k.add(acc, a[i:], b[i:])
		if n := len(a) - i; n > 0 { // zeros make up for the elements that are missing
			for l := n; l < len(acc); l++ {
				acc[l] = k.madd(0, 0, acc[l])
			}
		}
	}
	return k
}

// add adds up to 64 products, from lane 0 on.
func (k *f32Dot) add(acc *lanes, a, b []float32) {
	for l := range a {
		acc[l] = k.madd(a[l], b[l], acc[l])
	}
}

func (k *f32Dot) run(a, b []float32) float32 {
	acc := k.start(a, b)
	n := k.body(len(a))
	for i := 0; i < n; i += spec.DotLanes {
		k.step(&acc, a, b, i)
	}
	k.rest(&acc, a, b, n)
	return k.reduce(&acc)
}

// sum adds lanes l and l+32, then l and l+16, 8, 4, 2, 1.
func (acc *lanes) sum() float32 { return folded(acc[:]) }

// cut makes the mutants that lose a part of the rest.
func (k *f32Dot) cut(keep func(n int) int) {
	k.rest = func(acc *lanes, a, b []float32, i int) {
		n := keep(len(a) - i)
		k.add(acc, a[i:i+n], b[i:i+n])
	}
}

func dotF32Mutants() []Mutant {
	entry := func(k *f32Dot) spec.Func { return spec.DotF32(k.run) }
	return family(spec.OpDotF32, newF32Dot, entry, []edit[f32Dot]{
		{"A13-b", "ariannamethod/notorch PR 92", rounding, "two chains of 32 lanes per step instead of one of 64", func(k *f32Dot) {
			k.step = func(acc *lanes, a, b []float32, i int) {
				for l := range 32 {
					acc[l] = fma(a[i+l+32], b[i+l+32], fma(a[i+l], b[i+l], acc[l]))
				}
			}
		}},
		{"A15-b", "ariannamethod/notorch 9c10d6d", rounding, "the product is rounded before it is added", func(k *f32Dot) {
			k.madd = func(x, y, acc float32) float32 { return acc + float32(x*y) }
		}},
		{"A36-b", "cisco-ai-defense/defenseclaw PR 679", lane, "one lane starts with what was left in the register", func(k *f32Dot) {
			k.start = func(a, _ []float32) (acc lanes) {
				if len(a) > 0 {
					acc[63] = a[len(a)-1]
				}
				return acc
			}
		}},
		{"C03", "ikawrakow/ik_llama.cpp PR 213", tail, "the loop over the rest is commented out", func(k *f32Dot) {
			k.cut(func(int) int { return 0 })
		}},
		{"C17-b", "ggml-org/llama.cpp PR 16958", lane, "the horizontal sum omits the last lane", func(k *f32Dot) {
			k.reduce = func(acc *lanes) float32 { acc[63] = 0; return acc.sum() }
		}},
		{"C43", "google/XNNPACK 07e033e0dd", tail, "two elements a turn, and none for an odd length's last", func(k *f32Dot) {
			k.cut(func(n int) int { return n &^ 1 })
		}},
		{"D19", "pytorch/FBGEMM PR 1261", stride, "the length is kept in a type too short, here of 16 bits", func(k *f32Dot) {
			k.body = func(n int) int { return int(uint16(n)) / 64 * 64 }
			k.cut(func(n int) int { return n % 64 })
		}},
		{"D23", "pytorch/FBGEMM PR 5153", tail, "the rest is done by running the last full vector of 8 again", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				n := len(a) - i
				k.add(acc, a[i:i+n&^7], b[i:i+n&^7])
				if from := max(0, len(a)-8); n%8 != 0 {
					k.add(acc, a[from:], b[from:])
				}
			}
		}},
		{"E02", "ggml-org/llama.cpp PR 22841", precise, "the running sums are kept in f16", func(k *f32Dot) {
			k.madd = func(x, y, acc float32) float32 { return viaHalf(fma(x, y, acc)) }
		}},
		{"E04", "ggml-org/llama.cpp PR 16518", operand, "the third unrolled vector multiplies the register of the second", func(k *f32Dot) {
			k.step = func(acc *lanes, a, b []float32, i int) {
				a = append([]float32(nil), a[i:i+64]...)
				copy(a[32:48], a[16:32])
				k.add(acc, a, b[i:])
			}
		}},
		{"E05", "ggml-org/llama.cpp PR 16443", tail, "one pass over the rest, which may be up to two vectors long", func(k *f32Dot) {
			k.cut(func(n int) int { return min(n, 32) })
		}},
		{"E08", "ggml-org/llama.cpp#11920", precise, "sums of 64 products are rounded to f16 before they are added", func(k *f32Dot) {
			k.step = func(acc *lanes, a, b []float32, i int) {
				var part lanes
				k.add(&part, a[i:i+64], b[i:i+64])
				acc[0] += viaHalf(part.sum())
			}
		}},
		{"E16", "gonum/gonum bbe13ce7", bounds, "one extra element is processed after a tail of two", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				k.add(acc, a[i:], b[i:])
				if len(a)%4 == 2 {
					acc[0] = fma(peek(a, len(a)), peek(b, len(b)), acc[0])
				}
			}
		}},
		{"E18", "gonum/gonum PR 1591", operand, "the jump to the tail tests the count of steps, not that of elements", func(k *f32Dot) {
			k.cut(func(n int) int {
				if n/8%2 == 1 {
					return n &^ 7
				}
				return n
			})
		}},
		{"E19", "gonum/gonum 53ebc944", tail, "a length of 1 to 7 loses its last element", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				n := len(a)
				if 0 < n && n < 8 {
					n--
				}
				k.add(acc, a[i:n], b[i:n])
			}
		}},
		{"E20", "OpenMathLib/OpenBLAS#171", bounds, "unused lanes of the last vector take what lies behind the operand, times zero", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				k.add(acc, a[i:], b[i:])
				for l := len(a) - i; l%16 != 0; l++ {
					acc[l] = fma(peek(a, i+l), 0, acc[l])
				}
			}
		}},
		{"E21", "OpenMathLib/OpenBLAS#750", special, "a register is cleared by x − x, which is NaN for an infinity", func(k *f32Dot) {
			k.start = func(a, _ []float32) (acc lanes) {
				for l := range min(len(a), len(acc)) {
					acc[l] = a[l] - a[l]
				}
				return acc
			}
		}},
		{"E21-b", "OpenMathLib/OpenBLAS#766", special, "a product with a zero is skipped, even 0·Inf and 0·NaN", func(k *f32Dot) {
			k.madd = func(x, y, acc float32) float32 {
				if x == 0 {
					return acc
				}
				return fma(x, y, acc)
			}
		}},
		{"E22", "OpenMathLib/OpenBLAS#5466", rounding, "a single running sum", func(k *f32Dot) {
			k.body = func(int) int { return 0 }
			k.rest = func(acc *lanes, a, b []float32, _ int) {
				for i := range a {
					acc[0] = fma(a[i], b[i], acc[0])
				}
			}
		}},
		{"E23", "OpenMathLib/OpenBLAS#4013", bounds, "the rest is loaded as a whole vector, and masked", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				if i < len(a) {
					peek(a, i+63)
					peek(b, i+63)
				}
				k.add(acc, a[i:], b[i:])
			}
		}},
		{"E23-b", "OpenMathLib/OpenBLAS#535", bounds, "the rest is loaded as the vector that ends with it, and may begin before the operand", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				if i < len(a) {
					peek(a, len(a)-64)
				}
				k.add(acc, a[i:], b[i:])
			}
		}},
		{"E24", "OpenMathLib/OpenBLAS#4324", tail, "lengths below 4 give 0", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				if len(a) >= 4 {
					k.add(acc, a[i:], b[i:])
				}
			}
		}},
		{"E27", "giaf/blasfeo#178", tail, "the second step takes the first one's operand", func(k *f32Dot) {
			k.step = func(acc *lanes, a, b []float32, i int) {
				from := i
				if i == 64 {
					from = 0
				}
				k.add(acc, a[from:from+64], b[i:i+64])
			}
		}},
		{"E33", "nntrainer/nntrainer PR 4101", tail, "the tail of 4 to 7 elements starts 4 late", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				n := (len(a) - i) &^ 7
				k.add(acc, a[i:i+n], b[i:i+n])
				if i += n; len(a)-i >= 4 {
					i += 4
				}
				k.add(acc, a[i:], b[i:])
			}
		}},
		{"E43", "viterin/vek 0ce8425", lane, "beyond 256 elements with a rest the result keeps what was in the register", func(k *f32Dot) {
			k.start = func(a, _ []float32) (acc lanes) {
				if n := len(a); n > 256 && n%32 != 0 {
					acc[1] = a[0]
				}
				return acc
			}
		}},
		{"E47", "PaddlePaddle/Paddle PR 19487", bounds, "an aligned load of an unaligned operand", func(k *f32Dot) {
			k.start = func(a, _ []float32) (acc lanes) {
				if len(a) > 0 && misaligned(a, 16) {
					panic("load from a misaligned address")
				}
				return acc
			}
		}},
		{"I05", "nntrainer/nntrainer PR 3494", tail, "the loop ends before, not after, the step that reaches the end, and the rest takes less than a step", func(k *f32Dot) {
			k.body = func(n int) int { return max(0, n-1) / 64 * 64 }
			k.cut(func(n int) int { return n % 64 })
		}},
		{"J19", "JuliaMath/BFloat16s.jl#125", tiny, "subnormal operands are taken as zero", func(k *f32Dot) {
			k.madd = func(x, y, acc float32) float32 { return fma(flushed(x), flushed(y), acc) }
		}},
		{"J19-b", "JuliaMath/BFloat16s.jl#125", tiny, "a subnormal result is flushed to zero", func(k *f32Dot) {
			k.reduce = func(acc *lanes) float32 { return flushed(acc.sum()) }
		}},
		{"L07", "tphakala/simd 144110c", operand, "the tail's fused multiply-add has its operands in another order", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				for l := range a[i:] {
					acc[l] = fma(acc[l], b[i+l], a[i+l])
				}
			}
		}},
		{"L20", "VectorCamp/vectorscan PR 378", tail, "the last vector is loaded so that it ends with the operand, but its first lanes are kept", func(k *f32Dot) {
			k.rest = func(acc *lanes, a, b []float32, i int) {
				from := max(0, len(a)-64)
				n := len(a) - i
				k.add(acc, a[from:from+n], b[from:from+n])
			}
		}},
	})
}
