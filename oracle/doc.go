// Package oracle is the ground truth: each op evaluated on the exact values of
// its operands.
//
// Eval is slow, plain and meant to be obviously right: math/big throughout.
// Bulk gives the same answers about a hundred times faster, with a fixed-point
// super-accumulator for sums and float64 where that is exact; it decodes the
// formats by a second derivation, and the two are tested against each other.
// Neither imports package kernels.
package oracle
