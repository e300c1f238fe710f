package cascade

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"assay/kernels"
	"assay/spec"
)

// synthetic is the published activation, for M99 of a token: a[i] = (i−128)·0.05 +
// ((i%7)+token)·0.01 in f32.
func synthetic(token int) []float32 {
	a := make([]float32, spec.SuperBlock)
	for i := range a {
		a[i] = float32(float32(i-128)*0.05) + float32(float32(i%7+token)*0.01)
	}
	return a
}

// blocks is the published weights: rows of one super-block, d = 1, dmin = −0.25,
// scale byte i of row r and tensor t 7i+3+r+11t, quant byte i 13i+17+3r+19t.
func blocks(t, rows int) []byte {
	out := make([]byte, rows*spec.Q4KBytes)
	for r := range rows {
		b := out[r*spec.Q4KBytes:]
		b[1], b[3] = 0x3c, 0xb4
		for i := range spec.Q4KOffQuants - spec.Q4KOffScales {
			b[spec.Q4KOffScales+i] = byte(7*i + 3 + r + 11*t)
		}
		for i := range spec.SuperBlock / 2 {
			b[spec.Q4KOffQuants+i] = byte(13*i + 17 + 3*r + 19*t)
		}
	}
	return out
}

// randomBlocks is such weights with random scales, minimums and quants.
func randomBlocks(rng *rand.Rand, rows int) []byte {
	out := blocks(0, rows)
	for r := range rows {
		fill(rng, out[r*spec.Q4KBytes+spec.Q4KOffScales:(r+1)*spec.Q4KBytes])
	}
	return out
}

func fill(rng *rand.Rand, b []byte) {
	for i := 0; i < len(b); i += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], rng.Uint64())
		copy(b[i:], word[:])
	}
}

// centredBlocks is weights of mean zero, as trained ones are: d = 1, dmin = 7.5,
// random scales of 32 to 47 that are the minimums too, random quants.
func centredBlocks(rng *rand.Rand, rows int) []byte {
	out := make([]byte, rows*spec.Q4KBytes)
	for r := range rows {
		b := out[r*spec.Q4KBytes:][:spec.Q4KBytes]
		b[1], b[2], b[3] = 0x3c, 0x80, 0x47
		s := b[spec.Q4KOffScales:][:12]
		for j := range 4 {
			low, high := byte(32+rng.IntN(16)), byte(32+rng.IntN(16))
			s[j], s[j+4] = low|high>>4<<6, low|high>>4<<6
			s[j+8] = high&15 | high&15<<4
		}
		fill(rng, b[spec.Q4KOffQuants:])
	}
	return out
}

func gaussian(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// call runs a row on operands.
func call(row spec.Row, s spec.Shape, in ...[]byte) []byte {
	out := make([]byte, spec.MustLookup(row.Op).OutBytes(s))
	row.Func.Run(&spec.Call{Shape: s, Threads: 1, In: in, Out: out})
	return out
}

func generic(op spec.Op) spec.Row { return kernels.For(op)[0] }

// dequantized returns the values of Q4_K blocks.
func dequantized(w []byte) []float32 {
	return spec.Floats(call(kernels.Dispatched(spec.OpDequantQ4K), spec.Vector(len(w)/spec.Q4KBytes*spec.SuperBlock), w))
}

// leftFold is a dot as a loop computes it: products and sums rounded one by one.
func leftFold(a, b []float32) float32 {
	sum := float32(0)
	for i := range a {
		sum += float32(a[i] * b[i])
	}
	return sum
}

// pathA dequantises rows of one super-block each and multiplies them with x in
// f32, by the published left fold.
func pathA(w []byte, x []float32) []float32 {
	values := dequantized(w)
	y := make([]float32, len(w)/spec.Q4KBytes)
	for r := range y {
		y[r] = leftFold(values[r*len(x):(r+1)*len(x)], x)
	}
	return y
}

// pathB quantises x by aprender's rule and multiplies in integers.
func pathB(w []byte, x []float32) []float32 {
	return pathBBy(kernels.Dispatched(spec.OpMatvecQ4KQ8K), w, x)
}

func pathBBy(row spec.Row, w []byte, x []float32) []float32 {
	q := call(kernels.Dispatched(spec.OpQuantizeQ8KAprender), spec.Vector(len(x)), spec.FloatBytes(x))
	s := spec.Shape{Rows: len(w) / spec.Q4KBytes * spec.SuperBlock / len(x), Cols: len(x), Batch: 1}
	return spec.Floats(call(row, s, w, q))
}

// relative is the published error: |a − b|/max(|a|, 1e-9).
func relative(a, b float32) float64 {
	return math.Abs(float64(a)-float64(b)) / max(math.Abs(float64(a)), 1e-9)
}

// overGauge is the same error over Σ|w·x| of one row.
func overGauge(w []byte, x []float32, a, b float32) float64 {
	gauge := 0.0
	for i, v := range dequantized(w) {
		gauge += math.Abs(float64(v) * float64(x[i]))
	}
	return math.Abs(float64(a)-float64(b)) / gauge
}

// relativeL2 is ‖a − b‖/‖a‖.
func relativeL2(a, b []float32) float64 {
	diff, size := 0.0, 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		diff += d * d
		size += float64(a[i]) * float64(a[i])
	}
	return math.Sqrt(diff / size)
}

// relativeL1 is Σ|a − b|/Σ|a|.
func relativeL1(a, b []float64) float64 {
	diff, size := 0.0, 0.0
	for i := range a {
		diff += math.Abs(a[i] - b[i])
		size += math.Abs(a[i])
	}
	return diff / size
}
