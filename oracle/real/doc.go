// Package real encloses elementary functions of real numbers: e^x, ln x, sin x,
// cos x, 1/(1+e^-x), tanh x, erf x, erfc x and 1/√x, to any precision.
//
// An Interval is a pair of big.Floats with the exact value between them. Its
// arithmetic rounds outward, so a formula evaluated with it needs no analysis of
// rounding errors: all that is left to prove is what a series cut short leaves
// out, and each function's comment has that. Nearly always it is one lemma, the
// geometric tail of series.partial. Argument reductions cannot be wrong, only
// wide: x − k·ln 2 holds for any integer k. Precision is asked for in bits of the
// result; widths are relative, in the tails too.
//
// Round32 and ErrorUlps32 refine an enclosure until a rounding to f32, or an error
// in ulp, is decided (Ziv's strategy). FastExp, FastSilu and FastGelu are for sweeps
// over all 2^32 arguments: binary64 and integers with a derived bound, whose
// results Nearest32 rounds wherever the bound allows.
//
// Trust rests on
//   - a second algorithm for each function (see Functions), with another reduction
//     and another series: both enclosures must intersect, on hostile arguments and
//     on published hard cases. ln 2 and π have two formulas each;
//   - Interval arithmetic compared with exact rationals;
//   - tests that fail where they should: a series without its remainder is noticed;
//   - nothing from package math beyond exact operations: guesses made with it
//     (an integer k, a number of steps) affect speed and width only.
//
// References: R. Moore, R. Kearfott, M. Cloud, "Introduction to Interval Analysis",
// 2009; J.-M. Muller, "Elementary Functions", 2016; R. Brent, P. Zimmermann,
// "Modern Computer Arithmetic", 2010, ch. 4; J. and P. Borwein, "Pi and the AGM",
// 1987; DLMF, https://dlmf.nist.gov.
package real
