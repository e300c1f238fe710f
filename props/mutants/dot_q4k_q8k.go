package mutants

import (
	"cmp"
	"encoding/binary"

	"assay/spec"
)

// quantBlock is a super-block of a row and of the activation, decoded.
type quantBlock struct {
	*superBlock
	b, nb int    // which of how many
	w, a  []byte // the row and the activation
	dx    float32
	x     [256]int32
	bsum  [16]int32
}

// quantSums are the running sums of the fused dot's declared tree: lane l of
// pos has the dots, of neg the minimum terms.
type quantSums struct {
	pos, neg [spec.QuantDotLanes]float32
}

// quantDot is the base of dot_q4k_q8k. A group is four neighbouring elements,
// g = 0 … 63 of a super-block.
type quantDot struct {
	decoder
	order   func(nb int) []int                   // super-blocks in the order of visits
	actAt   func(b int) int                      // first byte of super-block b of the activation
	spoil   func(v *quantBlock)                  // nil in the base
	group   func(g int, q, x []int32) int32      // Σ q·x of a group
	block   func(parts *[8]int32)                // the eight groups of a sub-block
	scaleOf func(g int) int                      // the sub-block whose scale group g takes
	scaled  func(acc, sc, part int32) int32      // acc + sc·part
	minTerm func(v *quantBlock, j int) int32     // of sub-block j
	scales  func(v *quantBlock) (dd, dm float32) // of the dots and of the minimum terms
	start   func(w, a []byte) quantSums          // w and a are not empty
	add     func(scale float32, n int32, acc float32) float32
	step    func(v *quantBlock, sums *quantSums) // one super-block
	reduce  func(sums *quantSums) float32
}

func newQuantDot() *quantDot {
	k := &quantDot{
		decoder: newDecoder(),
		order:   upTo,
		actAt:   func(b int) int { return b * spec.Q8KBytes },
		group:   group,
		block:   func(*[8]int32) {},
		scaleOf: func(g int) int { return g / 8 },
		scaled:  func(acc, sc, part int32) int32 { return acc + sc*part },
		minTerm: func(v *quantBlock, j int) int32 { return v.m[j] * (v.bsum[2*j] + v.bsum[2*j+1]) },
		scales:  func(v *quantBlock) (dd, dm float32) { return v.d * v.dx, v.dmin * v.dx },
		start:   func(w, a []byte) quantSums { return quantSums{} },
		add:     func(scale float32, n int32, acc float32) float32 { return fma(scale, float32(n), acc) },
		reduce:  (*quantSums).sum,
	}
	k.step = func(v *quantBlock, sums *quantSums) {
		dots := k.dots(v, 0, spec.Q4KSubBlocks)
		dd, dm := k.scales(v)
		for l := range dots {
			sums.pos[l] = k.add(dd, dots[l], sums.pos[l])
			sums.neg[l] = k.add(dm, k.minTerm(v, l), sums.neg[l])
		}
	}
	return k
}

