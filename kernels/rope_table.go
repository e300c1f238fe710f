package kernels

import (
	"math"
	"sync/atomic"

	"assay/spec"
)

// ropeAngles are scale·(pos·turns[i]) for i < Width/2. turns has room for ropePad more, and
// the table for what is made of them, so that assembly need not stop at the last.
type ropeAngles struct {
	turns                 []float64
	pos, scale, magnitude float64
}

// ropeScratch and ropeTable hold what heads of usual width need.
//
// The cosine of pair i, times the magnitude, is the table's element i·step, the
// sine that at i·step + second, as ropeLayout returns them: beside each other
// for neighbours, in two halves otherwise.
type (
	ropeScratch [ropeWidth/2 + ropePad]float64
	ropeTable   [ropeWidth + 4*ropePad]float32
)

const (
	ropeWidth = 256
	ropePad   = 8
)

func ropeLayout(p spec.RopeParams) (second, step int) {
	if p.Halves {
		return (p.Width/2 + ropePad - 1) &^ (ropePad - 1), 1
	}
	return 1, 2
}

// of returns a table for p, t itself where the width permits.
func (t *ropeTable) of(p spec.RopeParams) []float32 {
	if p.Width > ropeWidth {
		return make([]float32, p.Width+4*ropePad)
	}
	return t[:]
}

// withAngles calls f with the angles of p, as spec.RopeParams defines them. Their memory is
// that of the powers where they need no other, as is usual.
func withAngles(factors []float32, p spec.RopeParams, f func(ropeAngles)) {
	if factors == nil && p.ExtFactor == 0 {
		f(ropeAngles{ropePowers(p), float64(p.Pos), float64(p.FreqScale), float64(p.AttnFactor)})
		return
	}
	var s ropeScratch
	turns := s[:]
	if p.Width > ropeWidth {
		turns = make([]float64, p.Width/2+ropePad)
	}
	f(fillAngles(turns, factors, p))
}

// fillAngles makes the angles of p with factors or YaRN, in turns.
//
// With u = 2^−53 an angle without YaRN has the error of its power, 2.5u, and one
// rounding each for Pos, the factor and the scale: less than 6u, relative.
// Cosine and sine, of which the product with the magnitude is rounded to f32, add
// less than 2^−51 to the error of the angle.
func fillAngles(turns []float64, factors []float32, p spec.RopeParams) ropeAngles {
	pos, scale, magnitude := float64(p.Pos), float64(p.FreqScale), float64(p.AttnFactor)
	for i, power := range ropePowers(p)[:p.Width/2] {
		turns[i] = float64(pos * power)
		if factors != nil {
			turns[i] /= float64(factors[i])
		}
	}
	if p.ExtFactor == 0 {
		return ropeAngles{turns, 1, scale, magnitude}
	}
	low, width := yarnRamp(p)
	for i, a := range turns[:p.Width/2] {
		ramp := 1 - min(1, max(0, (float64(i)-low)/width))
		mix := float64(ramp * float64(p.ExtFactor))
		turns[i] = float64(float64(scale*a)*(1-mix)) + float64(a*mix)
	}
	return ropeAngles{turns, 1, 1, magnitude * (1 - float64(0.1*lnFloat64(scale)))}
}

// trigGeneric writes the table of the angles.
func trigGeneric(table []float32, a ropeAngles, p spec.RopeParams) {
	second, step := ropeLayout(p)
	for i, turn := range a.turns[:p.Width/2] {
		sin, cos := sinCos(a.scale * float64(a.pos*turn))
		table[i*step] = float32(cos * a.magnitude)
		table[i*step+second] = float32(sin * a.magnitude)
	}
}

// yarnRamp returns where the ramp begins and its width.
func yarnRamp(p spec.RopeParams) (low, width float64) {
	turn := func(beta float32) float64 {
		n := lnFloat64(float64(p.OrigContext) / float64(float64(beta)*(2*math.Pi)))
		return float64(float64(p.Width)*n) / (2 * lnFloat64(float64(p.Theta)))
	}
	low = max(0, math.Floor(turn(p.BetaFast)))
	high := min(float64(p.Width-1), math.Ceil(turn(p.BetaSlow)))
	return low, max(0.001, high-low)
}

// ropeFrequencies are Theta^(−2i/Width) for i < Width/2, and ropePad zeros. They are never
// changed.
type ropeFrequencies struct {
	theta  float32
	width  int
	powers []float64
}

// lastFrequencies are those of the latest call: an engine calls with one or two
// bases, for every position, and computing powers costs more than all the rest
// of the table.
var lastFrequencies atomic.Pointer[ropeFrequencies]

func ropePowers(p spec.RopeParams) []float64 {
	if f := lastFrequencies.Load(); f != nil && f.theta == p.Theta && f.width == p.Width {
		return f.powers
	}
	f := &ropeFrequencies{p.Theta, p.Width, make([]float64, p.Width/2+ropePad)}
	hi, lo := lnParts(float64(p.Theta))
	for i := range p.Width / 2 {
		f.powers[i] = expQuotient(hi, lo, float64(2*i), float64(p.Width))
	}
	lastFrequencies.Store(f)
	return f.powers
}
