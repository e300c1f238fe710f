// Package derive holds the derivations of the bounds of package spec, as data:
// each is a list of numbered steps, each step is one inequality with its reason,
// and each inequality is checked on exact rationals.
//
// # How to read a derivation
//
// The first one, "the rounding model", is about a single rounding,
//
//	fl(x) = x·(1+δ) + η,  |δ| ≤ u = 2^−24,  |η| ≤ 2^−150,  δ·η = 0,
//
// and ends, in its step 6, with the theorem that all others apply: if no term of
// a sum passes through more than h roundings, and the roundings that can
// underflow count for at most Eta, then
//
//	|ŷ − y| ≤ γ_h·Gauge + (1+γ_h)·Eta·2^−150,  γ_h = hu/(1−hu),
//
// where y is the exact sum, ŷ the computed one, and Gauge the sum of the
// magnitudes of the terms. spec.Bound is the right side, rounded up. A
// derivation for an op and a tree therefore has three things to show:
//
//   - h: how many roundings lie between a term and the result. A product of two
//     computed numbers has the roundings of both, a sum those of the worse. The
//     last number is spec.Depth.
//   - Eta: which roundings can underflow, and by what their results are multiplied
//     afterwards. Most can not: a sum of f32 numbers, a product with an integer and
//     every value of a Q4_K block are multiples of the smallest subnormal, and the
//     roundings of such numbers have η = 0.
//   - Gauge: which terms the kernel sees. One that factors scales out of a sum does
//     not see what cancels between them.
//
// The last step states the bound, and its check calls spec.Bound and spec.Depth
// themselves. Eta is as small as the argument allows; any larger number serves
// as well, and where a simpler formula exists it is given.
//
// The derivations for the quantisers end at spec.QuantizeError, that of the drift
// adds it to the bound of Path B, that of the class shows that what
// spec.Terms.Class says of finite terms is so, and that of dequant_q4k shows that
// the op is exact. Names are those of package spec: d, dmin, sc, m, q of a
// Q4_K block, dx (or d) and x (or q) of a Q8_K block; a number with a hat is
// computed; sums run over the row unless a subscript says otherwise. [c] is 1 if
// c holds, and 0 otherwise.
//
// # How a step is checked
//
// Check draws one instance from its generator, computes both sides in math/big's
// Rat, and compares them. Kernels are simulated on rationals: each operation is
// evaluated exactly and then rounded once, to nearest even with gradual
// underflow, by Rat.Float32. A number carries the roundings and the underflows
// that it went through, so that what the steps say about h and Eta is counted and
// not only argued. For spec.TreeAny the kernel is drawn too: the shape of the
// tree, what is fused, how integer sums are split, and where the scales are
// applied. No code is shared with packages oracle and kernels.
//
// Instances are hostile: exponents from the smallest subnormal to overflow, all
// finite f16 patterns, terms that cancel, ties, terms that all lose half an ulp to
// a leading one, products halfway between subnormals. The tests of this package
// demand that the sides of an inequality come close to each other, and that a
// bound which is halved, has a smaller u or h, or lacks a term is refuted.
//
// A check is no proof, and the argument is: the check is there to catch an
// argument that is wrong, or that is about something else than what package spec
// computes.
//
// # Sources
//
// Higham 2002 is N. J. Higham, Accuracy and Stability of Numerical Algorithms,
// 2nd ed., SIAM 2002.
package derive
