package spec

import (
	"bytes"
	"math"
	"math/big"
	"testing"
)

func TestClassOf(t *testing.T) {
	for bits, want := range map[uint32]Class{
		0x00000000: ClassPosZero, 0x80000000: ClassNegZero, 0x00000001: ClassNonzero, 0x807fffff: ClassNonzero,
		0x3f800000: ClassNonzero, 0xff7fffff: ClassNonzero, 0x7f800000: ClassPosInf, 0xff800000: ClassNegInf,
		0x7f800001: ClassNaN, 0xffc00000: ClassNaN,
	} {
		if got := ClassOf(bits); got != want {
			t.Errorf("ClassOf(%08x) = %v, want %v", bits, got, want)
		}
	}
}

func TestTermsClass(t *testing.T) {
	f := func(x float64) *big.Float { return big.NewFloat(x) }
	measure := func(gauge, factors float64) Measure {
		return Measure{Gauge: f(gauge), Eta: f(0), Factors: f(factors), Peak: f(max(gauge, factors))}
	}
	for name, tt := range map[string]struct {
		terms        Terms
		value, bound float64
		m            Measure
		want         Class
	}{
		"finite":            {Terms{Pos: true}, 1, 1e-7, measure(1, 0), ClassFinite},
		"all terms zero":    {Terms{}, 0, 0, measure(0, 0), ClassZero},
		"cancelled":         {Terms{Pos: true, Neg: true}, 0, 1e-7, measure(2, 0), ClassFinite},
		"NaN":               {Terms{NaN: true, PosInf: true}, 0, 0, measure(0, 0), ClassNaN},
		"both infinities":   {Terms{PosInf: true, NegInf: true}, 0, 0, measure(0, 0), ClassNaN},
		"+Inf":              {Terms{PosInf: true, Neg: true}, 0, 0, measure(1, 0), ClassPosInf},
		"-Inf":              {Terms{NegInf: true}, 0, 0, measure(1, 0), ClassNegInf},
		"Inf and overflow":  {Terms{PosInf: true, Neg: true}, 0, 0, measure(4e38, 0), ClassNonFinite},
		"infinite scale":    {Terms{InfScale: true}, 0, 0, measure(0, 0), ClassNonFinite},
		"scale and NaN":     {Terms{InfScale: true, NaN: true}, 0, 0, measure(0, 0), ClassNaN},
		"overflow, one":     {Terms{Pos: true}, 4e38, 1e31, measure(4e38, 0), ClassPosInf},
		"overflow, minus":   {Terms{Neg: true}, -4e38, 1e31, measure(4e38, 0), ClassNegInf},
		"overflow, both":    {Terms{Pos: true, Neg: true}, 1, 1e31, measure(7e38, 0), ClassUnspecified},
		"barely over":       {Terms{Pos: true}, 3.4028236e38, 1e32, measure(3.4028236e38, 0), ClassUnspecified},
		"scales overflow":   {Terms{}, 0, 0, measure(0, 4e38), ClassUnspecified},
		"one sign, scales":  {Terms{Pos: true}, 4e38, 1e31, measure(4e38, 4e38), ClassUnspecified},
		"just below, calm":  {Terms{Pos: true}, 3.3e38, 1e31, measure(3.3e38, 0), ClassFinite},
		"zero gauge, eta":   {Terms{}, 0, 1e-45, measure(0, 0), ClassFinite},
		"largest magnitude": {Terms{Pos: true}, math.MaxFloat32, 0, measure(math.MaxFloat32, 0), ClassFinite},
	} {
		if got := tt.terms.Class(f(tt.value), tt.m, f(tt.bound)); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestOverflowAt(t *testing.T) {
	at := OverflowAt()
	if x, _ := at.Float32(); !math.IsInf(float64(x), 1) {
		t.Errorf("%v rounds to %g", at, x)
	}
	below := new(big.Float).SetPrec(200).Sub(at, big.NewFloat(1))
	if x, _ := below.Float32(); x != math.MaxFloat32 {
		t.Errorf("%v rounds to %g", below, x)
	}
}

func TestGamma(t *testing.T) {
	for _, h := range []int{0, 1, 7, 300, 1<<24 - 1} {
		u := big.NewRat(1, 1<<24)
		hu := new(big.Rat).Mul(u, big.NewRat(int64(h), 1))
		want := new(big.Rat).Quo(hu, new(big.Rat).Sub(big.NewRat(1, 1), hu))
		got, _ := Gamma(h).Rat(nil)
		if got == nil {
			got = new(big.Rat)
		}
		if got.Cmp(want) < 0 {
			t.Errorf("Gamma(%d) = %v is below %v", h, got, want)
		}
		if h > 0 && new(big.Rat).Quo(got, want).Cmp(big.NewRat(1<<52+1, 1<<52)) > 0 {
			t.Errorf("Gamma(%d) = %v is far above %v", h, got, want)
		}
	}
}

func TestShapeCheck(t *testing.T) {
	for _, tt := range []struct {
		op Op
		s  Shape
		ok bool
	}{
		{OpDotF32, Shape{Rows: 1, Cols: 0, Batch: 1}, true},
		{OpDotF32, Shape{Rows: 1, Cols: 77, Batch: 1}, true},
		{OpDotF32, Shape{Rows: 2, Cols: 77, Batch: 1}, false},
		{OpDotF32, Shape{Rows: 1, Cols: -1, Batch: 1}, false},
		{OpDequantQ4K, Shape{Rows: 1, Cols: 256, Batch: 1}, true},
		{OpDequantQ4K, Shape{Rows: 1, Cols: 257, Batch: 1}, false},
		{OpQuantizeQ8KGGML, Shape{Rows: 1, Cols: 128, Batch: 1}, false},
		{OpMatvecQ4KQ8K, Shape{Rows: 3, Cols: 512, Batch: 2}, true},
		{OpMatvecQ4KQ8K, Shape{Rows: 0, Cols: 512, Batch: 2}, false},
		{OpMatvecQ4KQ8K, Shape{Rows: 3, Cols: 512, Batch: 0}, false},
		{OpMatvecQ4KF32, Shape{Rows: 1 << 30, Cols: 1 << 30, Batch: 1}, false},
		{OpMatvecQ4KF32, Shape{Rows: 1 << 30, Cols: 256, Batch: 1 << 30}, false},
		{"dot_f64", Shape{Rows: 1, Cols: 1, Batch: 1}, false},
	} {
		if err := tt.s.Check(tt.op); (err == nil) != tt.ok {
			t.Errorf("%s %v: %v", tt.op, tt.s, err)
		}
	}
}

func TestBsums(t *testing.T) {
	b := make([]byte, 2*Q8KBytes)
	for i := range SuperBlock {
		b[Q8KBytes+Q8KOffQuants+i] = 0x80 // −128
	}
	if got := BadBsum(b); got != 1 {
		t.Fatalf("BadBsum = %d, want 1", got)
	}
	FixBsums(b)
	if got := BadBsum(b); got != -1 {
		t.Fatalf("BadBsum = %d after FixBsums", got)
	}
	if b[Q8KBytes+Q8KOffBsums] != 0 || b[Q8KBytes+Q8KOffBsums+1] != 0xf8 { // −2048
		t.Errorf("bsum is % x", b[Q8KBytes+Q8KOffBsums:][:2])
	}
	c := Case{Op: OpDotQ4KQ8K, Shape: Vector(512), In: [][]byte{make([]byte, 288), b}}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	b[Q8KOffBsums] = 1
	if c.Check() == nil {
		t.Error("wrong bsums were accepted")
	}
}

func TestFloatViews(t *testing.T) {
	x := []float32{1, -2.5, float32(math.Inf(1)), 0x1p-149}
	b := make([]byte, 1+4*len(x))[1:] // an odd address
	PutFloats(b, x)
	if !bytes.Equal(b, FloatBytes(x)) {
		t.Error("PutFloats and FloatBytes differ")
	}
	withFloats(b, true, func(v []float32) {
		for i := range v {
			if v[i] != x[i] {
				t.Errorf("element %d is %g", i, v[i])
			}
			v[i]++
		}
	})
	if GetF32(b, 1) != -1.5 {
		t.Errorf("what was written through the view is lost: %g", GetF32(b, 1))
	}
}
