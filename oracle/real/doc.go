// Package real encloses elementary functions of real numbers: exp, log, sin,
// cos, 1/(1+e^-x), tanh, erf, erfc, 1/√x, to any precision.
package real