// upTo returns 0 … n−1.
func upTo(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

func group(_ int, q, x []int32) int32 {
	var sum int32
	for i := range q {
		sum += q[i] * x[i]
	}
	return sum
}

func (k *quantDot) run(w, a []byte) float32 {
	nb := len(w) / spec.Q4KBytes
	if nb == 0 {
		return 0
	}
	sums := k.start(w, a)
	for _, b := range k.order(nb) {
		k.step(k.load(w, a, b, nb), &sums)
	}
	return k.reduce(&sums)
}

func (k *quantDot) load(w, a []byte, b, nb int) *quantBlock {
	v := &quantBlock{superBlock: k.decode(w, b), b: b, nb: nb, w: w, a: a}
	blk := a[k.actAt(b):]
	v.dx = spec.GetF32(blk, 0)
	for i := range v.x {
		v.x[i] = int32(int8(blk[spec.Q8KOffQuants+i]))
	}
	for i := range v.bsum {
		v.bsum[i] = int32(int16(binary.LittleEndian.Uint16(blk[spec.Q8KOffBsums+2*i:])))
	}
	if k.spoil != nil {
		k.spoil(v)
	}
	return v
}

// dots returns the lanes' integers over the sub-blocks [from, to).
func (k *quantDot) dots(v *quantBlock, from, to int) (sum [spec.QuantDotLanes]int32) {
	for j := from; j < to; j++ {
		var parts [8]int32
		for l := range parts {
			g := 8*j + l
			parts[l] = k.group(g, v.q[4*g:4*g+4], v.x[4*g:4*g+4])
		}
		k.block(&parts)
		for l, part := range parts {
			sum[l] = k.scaled(sum[l], v.sc[k.scaleOf(8*j+l)], part)
		}
	}
	return sum
}

func (s *quantSums) sum() float32 {
	r := s.pos
	for l := range r {
		r[l] -= s.neg[l]
	}
	for n := len(r); n > 1; n /= 2 {
		for l := range n / 2 {
			r[l] += r[l+n/2]
		}
	}
	return r[0]
}

// pairs adds the products of a group two by two, as one instruction of AVX2
// does, and saturates both sums to int16. q may be biased.
func pairs(q func(i int) int32, x []int32) int32 {
	return sat16(q(0)*x[0]+q(1)*x[1]) + sat16(q(2)*x[2]+q(3)*x[3])
}

// biased is the sum of a group with quants that are made unsigned by adding
// 128, which is taken back afterwards; the pair sums saturate on the way.
func biased(_ int, q, x []int32) int32 {
	return pairs(func(i int) int32 { return q[i] + 128 }, x) - 128*(x[0]+x[1]+x[2]+x[3])
}

func dotQ4KQ8KMutants() []Mutant {
	entry := func(k *quantDot) spec.Func { return spec.DotQuant(k.run) }
	return family(spec.OpDotQ4KQ8K, newQuantDot, entry, []edit[quantDot]{
		{"A01", "paiml/aprender#3105", scale, "a scale multiplies the first halves of two sub-blocks, the next one their second halves", func(k *quantDot) {
			k.scaleOf = func(g int) int { return g/16*2 + g%8/4 }
		}},
		{"A02", "paiml/aprender#3105", lane, "the minimum term sums 16 of the 32 activations of a sub-block", func(k *quantDot) {
			k.minTerm = func(v *quantBlock, j int) int32 { return v.m[j] * v.bsum[2*j] }
		}},
		{"A02-b", "paiml/aprender#3105", lane, "the minimum term of the last sub-block sums 16 of its 32 activations", func(k *quantDot) {
			k.spoil = func(v *quantBlock) { v.bsum[15] = 0 }
		}},
		{"A06", "huggingface/candle PR 1544", overflow, "the sum of a sub-block wraps to int16 before it is scaled", func(k *quantDot) {
			k.block = func(parts *[8]int32) {
				var sum int32
				for _, p := range parts {
					sum += p
				}
				*parts = [8]int32{wrap16(sum)}
			}
		}},
		{"A07", "crabml/crabml PR 102", overflow, "min times bsum is kept in int16", func(k *quantDot) {
			k.minTerm = func(v *quantBlock, j int) int32 {
				return wrap16(v.m[j]*v.bsum[2*j]) + wrap16(v.m[j]*v.bsum[2*j+1])
			}
		}},
		{"A08", "crabml/crabml PR 102", scale, "the multiplication by the scale is commented out", func(k *quantDot) {
			k.scaled = func(acc, _, part int32) int32 { return acc + part }
		}},
		{"A09", "ggml-org/llama.cpp PR 2362", overflow, "sc·q is kept in an unsigned byte", func(k *quantDot) {
			k.spoil = func(v *quantBlock) {
				for i := range v.q {
					v.q[i] = int32(uint8(v.sc[i/32] * v.q[i]))
				}
				v.sc = [8]int32{1, 1, 1, 1, 1, 1, 1, 1}
			}
		}},
		{"A13", "ariannamethod/notorch PR 92", rounding, "two halves of a super-block are added to the float sum one by one", func(k *quantDot) {
			whole := k.step
			k.step = func(v *quantBlock, sums *quantSums) {
				first := k.dots(v, 0, 4)
				dd, _ := k.scales(v)
				for l := range first {
					sums.pos[l] = fma(dd, float32(first[l]), sums.pos[l])
				}
				clear(v.x[:128])
				whole(v, sums)
			}
		}},
		{"A15", "ariannamethod/notorch 9c10d6d", rounding, "the product with the scale is rounded before it is added", func(k *quantDot) {
			k.add = func(scale float32, n int32, acc float32) float32 { return acc + float32(scale*float32(n)) }
		}},
		{"A17", "ikawrakow/ik_llama.cpp PR 2224", operand, "8 is subtracted from four quants by one 32-bit addition: carries leak into the neighbour", func(k *quantDot) {
			k.group = func(_ int, q, x []int32) int32 {
				word := uint32(q[0]|q[1]<<8|q[2]<<16|q[3]<<24) + 0xf8f8f8f8
				var sum int32
				for i := range q {
					sum += (int32(int8(word>>(8*i))) + 8) * x[i]
				}
				return sum
			}
		}},
		{"A18", "ikawrakow/ik_llama.cpp PR 137", overflow, "the quants are biased by 128, and sums of two products saturate to int16", func(k *quantDot) {
			k.group = biased
		}},
		{"A20", "ikawrakow/ik_llama.cpp PR 141", overflow, "high nibbles are multiplied in place, times 16: sums of two products saturate", func(k *quantDot) {
			k.group = func(g int, q, x []int32) int32 {
				if g/8%2 == 0 {
					return group(g, q, x)
				}
				return pairs(func(i int) int32 { return 16 * q[i] }, x) / 16
			}
		}},
		{"A21", "ggml-org/llama.cpp PR 5834", lane, "one lane takes the quant of its neighbour", func(k *quantDot) {
			k.spoil = func(v *quantBlock) { v.q[226] = v.q[225] }
		}},
		{"A22", "ggml-org/llama.cpp PR 5742", operand, "the scales are loaded before they are stored: a block takes those of the one before", func(k *quantDot) {
			k.after = func(w []byte, b int, s *superBlock) {
				if b > 0 {
					base := newDecoder()
					before := base.decode(w, b-1)
					s.sc, s.m = before.sc, before.m
				}
			}
		}},
		{"A23", "ggml-org/llama.cpp PR 6012", overflow, "a 16-bit half of the packed scales is sign-extended before the halves are joined", func(k *quantDot) {
			k.pair = func(s []byte, j int) (sc, m int32) {
				var joined [12]byte
				copy(joined[:], s)
				for i := 0; i < len(joined); i += 4 {
					if joined[i+1]&0x80 != 0 {
						joined[i+2], joined[i+3] = 0xff, 0xff
					}
				}
				return pair(joined[:], j)
			}
		}},
		{"A24", "ggml-org/llama.cpp#21462", scale, "an emulated dot returns the groups of two sub-blocks as 0 2 4 … 1 3 5 …, and is then scaled lane by lane", func(k *quantDot) {
			k.scaleOf = func(g int) int { return g/16*2 + g%2 }
		}},
		{"A29", "microsoft/BitNet PR 459", overflow, "the scaled sums of a super-block are kept in int16", func(k *quantDot) {
			k.scaled = func(acc, sc, part int32) int32 { return wrap16(acc + sc*part) }
		}},
		{"A30", "crabml/crabml#208", tail, "an odd last super-block is multiplied by itself", func(k *quantDot) {
			k.spoil = func(v *quantBlock) {
				if v.nb%2 == 1 && v.b == v.nb-1 {
					v.x = v.q
				}
			}
		}},
		{"A31", "ikawrakow/ik_llama.cpp PR 951", tail, "an odd last super-block takes bsums for bfloat16, their type of old", func(k *quantDot) {
			k.spoil = func(v *quantBlock) {
				if v.nb%2 == 1 && v.b == v.nb-1 {
					for i, s := range v.bsum {
						v.bsum[i] = saturated(bfloat(uint16(s)))
					}
				}
			}
		}},
		{"A36", "cisco-ai-defense/defenseclaw PR 679", lane, "one accumulator starts with what was left in the register", func(k *quantDot) {
			k.start = func(w, a []byte) (s quantSums) {
				s.pos[7] = spec.GetF32(a, 0)
				return s
			}
		}},
		{"A42", "Tencent/ncnn PR 6696", scale, "super-blocks in pairs divide by scales that are inverted already; the last one multiplies", func(k *quantDot) {
			base := k.scales
			k.scales = func(v *quantBlock) (dd, dm float32) {
				dd, dm = base(v)
				if v.b < v.nb&^1 {
					dd = 1 / dd
				}
				return dd, dm
			}
		}},
		{"B31", "intel/neural-speed PR 19", stride, "the pointer to the mins advances by 1, not by a block", func(k *quantDot) {
			k.after = func(w []byte, b int, s *superBlock) {
				for j := range s.m {
					_, s.m[j] = pair(w[b+spec.Q4KOffScales:], j)
				}
			}
		}},
		{"B36-c", "1bit-MONSTER PR 1234", stride, "activation blocks have the size of the neighbouring type, Q6_K", func(k *quantDot) {
			k.actAt = func(b int) int { return 210 * b }
		}},
		{"C02", "ggml-org/llama.cpp#29131", tail, "super-blocks go in pairs, and an odd one is lost", func(k *quantDot) {
			k.order = func(nb int) []int { return upTo(nb &^ 1) }
		}},
		{"C02-b", "ggml-org/llama.cpp#29131", tail, "a row of one super-block gives 0", func(k *quantDot) {
			k.order = func(nb int) []int {
				if nb == 1 {
					return nil
				}
				return upTo(nb)
			}
		}},
		{"C04", "crabml/crabml PR 168", operand, "min and sum are added, not multiplied", func(k *quantDot) {
			k.minTerm = func(v *quantBlock, j int) int32 { return v.m[j] + v.bsum[2*j] + v.bsum[2*j+1] }
		}},
		{"C05", "crabml/crabml PR 168", operand, "min and sum are added, not multiplied, in every other super-block", func(k *quantDot) {
			base := k.minTerm
			k.minTerm = func(v *quantBlock, j int) int32 {
				if v.b%2 == 0 {
					return base(v, j)
				}
				return v.m[j] + v.bsum[2*j] + v.bsum[2*j+1]
			}
		}},
		{"C07", "huggingface/candle PR 776", operand, "signed quants are read as unsigned bytes", func(k *quantDot) {
			k.spoil = func(v *quantBlock) {
				for i, x := range v.x {
					v.x[i] = int32(uint8(x))
				}
			}
		}},
		{"C10", "ggml-org/llama.cpp PR 986", overflow, "products are kept in int8", func(k *quantDot) {
			k.group = func(_ int, q, x []int32) (sum int32) {
				for i := range q {
					sum += wrap8(q[i] * x[i])
				}
				return sum
			}
		}},
		{"C16", "ggml-org/llama.cpp PR 16958", lane, "the scale is broadcast by an integer instruction", func(k *quantDot) {
			base := k.scales
			k.scales = func(v *quantBlock) (dd, dm float32) {
				dd, dm = base(v)
				if -1<<30 < dd && dd < 1<<30 {
					dd = float32(int32(dd))
				}
				return dd, dm
			}
		}},
		{"C17", "ggml-org/llama.cpp PR 16958", lane, "the horizontal sum omits half of the lanes", func(k *quantDot) {
			k.reduce = func(s *quantSums) float32 {
				clear(s.pos[4:])
				return s.sum()
			}
		}},
		{"C19", "ggml-org/ggml#1393", overflow, "the sign of a quant of −128 is moved to the other operand by a negation that wraps", func(k *quantDot) {
			k.group = func(_ int, q, x []int32) (sum int32) {
				for i := range q {
					sign := int32(cmp.Compare(x[i], 0))
					sum += wrap8(sign*x[i]) * (sign * q[i])
				}
				return sum
			}
		}},
		{"C20", "ggml-org/llama.cpp PR 21652", precise, "the scaled sum of the activations is kept in f16", func(k *quantDot) {
			base := k.step
			k.step = func(v *quantBlock, sums *quantSums) {
				neg := sums.neg
				base(v, sums)
				for l := range neg {
					s := viaHalf(v.dx * float32(v.bsum[2*l]+v.bsum[2*l+1]))
					sums.neg[l] = fma(v.dmin*float32(v.m[l]), s, neg[l])
				}
			}
		}},
		{"C34", "uxlfoundation/oneDNN PR 5431", scale, "the minimum terms of all super-blocks take the first one's scale", func(k *quantDot) {
			k.scales = func(v *quantBlock) (dd, dm float32) {
				return v.d * v.dx, half(binary.LittleEndian.Uint16(v.w[spec.Q4KOffDMin:])) * spec.GetF32(v.a, 0)
			}
		}},
		{"C53-b", "ARM-software/kleidiai 7bb145d", bounds, "the bsums are loaded with a vector of 64 bytes", func(k *quantDot) {
			k.spoil = func(v *quantBlock) { peek(v.a, v.b*spec.Q8KBytes+spec.Q8KOffBsums+63) }
		}},
		{"C60", "google/gemmlowp#138", tail, "the last super-block is accumulated twice where their number is odd", func(k *quantDot) {
			k.order = func(nb int) []int {
				all := upTo(nb)
				if nb%2 == 1 {
					all = append(all, nb-1)
				}
				return all
			}
		}},
		{"E09", "ggml-org/llama.cpp PR 6928", stride, "the offset of a block is kept in a type too short, here of 16 bits", func(k *quantDot) {
			k.locate = func(b int) int { return int(uint16(b * spec.Q4KBytes)) }
		}},
		{"E21-c", "OpenMathLib/OpenBLAS#184", special, "a super-block whose activation scale is zero is skipped, though the weight's is NaN or infinite", func(k *quantDot) {
			base := k.step
			k.step = func(v *quantBlock, sums *quantSums) {
				if v.dx != 0 {
					base(v, sums)
				}
			}
		}},
		{"I24-b", "pytorch/pytorch#13448", special, "the minimum terms of a super-block whose mins are all zero are skipped, though dmin is NaN or infinite", func(k *quantDot) {
			k.after = func(_ []byte, _ int, s *superBlock) {
				if s.m == [8]int32{} {
					s.dmin = 0
				}
			}
		}},
		{"J08", "dotnet/runtime#46515", tiny, "the upper half of the f16 subnormals is halved", func(k *quantDot) {
			k.half = func(h uint16) float32 {
				if h>>10&31 == 0 && h&0x200 != 0 {
					return half(h) / 2
				}
				return half(h)
			}
		}},
		{"J19-c", "JuliaMath/BFloat16s.jl#125", tiny, "a product of scales that is subnormal is flushed to zero", func(k *quantDot) {
			base := k.scales
			k.scales = func(v *quantBlock) (dd, dm float32) {
				dd, dm = base(v)
				return flushed(dd), flushed(dm)
			}
		}},
		{"J27", "google/gemma.cpp cdbfebb", stride, "the index of the activation is reset with every super-block", func(k *quantDot) {
			k.actAt = func(int) int { return 0 }
		}},
	})
}
