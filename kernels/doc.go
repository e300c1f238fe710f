// Package kernels holds the kernels under test: for each op a reference loop
// (tier generic, plain Go, always compiled) and assembly tiers.
//
// The reference loop's order of operations is the tree that all tiers of an op
// declare (spec.TreeLanes), so the tiers agree bit for bit, and so do all
// splits over threads, rows and batches. NaN payloads are not part of that.
//
// Rows lists every kernel as an immutable table; a test calls each row
// directly. The functions named after the ops (DotQ4KQ8K and so on) call the
// best row that the machine can run, which Dispatched tells; ops without such a
// function are called through their row.
//
// Kernels assume the default floating-point mode, round to nearest with
// subnormals, and never change it. Under a caller's flush-to-zero or
// denormals-are-zero mode the results are the same as long as no f32 operand,
// intermediate or result is subnormal; subnormal f16 scales are always
// honoured. Output must not overlap input. Lengths that do not fit an op are
// programmer errors and panic.
//
// The build tag purego removes all assembly.
package kernels
