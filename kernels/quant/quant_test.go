package quant_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"assay/spec"
)

// each runs a test for every format.
func each(t *testing.T, run func(t *testing.T, f format)) {
	for _, f := range all {
		t.Run(f.ID(), func(t *testing.T) { run(t, f) })
	}
}

// normal returns n elements of about the given size.
func normal(seed uint64, n int, size float64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(size * r.NormFloat64())
	}
	return x
}

// inputs are super-blocks of every kind of finite elements, by name.
func inputs() map[string][]float32 {
	const n = spec.SuperBlock
	in := map[string][]float32{
		"zero":          make([]float32, n),
		"negative zero": fill(float32(math.Copysign(0, -1))),
		"ramp":          make([]float32, n),
		"signs":         make([]float32, n),
	}
	for i := range n {
		in["ramp"][i] = float32(i)
		in["signs"][i] = math.MaxFloat32 * float32(1-i%2*2)
	}
	for e := -45; e <= 38; e++ {
		size := math.Pow10(e)
		in[fmt.Sprintf("normal 1e%d", e)] = normal(uint64(100+e), n, min(size, 0.2*math.MaxFloat32))
		in[fmt.Sprintf("constant 1e%d", e)] = fill(float32(size))
		in[fmt.Sprintf("constant -1e%d", e)] = fill(float32(-size))
		for _, at := range []int{0, 17, n - 1} {
			x := normal(uint64(at), n, 1)
			x[at] = float32(size)
			in[fmt.Sprintf("outlier 1e%d at %d", e, at)] = x
			x = make([]float32, n)
			x[at] = float32(-size)
			in[fmt.Sprintf("one -1e%d at %d", e, at)] = x
		}
	}
	in["constant max"] = fill(math.MaxFloat32)
	in["constant -max"] = fill(-math.MaxFloat32)
	in["constant min"] = fill(math.SmallestNonzeroFloat32)
	r := rand.New(rand.NewPCG(3, 4))
	for k := range 100 {
		x := make([]float32, n)
		for i := range x {
			if b := r.Uint32(); b>>23&255 != 255 { // any finite bits
				x[i] = math.Float32frombits(b)
			}
		}
		in[fmt.Sprintf("bits %d", k)] = x
	}
	return in
}

func fill(v float32) []float32 { return slices.Repeat([]float32{v}, spec.SuperBlock) }

// largest is the largest magnitude that every sign of a format's values reaches.
var largest = map[spec.Format][2]float64{ // negative, positive
	spec.Q4_0: {8 * 65504, 8 * 65504},
	spec.Q8_0: {127 * 65504, 127 * 65504},
	spec.Q4K:  {63 * 65504, 15 * 63 * 65504},
	spec.Q5K:  {63 * 65504, 31 * 63 * 65504},
	spec.Q6K:  {32 * 128 * 65504, 32 * 128 * 65504},
}

// TestFinite checks that scales are finite and elements near their values: within
// an eighth of the block's range and, for scales that are subnormal f16, 2^−18;
// where the elements exceed the format's range only that values are finite.
func TestFinite(t *testing.T) {
	in := inputs()
	each(t, func(t *testing.T, f format) {
		limit := largest[f.Format]
		near := 0
		for name, x := range in {
			b := f.bytes(x)
			for at := 0; at < len(b); at += f.BlockBytes() {
				for _, s := range f.scales {
					if d := f16(b[at+s:]); math.IsNaN(d) || math.IsInf(d, 0) {
						t.Fatalf("%s: scale %v", name, d)
					}
				}
			}
			y := f.values(b)
			for at := 0; at < len(x); at += f.BlockLen() {
				var lo, hi float64
				for _, v := range x[at:][:f.BlockLen()] {
					lo, hi = min(lo, float64(v)), max(hi, float64(v))
				}
				tolerance := (hi-lo)/8 + 0x1p-18
				if max(-lo, hi) > min(limit[0], limit[1]) {
					tolerance = math.Inf(1)
				} else {
					near++
				}
				for i := at; i < at+f.BlockLen(); i++ {
					if e := math.Abs(y[i] - float64(x[i])); !(e <= tolerance) || math.IsInf(y[i], 0) {
						t.Fatalf("%s: value %g, range %g to %g", line(f, name, i), y[i], lo, hi)
					}
				}
			}
		}
		if near < 100 {
			t.Errorf("%d blocks in range", near)
		}
	})
}

// TestSaturates pins the largest values of each sign.
func TestSaturates(t *testing.T) {
	each(t, func(t *testing.T, f format) {
		for k, sign := range []float64{-1, 1} {
			for _, v := range []float64{math.MaxFloat32, 1e30, 1.1 * 32 * 128 * 65504} {
				for i, y := range f.values(f.bytes(fill(float32(sign * v)))) {
					if want := sign * largest[f.Format][k]; y != want {
						t.Fatalf("%s: value %g, want %g", line(f, fmt.Sprint(sign*v), i), y, want)
					}
				}
			}
		}
	})
}

// TestNaNAndInf checks their rule by the bytes of what they count as.
func TestNaNAndInf(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	each(t, func(t *testing.T, f format) {
		for _, as := range [][2]float32{{nan, 0}, {-nan, 0}, {inf, math.MaxFloat32}, {-inf, -math.MaxFloat32}} {
			for at := range spec.SuperBlock {
				x := normal(5, spec.SuperBlock, 1)
				x[at] = as[0]
				got := f.bytes(x)
				x[at] = as[1]
				if !bytes.Equal(got, f.bytes(x)) {
					t.Fatalf("%s: %v does not count as %v", line(f, "normal", at), as[0], as[1])
				}
			}
		}
		for i, y := range f.values(f.bytes(fill(nan))) {
			if y != 0 {
				t.Fatalf("%s: %v", line(f, "NaNs", i), y)
			}
		}
	})
}

