package spec

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Scalar parameters of an op are an operand of format Params.

// NormParams are those of rmsnorm_f32.
type NormParams struct {
	Eps float32 // finite, not negative
}

// SoftmaxParams are those of softmax_f32.
type SoftmaxParams struct {
	Scale float32 // finite
}

// RopeParams are those of rope_f32, for heads of HeadDim elements.
//
// Pair i of Width/2 turns by θ_i = FreqScale·a_i with a_i =
// Pos·Theta^(−2i/Width)/factor_i, factor_i being 1 where the op has no factors.
//
// YaRN (ExtFactor ≠ 0; Peng et al., arXiv:2309.00071, in llama.cpp's terms):
// θ_i = FreqScale·a_i·(1−mix) + a_i·mix, mix = ExtFactor·(1 − min(1, max(0,
// (i − low)/max(0.001, high − low)))), low = max(0, ⌊cd(BetaFast)⌋), high =
// min(Width−1, ⌈cd(BetaSlow)⌉), cd(β) = Width·ln(OrigContext/(2πβ))/(2·ln Theta).
//
// Cosine and sine are multiplied by M = AttnFactor, with YaRN by AttnFactor·(1 +
// 0.1·ln(1/FreqScale)). The constants 0.001 and 0.1 are the real numbers.
type RopeParams struct {
	HeadDim     int     // not stored: the shape's cols
	Width       int     // even, 2 … HeadDim: the elements that are rotated
	Halves      bool    // pairs (i, i+Width/2) instead of (2i, 2i+1)
	Pos         int     // 0 … 2^20
	Theta       float32 // 2 … 2^30
	FreqScale   float32 // 2^−10 … 1
	ExtFactor   float32 // 0 … 1
	AttnFactor  float32 // 2^−10 … 2^10
	BetaFast    float32 // 2^−10 … 2^10
	BetaSlow    float32 // 2^−10 … 2^10
	OrigContext int     // 1 … 2^24
}

// Limits of a frequency factor, so that no angle exceeds 2^30.
const (
	MinRopeFactor float32 = 0x1p-10
	MaxRopeFactor float32 = 0x1p20
)

// AttentionParams are those of attention_f32: p = softmax(Scale·q·k[t]) over the
// keys that a query sees, y = Σ p[t]·v[t], head h with key and value head
// ⌊h·KVHeads/Heads⌋. All but Start and Scale are the shape's: rows, batch, heads,
// kvheads and cols.
type AttentionParams struct {
	Queries, Keys, Heads, KVHeads, HeadDim int
	Start                                  int // position of the first query: query i sees keys 0 … Start+i
	Scale                                  float32
}

var paramWords = map[Extent]int{ExtentNorm: 1, ExtentSoftmax: 1, ExtentRope: 10, ExtentAttention: 2}

func words(v ...any) []byte {
	var out []byte
	for _, x := range v {
		switch x := x.(type) {
		case int:
			out = binary.LittleEndian.AppendUint32(out, uint32(x))
		case float32:
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
		case bool:
			w := uint32(0)
			if x {
				w = 1
			}
			out = binary.LittleEndian.AppendUint32(out, w)
		}
	}
	return out
}

// Bytes returns the parameters as stored.
func (p NormParams) Bytes() []byte { return words(p.Eps) }

// Bytes returns the parameters as stored.
func (p SoftmaxParams) Bytes() []byte { return words(p.Scale) }

// Bytes returns the parameters as stored.
func (p RopeParams) Bytes() []byte {
	return words(p.Width, p.Halves, p.Pos, p.Theta, p.FreqScale, p.ExtFactor, p.AttnFactor, p.BetaFast, p.BetaSlow, p.OrigContext)
}

// Bytes returns the parameters as stored.
func (p AttentionParams) Bytes() []byte { return words(p.Start, p.Scale) }

// ReadNormParams decodes what Bytes stores.
func ReadNormParams(b []byte) NormParams { return NormParams{Eps: GetF32(b, 0)} }

