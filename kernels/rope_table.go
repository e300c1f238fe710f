package kernels

import (
	"math"
	"sync/atomic"

	"assay/spec"
)

// ropeTable writes the cosines and sines of the angles of p, times the
// magnitude, as spec.RopeParams defines them: the cosine of a pair lies where
// the pair's first element does, the sine where the second does.
//
// Everything is binary64 until the product with the magnitude is rounded to
// f32. With u = 2^−53 an angle without YaRN has the error of its power, 2.5u,
// and one rounding each for Pos, the factor and the scale: less than 6u,
// relative. Cosine and sine add less than 2^−51 to the error of the angle.
func ropeTable(table, factors []float32, p spec.RopeParams) {
	powers := ropePowers(p)
	pos, scale, magnitude := float64(p.Pos), float64(p.FreqScale), float64(p.AttnFactor)
	yarn := p.ExtFactor != 0
	var low, width float64
	if yarn {
		low, width = yarnRamp(p)
		magnitude *= 1 - float64(0.1*lnFloat64(scale))
	}
	half, second, step := len(powers), 1, 2
	if p.Halves {
		second, step = half, 1
	}
	for i, power := range powers {
		a := float64(pos * power)
		if factors != nil {
			a /= float64(factors[i])
		}
		angle := float64(scale * a)
		if yarn {
			ramp := 1 - min(1, max(0, (float64(i)-low)/width))
			mix := float64(ramp * float64(p.ExtFactor))
			angle = float64(angle*(1-mix)) + float64(a*mix)
		}
		sin, cos := sinCos(angle)
		table[i*step] = float32(cos * magnitude)
		table[i*step+second] = float32(sin * magnitude)
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

// ropeFrequencies are Theta^(−2i/Width) for i < Width/2. They are never changed.
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
	f := &ropeFrequencies{p.Theta, p.Width, make([]float64, p.Width/2)}
	hi, lo := lnParts(float64(p.Theta))
	for i := range f.powers {
		f.powers[i] = expQuotient(hi, lo, float64(2*i), float64(p.Width))
	}
	lastFrequencies.Store(f)
	return f.powers
}
