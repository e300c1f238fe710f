package activation

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"assay/corpus/gguf"
)

func decodeAll(typ gguf.Type, src []byte) []float64 {
	dst := make([]float64, len(src)/typ.BlockBytes()*typ.BlockLen())
	decoders[typ](dst, src)
	return dst
}

// All patterns, by a second derivation: shifted into the place of an f32's
// exponent and fraction a pattern has 2^−112 of its value, subnormals too.
func TestF16(t *testing.T) {
	for bits := range 1 << 16 {
		want := float64(math.Float32frombits(uint32(bits&0x7fff)<<13)) * 0x1p112
		if bits&0x7c00 == 0x7c00 {
			want = math.Inf(1)
			if bits&0x3ff != 0 {
				want = math.NaN()
			}
		}
		if bits>>15 == 1 {
			want = -want
		}
		got := decodeAll(gguf.F16, []byte{byte(bits), byte(bits >> 8)})[0]
		same := math.Float64bits(got) == math.Float64bits(want) || got != got && want != want
		if !same {
			t.Fatalf("f16 %#04x is %v, want %v", bits, got, want)
		}
	}
}

func TestDecodePlain(t *testing.T) {
	for _, tt := range []struct {
		typ  gguf.Type
		src  []byte
		want []float64
	}{
		{gguf.F32, []byte{0, 0, 0xc0, 0x3f, 1, 0, 0, 0, 0xff, 0xff, 0x7f, 0xff}, []float64{1.5, 0x1p-149, -math.MaxFloat32}},
		{gguf.F16, []byte{0, 0x3e, 1, 0, 0xff, 0xfb}, []float64{1.5, 0x1p-24, -65504}},
		{gguf.BF16, []byte{0xc0, 0x3f, 1, 0, 0x80, 0xff}, []float64{1.5, 0x1p-133, math.Inf(-1)}},
	} {
		if got := decodeAll(tt.typ, tt.src); !slices.Equal(got, tt.want) {
			t.Errorf("%v % x is %v, want %v", tt.typ, tt.src, got, tt.want)
		}
	}
}

func TestDecodeQ8_0(t *testing.T) {
	block := make([]byte, 34)
	block[1] = 0x38 // d = 0.5
	block[2], block[3], block[33] = 0x80, 0x7f, 0xff
	want := make([]float64, 32)
	want[0], want[1], want[31] = -64, 63.5, -0.5
	if got := decodeAll(gguf.Q8_0, block); !slices.Equal(got, want) {
		t.Errorf("is %v, want %v", got, want)
	}
}

// A Q6_K block of which one quant is not 32 and all scales differ: hand-placed
// bits at the places where the layout turns.
func TestDecodeQ6K(t *testing.T) {
	for _, tt := range []struct {
		element   int
		low       int // byte of the low bits
		lowShift  int
		high      int // byte of the high bits, relative to qh
		highShift int
		scale     int
	}{
		{0, 0, 0, 0, 0, 0},
		{15, 15, 0, 15, 0, 0},
		{16, 16, 0, 16, 0, 1},
		{31, 31, 0, 31, 0, 1},
		{32, 32, 0, 0, 2, 2},
		{63, 63, 0, 31, 2, 3},
		{64, 0, 4, 0, 4, 4},
		{80, 16, 4, 16, 4, 5},
		{96, 32, 4, 0, 6, 6},
		{127, 63, 4, 31, 6, 7},
		{128, 64, 0, 32, 0, 8},
		{200, 72, 4, 40, 4, 12},
		{255, 127, 4, 63, 6, 15},
	} {
		block := make([]byte, 210)
		binary.LittleEndian.PutUint16(block[208:], 0x4000) // d = 2
		for i := range 64 {
			block[128+i] = 0b10101010 // quants of 32
		}
		for i := range 16 {
			block[192+i] = byte(int8(10*i - 70))
		}
		// 32 becomes 0b010111 = 23.
		block[tt.low] |= 7 << tt.lowShift
		block[128+tt.high] ^= 3 << tt.highShift
		want := make([]float64, 256)
		for i := range want {
			want[i] = 0
		}
		want[tt.element] = 2 * float64(10*tt.scale-70) * (23 - 32)
		if got := decodeAll(gguf.Q6K, block); !slices.Equal(got, want) {
			t.Errorf("element %d: is %v, want %v", tt.element, got, want)
		}
	}
}

// What was encoded is decoded, for several blocks in a row.
func TestDecodeRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for typ := range decoders {
		var src []byte
		var want []float64
		for range 20 {
			block, values := encodeRandom(rng, typ)
			src, want = append(src, block...), append(want, values...)
		}
		if got := decodeAll(typ, src); !slices.Equal(got, want) {
			t.Errorf("%v: is %v, want %v", typ, got, want)
		}
	}
}

// Scales that are not finite give IEEE's values and nothing worse.
func TestDecodeNonFinite(t *testing.T) {
	q8 := make([]byte, 34)
	q8[1], q8[2], q8[3] = 0x7c, 1, 0xff // d = +Inf, quants 1, −1, 0, …
	if got := decodeAll(gguf.Q8_0, q8); !math.IsInf(got[0], 1) || !math.IsInf(got[1], -1) || !math.IsNaN(got[2]) {
		t.Errorf("Q8_0 of infinite scale starts with %v, want +Inf, −Inf, NaN", got[:3])
	}
	q6 := make([]byte, 210)
	q6[209], q6[192] = 0x7c, 1 // d = +Inf, first scale 1, all others 0, quants −32
	if got := decodeAll(gguf.Q6K, q6); !math.IsInf(got[0], -1) || !math.IsNaN(got[16]) {
		t.Errorf("Q6_K of infinite scale has %v and %v, want −Inf and NaN", got[0], got[16])
	}
}
