package mutants

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

// narrower is the base of the conversions from f32.
type narrower struct {
	encode func(x uint32) uint16
	at     func(i int) int // where the result of element i goes
	count  func(n int) int
}

func (k *narrower) run(dst []byte, src []float32) {
	for i := range k.count(len(src)) {
		if at := k.at(i); at < len(src) {
			binary.LittleEndian.PutUint16(dst[2*at:], k.encode(math.Float32bits(src[i])))
		}
	}
}

func newNarrower(encode func(x uint32) uint16) func() *narrower {
	return func() *narrower {
		return &narrower{encode, func(i int) int { return i }, func(n int) int { return n }}
	}
}

// toHalf rounds to nearest even by adding to the float with the result's unit in
// the last place.
func toHalf(x uint32) uint16 {
	sign, mag := uint16(x>>16&0x8000), x&0x7fffffff
	v := float64(math.Float32frombits(mag))
	switch {
	case mag > 0x7f800000:
		return sign | 0x7e00
	case v >= 65520:
		return sign | 0x7c00
	case v == 0:
		return sign
	}
	_, e := math.Frexp(v)
	e = max(e-1, -14)
	units := math.RoundToEven(math.Ldexp(v, 10-e))
	return sign | uint16((e+14)<<10+int(units))
}

func toBfloat(x uint32) uint16 {
	if x&0x7fffffff > 0x7f800000 {
		return uint16(x>>16) | 0x40
	}
	up := x&0xffff > 0x8000 || x&0xffff == 0x8000 && x>>16&1 == 1
	h := uint16(x >> 16)
	if up {
		h++
	}
	return h
}

func narrowMutants() []Mutant {
	entry := func(k *narrower) spec.Func { return spec.Quantize(k.run) }
	small := func(x uint32) bool { return x&0x7fffffff < 0x38800000 } // below 2^−14
	shared := func() []edit[narrower] {
		return []edit[narrower]{
			{"E35", "nntrainer/nntrainer 9409e5f57", stride, "the index is advanced twice", func(k *narrower) { k.at = func(i int) int { return 2 * i } }},
			{"J24", "nntrainer/nntrainer 0908d90c0", tail, "a tail of fewer than eight is left out", func(k *narrower) { k.count = func(n int) int { return n &^ 7 } }},
			{"J27", "google/gemma.cpp cdbfebb", stride, "the index is reset after the first vector", func(k *narrower) {
				k.at = func(i int) int { return i % 16 }
			}},
		}
	}
	f16 := family(spec.OpConvertF32F16, newNarrower(toHalf), entry, append(shared(), []edit[narrower]{
		{"J01", "tphakala/simd PR 110", tiny, "the underflow threshold is off by one binade", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if x&0x7fffffff < 0x33800000 { // below 2^−24 instead of 2^−25
					return uint16(x >> 16 & 0x8000)
				}
				return toHalf(x)
			}
		}},
		{"J02", "tphakala/simd PR 121", tiny, "a NaN with payload in the low 13 bits becomes infinite", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if x&0x7fffffff > 0x7f800000 {
					return uint16(x>>16&0x8000) | 0x7c00 | uint16(x>>13&0x3ff)
				}
				return toHalf(x)
			}
		}},
		{"J03", "invergent-ai/surogate#162", tiny, "results that are subnormal are flushed", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if small(x) {
					return uint16(x >> 16 & 0x8000)
				}
				return toHalf(x)
			}
		}},
		{"J05", "paiml/aprender PR 2073", tiny, "subnormals are flushed and the rest truncated", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if small(x) {
					return uint16(x >> 16 & 0x8000)
				}
				return toHalf(x &^ 0x1fff)
			}
		}},
		{"J09", "ROCm/rocm-libraries PR 11325", tiny, "signalling NaNs become infinite", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if x&0x7fc00000 == 0x7f800000 && x&0x3fffff != 0 {
					return uint16(x>>16&0x8000) | 0x7c00
				}
				return toHalf(x)
			}
		}},
		{"J10", "intel/llvm PR 1395", tiny, "the exponent's difference is kept in 8 bits", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				shift := 113 - int(x>>23&255)
				if small(x) && shift > 0 && shift < 12 {
					return uint16(x>>16&0x8000) | uint16((x&0x7fffff|0x800000)>>(13+shift)) // truncated
				}
				return toHalf(x)
			}
		}},
		{"J13", "numpy/numpy#12721", tiny, "just above 2^−25 rounds to zero", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if m := x & 0x7fffffff; m > 0x33000000 && m <= 0x33001fff {
					return uint16(x >> 16 & 0x8000)
				}
				return toHalf(x)
			}
		}},
		{"J14", "microsoft/DirectXMath#104", tiny, "a shift by more than 31 wraps", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if e := int(x >> 23 & 255); small(x) && 113-e+13 > 31 && e > 0 {
					return uint16(x>>16&0x8000) | uint16((x&0x7fffff|0x800000)>>((113-e+13)%32))
				}
				return toHalf(x)
			}
		}},
		{"J16", "petamoriken/float16#1046", rounding, "ties are rounded away from zero", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if !small(x) && x&0x1fff == 0x1000 && x&0x7f800000 != 0x7f800000 {
					return toHalf(x + 1)
				}
				return toHalf(x)
			}
		}},
		{"J16-b", "petamoriken/float16#1046", rounding, "the carry into the exponent is lost", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if h := toHalf(x); h&0x3ff == 0 && x&0x7fe000 == 0x7fe000 && !small(x) {
					return h - 1
				}
				return toHalf(x)
			}
		}},
		{"J28", "pytorch/FBGEMM PR 871", tiny, "what overflows is clamped to the largest number", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if h := toHalf(x); h&0x7fff == 0x7c00 && x&0x7fffffff < 0x7f800000 {
					return h - 1
				}
				return toHalf(x)
			}
		}},
	}...))
	bf16 := family(spec.OpConvertF32BF16, newNarrower(toBfloat), entry, append(shared(), []edit[narrower]{
		{"J18", "ggml-org/llama.cpp PR 7843", tiny, "subnormals are flushed", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if x&0x7f800000 == 0 {
					return uint16(x >> 16 & 0x8000)
				}
				return toBfloat(x)
			}
		}},
		{"J20", "gorse-io/gorse#1240", special, "the rounding bias carries a NaN to infinity or zero", func(k *narrower) {
			k.encode = func(x uint32) uint16 { return uint16((x + 0x7fff + x>>16&1) >> 16) }
		}},
		{"J21", "dotnet/runtime PR 130583", special, "a NaN is truncated to infinity", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if x&0x7fffffff > 0x7f800000 {
					return uint16(x >> 16)
				}
				return toBfloat(x)
			}
		}},
		{"J22", "groonga/groonga PR 2961", rounding, "truncation instead of rounding", func(k *narrower) {
			k.encode = func(x uint32) uint16 { return uint16(x>>16) | nanBit(x) }
		}},
		{"J23", "Tencent/ncnn PR 6925", rounding, "ties are rounded away from zero", func(k *narrower) {
			k.encode = func(x uint32) uint16 {
				if x&0xffff == 0x8000 && x&0x7f800000 != 0x7f800000 {
					return uint16(x>>16) + 1
				}
				return toBfloat(x)
			}
		}},
	}...))
	return append(f16, bf16...)
}

