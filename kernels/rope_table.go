package kernels

import (
	"math"
	"sync/atomic"

	"assay/spec"
)

// ropeScratch holds the angles and the table of heads of usual width.
//
// The cosine of pair i, times the magnitude, is the table's element i·step, the
// sine that at i·step + second, as ropeLayout returns them: beside each other
// for neighbours, in two halves otherwise. Both parts have room for ropePad more
// angles and what is made of them, so that assembly need not stop at the last.
type ropeScratch struct {
	angles [ropeWidth/2 + ropePad]float64
	table  [ropeWidth + 4*ropePad]float32
}

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

// parts returns the angles, to be filled, with their padding, which is zero, and
// the table. Both are s's own where the width permits.
func (s *ropeScratch) parts(p spec.RopeParams) (angles []float64, table []float32) {
	if p.Width > ropeWidth {
		return make([]float64, p.Width/2+ropePad), make([]float32, p.Width+4*ropePad)
	}
	return s.angles[:], s.table[:]
}

// ropeAngles writes the angles of p, as spec.RopeParams defines them, and
// returns the magnitude.
//
// With u = 2^−53 an angle without YaRN has the error of its power, 2.5u, and one
// rounding each for Pos, the factor and the scale: less than 6u, relative.
// Cosine and sine, of which the product with the magnitude is rounded to f32, add
// less than 2^−51 to the error of the angle.
func ropeAngles(angles []float64, factors []float32, p spec.RopeParams) (magnitude float64) {
	powers := ropePowers(p)
	angles = angles[:len(powers)]
	pos, scale := float64(p.Pos), float64(p.FreqScale)
	if factors == nil && p.ExtFactor == 0 {
		for i, power := range powers {
			angles[i] = scale * float64(pos*power)
		}
		return float64(p.AttnFactor)
	}
	for i, power := range powers {
		a := float64(pos * power)
		if factors != nil {
			a /= float64(factors[i])
		}
		angles[i] = a
	}
	if p.ExtFactor == 0 {
		for i, a := range angles {
			angles[i] = scale * a
		}
		return float64(p.AttnFactor)
	}
	low, width := yarnRamp(p)
	for i, a := range angles {
		ramp := 1 - min(1, max(0, (float64(i)-low)/width))
		mix := float64(ramp * float64(p.ExtFactor))
		angles[i] = float64(float64(scale*a)*(1-mix)) + float64(a*mix)
	}
	return float64(p.AttnFactor) * (1 - float64(0.1*lnFloat64(scale)))
}

// trigGeneric writes the table of the angles.
func trigGeneric(table []float32, angles []float64, magnitude float64, p spec.RopeParams) {
	second, step := ropeLayout(p)
	for i, angle := range angles[:p.Width/2] {
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
