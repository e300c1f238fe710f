package derive

import (
	"math/big"
	"math/rand/v2"

	"assay/spec"
)

// dequantQ4K derives that the op is exact: every way to evaluate it rounds once.
func dequantQ4K() Derivation {
	return derivation(spec.OpDequantQ4K, spec.TreeAny,
		"y = fl(d·sc·q − dmin·m), bit for bit, whatever is fused: one rounding, |y − w| ≤ u·|w|, never underflow or overflow",
		step("d·sc·q = k·2^e with |k| < 2^21, dmin·m = k'·2^e' with |k'| < 2^17, both multiples of 2^−24 and at most 65504·945: "+
			"products of d, sc and q in any order, and dmin·m, are f32 numbers, |fl(x) − x| = 0.",
			"An f16 is an 11-bit integer times a power of two of at least 2^−24; sc, m < 2^6 and q < 2^4. 11 + 6 + 4 = 21 and 11 + 6 = 17 are at most the 24 bits of an f32.",
			func(rng *rand.Rand) []side {
				w := drawQ4K(rng)
				if coin(rng, 4) {
					w.d, w.dmin = f16(uint16(rng.IntN(31)<<10|1023)), f16(uint16(rng.IntN(31)<<10|1023))
				}
				i := rng.IntN(256)
				pos, mins := w.d*w.sc[i/32]*w.q[i], w.dmin*w.m[i/32]
				out := []side{
					le("k", oddPart(pos), "2^21", pow2(21)),
					le("k'", oddPart(mins), "2^17", pow2(17)),
				}
				for _, k := range []int64{w.d * w.sc[i/32], w.d * w.q[i], pos, mins} {
					x := units(k)
					out = append(out, le("|fl(x) − x|", distance(round(x), x), "0", zero))
				}
				return out
			}),
		step("w = d·sc·q − dmin·m is a multiple of 2^−24 and |w| ≤ 65504·1008 < 2^26: |fl(w) − w| ≤ u·|w|, without underflow or overflow.",
			"Step 1 of matvec_q4k_f32, lanes.",
			func(rng *rand.Rand) []side {
				w := drawQ4K(rng)
				x := units(w.weight(rng.IntN(256)))
				return []side{
					le("|w|", abs(x), "65504·1008", integer(65504*1008)),
					le("|fl(w) − w|", distance(round(x), x), "u·|w|", mul(unit, abs(x))),
				}
			}),
		step("|y − fl(w)| = 0 and |y − w| ≤ u·|w| for y from (d·sc)·q − dmin·m, d·(sc·q) − dmin·m, fma(d·sc, q, −dmin·m) and fma(−dmin, m, d·sc·q). spec.Ops marks the op as exact.",
			"Step 1: only the subtraction rounds; step 2. A zero's sign is not a matter of size; spec states it.",
			func(rng *rand.Rand) []side {
				w := drawQ4K(rng)
				i := rng.IntN(256)
				d, dmin := exactly(units(w.d)), exactly(units(w.dmin))
				sc, m, q := whole(w.sc[i/32]), whole(w.m[i/32]), whole(w.q[i])
				f := newMachine()
				minus := func(x num) num { return num{neg(x.v), x.h, x.eta} }
				exact := units(w.weight(i))
				want := round(exact)
				out := []side{le("|fl(w) − w|", distance(want, exact), "u·|w|", mul(unit, abs(exact)))}
				for _, y := range []num{
					f.sub(f.mul(f.mul(d, sc), q), f.mul(dmin, m)),
					f.sub(f.mul(d, f.mul(sc, q)), f.mul(dmin, m)),
					f.fma(f.mul(d, sc), q, minus(f.mul(dmin, m))),
					f.fma(minus(dmin), m, f.mul(f.mul(d, q), sc)),
				} {
					out = append(out, le("|y − fl(w)|", distance(y.v, want), "0", zero))
				}
				if !spec.MustLookup(spec.OpDequantQ4K).Exact {
					out = append(out, le("ops not exact", one, "0", zero))
				}
				return out
			}),
	)
}

// oddPart returns |k| without its factors of two.
func oddPart(k int64) *big.Rat {
	for k != 0 && k%2 == 0 {
		k /= 2
	}
	return integer(max(k, -k))
}