// nanBit keeps a NaN one when its low bits are cut off.
func nanBit(x uint32) uint16 {
	if x&0x7fffffff > 0x7f800000 {
		return 0x40
	}
	return 0
}

// widener is the base of the conversions to f32.
type widener struct {
	decode func(h uint16) float32
	from   func(i, n int) int
	count  func(n int) int
	wide   bool // a last vector is loaded whole
	raw    bool // the last elements, fewer than eight, are not decoded
}

func (k *widener) run(dst []float32, src []byte) {
	for i := len(src); k.wide && i%16 != 0; i++ {
		peek(src, i)
	}
	for i := range k.count(len(dst)) {
		h := binary.LittleEndian.Uint16(src[2*k.from(i, len(dst)):])
		dst[i] = k.decode(h)
		if k.raw && i >= len(dst)&^7 {
			dst[i] = float32(h)
		}
	}
}

func widenMutants() []Mutant {
	entry := func(k *widener) spec.Func { return spec.Dequantize(k.run) }
	base := func(decode func(h uint16) float32) func() *widener {
		return func() *widener {
			return &widener{decode: decode, from: func(i, _ int) int { return i }, count: func(n int) int { return n }}
		}
	}
	when := func(cond func(h uint16) bool, other, decode func(h uint16) float32) func(h uint16) float32 {
		return func(h uint16) float32 {
			if cond(h) {
				return other(h)
			}
			return decode(h)
		}
	}
	subnormal := func(h uint16) bool { return h&0x7c00 == 0 }
	f16 := family(spec.OpConvertF16F32, base(half), entry, []edit[widener]{
		{"J06", "paiml/aprender PR 2129", tiny, "subnormals are halved", func(k *widener) {
			k.decode = when(subnormal, func(h uint16) float32 { return half(h) / 2 }, half)
		}},
		{"J08", "dotnet/runtime#46515", tiny, "exponent and mantissa are joined by or: the upper subnormals are halved", func(k *widener) {
			k.decode = when(func(h uint16) bool { return h&0x7e00 == 0x200 }, func(h uint16) float32 { return half(h) / 2 }, half)
		}},
		{"J12", "ClickHouse/ClickHouse PR 73836", tiny, "infinity's exponent is at the wrong place", func(k *widener) {
			k.decode = when(func(h uint16) bool { return h&0x7c00 == 0x7c00 }, func(h uint16) float32 { return half(h&0x83ff|0x7800) * 2 }, half)
		}},
		{"J15", "microsoft/DirectXMath#16", tiny, "infinity and NaN are decoded as numbers", func(k *widener) {
			k.decode = when(func(h uint16) bool { return h&0x7fff == 0x7c00 }, func(h uint16) float32 { return 65536 }, half)
		}},
		{"J17", "factor/factor#2167", tiny, "subnormals lose their sign", func(k *widener) {
			k.decode = when(subnormal, func(h uint16) float32 { return half(h & 0x7fff) }, half)
		}},
		{"J24", "nntrainer/nntrainer 0908d90c0", operand, "in the tail the bits are taken for a number", func(k *widener) { k.raw = true }},
		{"J25", "nntrainer/nntrainer 5ddc648cc", bounds, "the tail loads 16 bytes", func(k *widener) { k.wide = true }},
		{"J29", "huggingface/candle PR 614", operand, "four of eight elements are read, twice", func(k *widener) {
			k.from = func(i, n int) int { return i&^7 + i%4 }
		}},
	})
	decode := bfloat
	bf16 := family(spec.OpConvertBF16F32, base(decode), entry, []edit[widener]{
		{"J18", "ggml-org/llama.cpp PR 7843", tiny, "subnormals are flushed", func(k *widener) {
			k.decode = when(func(h uint16) bool { return h&0x7f80 == 0 }, func(h uint16) float32 { return 0 }, decode)
		}},
		{"J27", "google/gemma.cpp cdbfebb", stride, "the index is reset after one step", func(k *widener) {
			k.from = func(i, n int) int { return i % 32 }
		}},
		{"J24", "nntrainer/nntrainer 0908d90c0", tail, "a tail of fewer than eight is left out", func(k *widener) { k.count = func(n int) int { return n &^ 7 } }},
		{"B41", "1bit-MONSTER#473", tiny, "decoded as f16", func(k *widener) { k.decode = half }},
		{"J26", "nntrainer/nntrainer efdeb1029", special, "−Inf is decoded as +Inf", func(k *widener) {
			k.decode = when(func(h uint16) bool { return h == 0xff80 }, func(h uint16) float32 { return float32(math.Inf(1)) }, decode)
		}},
	})
	return append(f16, bf16...)
}

