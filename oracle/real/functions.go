package real

import "math/big"

// Function is an elementary function with its two algorithms, which share
// interval arithmetic and nothing else that matters: not the reduction, not the
// series, mostly not the constants.
type Function struct {
	Name          string
	First, Second func(x *big.Float, prec uint) Interval
	// OnInterval encloses the values at all points of an interval; nil where
	// there is no such version.
	OnInterval func(a Interval, prec uint) Interval
	// Positive: only defined for x > 0.
	Positive bool
	// Limit is the exponent e from which on, |x| ≥ 2^e, Second gets too slow or
	// gives up.
	Limit int
}

// Functions returns all functions of this package.
func Functions() []Function {
	return []Function{
		{"exp", Exp, expSinh, ExpI, false, 40},
		{"log", Log, logAGM, LogI, true, 200},
		{"sin", Sin, sinTurned, SinI, false, 200},
		{"cos", Cos, cosTurned, CosI, false, 200},
		{"sigmoid", Sigmoid, sigmoidHalf, SigmoidI, false, 40},
		{"tanh", Tanh, tanhFraction, TanhI, false, 200},
		{"erf", Erf, erfMaclaurin, ErfI, false, 200},
		{"erfc", Erfc, erfcMaclaurin, ErfcI, false, 4},
		{"silu", Silu, siluHalf, nil, false, 40},
		{"gelu", Gelu, geluTanh, nil, false, 4},
		{"rsqrt", Rsqrt, rsqrtInt, RsqrtI, true, 200},
	}
}
