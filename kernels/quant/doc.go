// Package quant writes f32 weights as blocks of GGUF: Q4_0, Q8_0, Q4_K, Q5_K
// and Q6_K, without an importance matrix.
//
// Each function takes a whole number of blocks (of 32 elements for Q4_0 and
// Q8_0, of 256 for the others) and exactly the bytes that they need; anything
// else is a programmer's error and panics. dst and src must not overlap. The
// bytes depend on the elements alone: they are the same on every architecture,
// and those of one block do not depend on its neighbours.
//
// Every input has a defined result, in which all f16 scales are finite:
//
//   - A NaN counts as 0 and ±Inf as ±MaxFloat32.
//   - A scale that exceeds the f16 range is ±65504, and the quants are those
//     nearest to the elements under that scale: values saturate.
//   - In the K-quants a scale that would be a subnormal f16 is rounded up where
//     rounding down would clip the largest group, and a group whose elements are
//     not all alike never gets the scale 0; the least step is 2^−24. Q4_0 and
//     Q8_0 keep ggml's bytes, in which a scale of 2^−25 or less becomes 0, and with
//     it the whole block.
//
// Q4_0 and Q8_0 give the bytes of ggml's reference quantisers wherever those
// are defined and finite. The K-quants follow ggml's published method, least
// squares over a search of scales (K-quants, ggml-org/llama.cpp pull request
// 1684), in float64; their bytes are not ggml's, but their root-mean-square error
// is, within 2 % (TestRMSE).
package quant