// halfDot is the base of dot_f16 and dot_bf16.
type halfDot struct {
	decode func(h uint16) float32
	fma    func(a, b, c float32) float32
	acc    func(x float32) float32
	lanes  int
	count  func(n int) int
	second func(i int) int // the element of the second operand
	before func(a, b []byte)
	after  func(a, b []byte, sums []float32)
}

func (k *halfDot) run(a, b []byte) float32 {
	sums := make([]float32, spec.DotLanes)
	n := len(a) / 2
	if k.before != nil {
		k.before(a, b)
	}
	for i := range k.count(n) {
		x := k.decode(binary.LittleEndian.Uint16(a[2*i:]))
		y := k.decode(binary.LittleEndian.Uint16(b[2*min(k.second(i), n-1):]))
		sums[i%k.lanes] = k.acc(k.fma(x, y, sums[i%k.lanes]))
	}
	for i := n; i%spec.DotLanes != 0; i++ { // zeros make up for the elements that are missing
		sums[i%k.lanes] = k.fma(0, 0, sums[i%k.lanes])
	}
	if k.after != nil {
		k.after(a, b, sums)
	}
	return folded(sums)
}

func halfDotMutants(op spec.Op, decode func(h uint16) float32, tinyBits uint16) []Mutant {
	entry := func(k *halfDot) spec.Func { return spec.DotQuant(k.run) }
	base := func() *halfDot {
		return &halfDot{decode: decode, fma: fma, acc: func(x float32) float32 { return x }, lanes: spec.DotLanes, count: func(n int) int { return n }, second: func(i int) int { return i }}
	}
	return family(op, base, entry, []edit[halfDot]{
		{"E02", "ggml-org/llama.cpp PR 22841", precise, "the running sums are kept in half precision", func(k *halfDot) { k.acc = viaHalf }},
		{"E03", "ggml-org/llama.cpp PR 22841", lane, "the tail's inactive lanes keep what they held a vector before", func(k *halfDot) {
			k.after = func(a, b []byte, sums []float32) {
				n := len(a) / 2
				for i := n; i%8 != 0; i++ {
					if i >= 8 {
						at := 2 * (i - 8)
						x, y := decode(binary.LittleEndian.Uint16(a[at:])), decode(binary.LittleEndian.Uint16(b[at:]))
						sums[i%spec.DotLanes] += x * y
					}
				}
			}
		}},
		{"E13", "gonum/gonum#2104", bounds, "the tail loads a whole vector", func(k *halfDot) {
			k.before = func(a, b []byte) {
				for i := len(a); i%16 != 0; i++ {
					peek(a, i)
				}
			}
		}},
		{"E04", "ggml-org/llama.cpp PR 16518", operand, "one unrolled step takes its neighbour's data", func(k *halfDot) {
			k.second = func(i int) int {
				if i%32 >= 16 && i%32 < 24 {
					return i - 8
				}
				return i
			}
		}},
		{"E05", "ggml-org/llama.cpp PR 16443", tail, "the tail is done one vector at most", func(k *halfDot) {
			k.count = func(n int) int { return n/16*16 + min(n%16, 8) }
		}},
		{"E08", "ggml-org/llama.cpp#11920", precise, "products are rounded to half precision and overflow", func(k *halfDot) {
			k.fma = func(a, b, c float32) float32 { return c + viaHalf(a*b) }
		}},
		{"E33", "nntrainer/nntrainer PR 4101", tail, "the last elements are left out when four or more are left", func(k *halfDot) {
			k.count = func(n int) int {
				if n%8 >= 4 {
					return n - 1
				}
				return n
			}
		}},
		{"J03", "invergent-ai/surogate#162", tiny, "subnormal operands are flushed", func(k *halfDot) {
			k.decode = func(h uint16) float32 {
				if h&tinyBits == 0 {
					return 0
				}
				return decode(h)
			}
		}},
		{"E22", "OpenMathLib/OpenBLAS#5466", rounding, "one accumulator for all elements", func(k *halfDot) { k.lanes = 1 }},
	})
}

