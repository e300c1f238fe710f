// Package spec holds what is true by definition: the formats, the ops with
// their shapes, the declared summation trees and their rounding depths, the
// class rules and the error bounds.
//
// Nothing here computes an op. The ground truth is in package oracle, the
// implementations under test are in package kernels, and neither imports the
// other: what they share is this package alone.
//
// Sources. The rounding-error model and γ_n are those of N. J. Higham, Accuracy
// and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, sections 2.2 and
// 3.1; the Q4_K and Q8_K layouts are those of the GGUF format as released with
// llama.cpp. Every bound is derived step by step in package spec/derive.
package spec