// ReadSoftmaxParams decodes what Bytes stores.
func ReadSoftmaxParams(b []byte) SoftmaxParams { return SoftmaxParams{Scale: GetF32(b, 0)} }

// ReadRopeParams decodes what Bytes stores.
func ReadRopeParams(b []byte, s Shape) RopeParams {
	return RopeParams{
		HeadDim: s.Cols, Width: int(F32Bits(b, 0)), Halves: F32Bits(b, 1) == 1, Pos: int(F32Bits(b, 2)),
		Theta: GetF32(b, 3), FreqScale: GetF32(b, 4), ExtFactor: GetF32(b, 5), AttnFactor: GetF32(b, 6),
		BetaFast: GetF32(b, 7), BetaSlow: GetF32(b, 8), OrigContext: int(F32Bits(b, 9)),
	}
}

// ReadAttentionParams decodes what Bytes stores.
func ReadAttentionParams(b []byte, s Shape) AttentionParams {
	return AttentionParams{
		Queries: s.Rows, Keys: s.Batch, Heads: s.Heads, KVHeads: s.KVHeads, HeadDim: s.Cols,
		Start: int(F32Bits(b, 0)), Scale: GetF32(b, 1),
	}
}

// Check reports whether eps is legal.
func (p NormParams) Check() error {
	if !(p.Eps >= 0 && p.Eps <= math.MaxFloat32) {
		return fmt.Errorf("spec: eps %g: want a finite number, not negative", p.Eps)
	}
	return nil
}

// Check reports whether the scale is legal.
func (p SoftmaxParams) Check() error { return checkScale(p.Scale) }

func checkScale(x float32) error {
	if x-x != 0 {
		return fmt.Errorf("spec: scale %g is not finite", x)
	}
	return nil
}

// Check reports whether the parameters lie in their ranges. Every call of the kernel
// does it.
func (p RopeParams) Check() error {
	if p.Width%2 != 0 {
		return fmt.Errorf("spec: rope: odd width %d", p.Width)
	}
	for _, err := range [...]error{
		inRange("width", float64(p.Width), 2, float64(p.HeadDim)),
		inRange("position", float64(p.Pos), 0, 1<<20),
		inRange("theta", float64(p.Theta), 2, 1<<30),
		inRange("frequency scale", float64(p.FreqScale), 0x1p-10, 1),
		inRange("extension factor", float64(p.ExtFactor), 0, 1),
		inRange("attention factor", float64(p.AttnFactor), 0x1p-10, 1<<10),
		inRange("beta fast", float64(p.BetaFast), 0x1p-10, 1<<10),
		inRange("beta slow", float64(p.BetaSlow), 0x1p-10, 1<<10),
		inRange("original context", float64(p.OrigContext), 1, 1<<24),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func inRange(name string, x, lo, hi float64) error {
	if x >= lo && x <= hi {
		return nil
	}
	return outOfRange(name, x, lo, hi)
}

func outOfRange(name string, x, lo, hi float64) error {
	return fmt.Errorf("spec: rope: %s %g: want %g to %g", name, x, lo, hi)
}

// CheckFactors reports whether all frequency factors lie in their range.
func CheckFactors(factors []float32) error {
	for i, f := range factors {
		if !(f >= MinRopeFactor && f <= MaxRopeFactor) {
			return fmt.Errorf("spec: rope: factor %d is %g: want %g to %g", i, f, MinRopeFactor, MaxRopeFactor)
		}
	}
	return nil
}

// Check reports whether start and scale are legal.
func (p AttentionParams) Check() error {
	if p.Start < 0 || p.Start > 1<<24 {
		return fmt.Errorf("spec: attention: start %d: want 0 to 2^24", p.Start)
	}
	return checkScale(p.Scale)
}

// Visible returns the number of keys that query i sees.
func (p AttentionParams) Visible(i int) int { return min(p.Keys, p.Start+i+1) }