// matvecF32Mutants are the defects of going over rows of f32.
func matvecF32Mutants() []Mutant {
	dot := func(a, b []float32) float32 {
		sums := make([]float32, spec.DotLanes)
		for i := range a {
			sums[i%len(sums)] = fma(a[i], b[i], sums[i%len(sums)])
		}
		return folded(sums)
	}
	rows := func(change func(s spec.Shape, r, b int) (row, act, at int)) spec.Func {
		return spec.MatvecFloat(func(dst, w, x []float32, s spec.Shape, threads int) {
			for b := range s.Batch {
				for r := range s.Rows {
					row, act, at := change(s, r, b)
					if at >= 0 {
						dst[at] = dot(w[row*s.Cols:(row+1)*s.Cols], x[act*s.Cols:(act+1)*s.Cols])
					}
				}
			}
		})
	}
	correct := rows(func(s spec.Shape, r, b int) (int, int, int) { return r, b, b*s.Rows + r })
	var out []Mutant
	put := func(id, defect, class, summary string, f spec.Func) {
		out = append(out, Mutant{ID: id, Defect: defect, Class: class, Op: spec.OpMatvecF32, Summary: summary, Func: f, Base: correct})
	}
	put("E11", "ggml-org/ggml#386", stride, "every activation is the first one", rows(func(s spec.Shape, r, b int) (int, int, int) { return r, 0, b*s.Rows + r }))
	put("E17", "gonum/gonum fd50e23e", stride, "the output of one batch is written over the next", rows(func(s spec.Shape, r, b int) (int, int, int) { return r, b, b*s.Rows + min(r+1, s.Rows-1) }))
	put("E24", "OpenMathLib/OpenBLAS#4324", tail, "fewer than four rows are dropped", rows(func(s spec.Shape, r, b int) (int, int, int) {
		if s.Rows < 4 {
			return r, b, -1
		}
		return r, b, b*s.Rows + r
	}))
	put("E32", "robertknight/rten c1cbee69", stride, "without columns nothing is written", rows(func(s spec.Shape, r, b int) (int, int, int) {
		if s.Cols == 0 {
			return r, b, -1
		}
		return r, b, b*s.Rows + r
	}))
	put("D27", "huggingface/candle#3493", threads, "the activations' buffer is used again before the last row is done", spec.MatvecFloat(func(dst, w, x []float32, s spec.Shape, _ int) {
		for b := range s.Batch {
			act := append([]float32(nil), x[b*s.Cols:(b+1)*s.Cols]...)
			for r := range s.Rows {
				if r == s.Rows-1 && r > 0 {
					copy(act, dst[b*s.Rows:b*s.Rows+r])
				}
				dst[b*s.Rows+r] = dot(w[r*s.Cols:(r+1)*s.Cols], act)
			}
		}
	}))
	put("E28", "pytorch/FBGEMM PR 52", stride, "the second block of rows takes the first one's offset", rows(func(s spec.Shape, r, b int) (int, int, int) { return r % 12, b, b*s.Rows + r }))
	put("A40", "paiml/aprender#155", stride, "rows and columns of the output are swapped", rows(func(s spec.Shape, r, b int) (int, int, int) { return r, b, r*s.Batch + b }))
	return out
}