// TestBlocksAreIndependent quantises all inputs at once and one by one; among
// them are blocks of zeros before others.
func TestBlocksAreIndependent(t *testing.T) {
	in := inputs()
	each(t, func(t *testing.T, f format) {
		var x []float32
		var want []byte
		for _, block := range in { // any order
			for _, v := range [][]float32{in["zero"], block} {
				x = append(x, v...)
				want = append(want, f.bytes(v)...)
			}
		}
		before := slices.Clone(x)
		if !bytes.Equal(f.bytes(x), want) {
			t.Error("the bytes of a block depend on its neighbours")
		}
		for i, v := range x {
			if math.Float32bits(v) != math.Float32bits(before[i]) {
				t.Fatalf("%s is changed", line(f, "src", i))
			}
		}
	})
}

// TestConstants checks that blocks of one value that the format holds come back:
// zeros as zeros, others within the rounding of the f16 scale, 2^−11.
func TestConstants(t *testing.T) {
	each(t, func(t *testing.T, f format) {
		for _, c := range []float64{0, 1, -1, 0.3, -0.3, 1000, -1000} {
			for i, y := range f.values(f.bytes(fill(float32(c)))) {
				if e := math.Abs(y - float64(float32(c))); e > 0x1p-11*math.Abs(c) {
					t.Fatalf("%s: value %v", line(f, fmt.Sprint(c), i), y)
				}
			}
		}
	})
}

// TestPowersOfTwo checks that a power of two scales values exactly, as long as
// the f16 scales are normal.
func TestPowersOfTwo(t *testing.T) {
	x := normal(7, 8*spec.SuperBlock, 1)
	each(t, func(t *testing.T, f format) {
		want := f.values(f.bytes(x))
		for k := -3; k <= 12; k++ {
			y := slices.Clone(x)
			for i := range y {
				y[i] = float32(math.Ldexp(float64(y[i]), k))
			}
			for i, v := range f.values(f.bytes(y)) {
				if v != math.Ldexp(want[i], k) {
					t.Fatalf("%s: %g, want %g", line(f, fmt.Sprintf("2^%d", k), i), v, math.Ldexp(want[i], k))
				}
			}
		}
	})
}

// TestSmallGroup puts a group whose scale is three tenths of d behind one whose
// scale is the largest: it gets the least scale, not 0, and so keeps its values
// within d/2, and half a step of dmin where there is one.
func TestSmallGroup(t *testing.T) {
	for _, c := range []struct {
		format       spec.Format
		group, sc, q int
	}{{spec.Q4K, 32, 63, 15}, {spec.Q5K, 32, 63, 31}, {spec.Q6K, 16, 128, 32}} {
		for _, unit := range []float64{1, 0x1p-24} { // d
			f := lookup(c.format)
			x := make([]float32, spec.SuperBlock)
			for i := range c.group {
				x[i] = float32(unit * float64(c.sc*(i%(c.q+1))))
				x[i+c.group] = float32(unit * 0.3 * float64(i%(c.q+1)))
			}
			x[c.group-1] = float32(unit * float64(c.sc*c.q))
			for i, y := range f.values(f.bytes(x)) {
				if e := math.Abs(y - float64(x[i])); i >= c.group && e > 0.51*unit {
					t.Errorf("%s: value %g, want %g", line(f, "small group", i), y, x[i])
				}
			}
		}
	}
}

// TestTies pins the rounding of the blocks of 32: halves away from zero for
// Q8_0, up for Q4_0, whose d has the sign of the first of the largest.
func TestTies(t *testing.T) {
	x := make([]float32, spec.Block)
	copy(x, []float32{127, 2.5, -2.5, 0.5, -0.5, 3.5})
	b := lookup(spec.Q8_0).bytes(x)
	for i, want := range []int8{127, 3, -3, 1, -1, 4, 0} {
		if got := int8(b[2+i]); got != want {
			t.Errorf("Q8_0: %v becomes %d, want %d", x[i], got, want)
		}
	}
	copy(x, []float32{-8, 8, 2.5, -2.5, 0.5, -0.5})
	b = lookup(spec.Q4_0).bytes(x)
	if d := f16(b); d != 1 {
		t.Errorf("Q4_0: d %v, want 1", d)
	}
	for i, want := range []byte{0, 15, 11, 6, 9, 8, 8} {
		if got := b[2+i] & 15; got != want {
			t.Errorf("Q4_0: %v becomes %d, want %d", x[i], got, want)
		}
	}
}

// TestReciprocalOverflows checks the quants where d is not 0 but 1/d is infinite.
func TestReciprocalOverflows(t *testing.T) {
	x := make([]float32, spec.Block)
	x[3], x[5] = 0x1p-130, -0x1p-130
	for _, c := range []struct {
		format spec.Format
		quants byte
	}{{spec.Q8_0, 0}, {spec.Q4_0, 0x88}} {
		for i, q := range lookup(c.format).bytes(x)[2:] {
			if q != c.quants {
				t.Errorf("%v: byte %d of the quants is %#x, want %#x", c.format, i, q, c.quants)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	each(t, func(t *testing.T, f format) {
		f.quantize(nil, nil)
		n, size := f.BlockLen(), f.BlockBytes()
		for _, s := range [][2]int{{0, 1}, {1, 0}, {n, size - 1}, {n, size + 1}, {n, 0}, {n - 1, size}, {n + 1, size}, {2 * n, size}} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%d elements into %d bytes: no panic", s[0], s[1])
					}
				}()
				f.quantize(make([]byte, s[1]), make([]float32, s[0]))
			}()
		}
	})
}
