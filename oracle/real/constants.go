package real

import (
	"math/big"
	"sync"
)

// constant keeps the enclosures of a constant, by precision. Several goroutines
// may compute one at the same time; they get the same ends.
type constant struct {
	known   sync.Map // uint → Interval
	compute func(prec uint) Interval
}

func (c *constant) get(prec uint) Interval {
	prec = (prec + 63) &^ 63 // few precisions, so that the map stays small
	if v, ok := c.known.Load(prec); ok {
		return v.(Interval)
	}
	v := c.compute(prec + 32)
	v = Interval{down(prec).Set(v.Lo), up(prec).Set(v.Hi)}
	c.known.Store(prec, v)
	return v
}

var (
	piCache   = constant{compute: piMachin}
	ln2Cache  = constant{compute: ln2Machin}
	twoByRoot = constant{compute: func(prec uint) Interval { // 2/√π
		return Int(2).Quo(Pi(prec).Sqrt(prec), prec)
	}}
)

// Pi returns an enclosure of π of relative width at most 2^-prec·4.
func Pi(prec uint) Interval { return piCache.get(prec) }

// Ln2 returns an enclosure of ln 2 of relative width at most 2^-prec·4.
func Ln2(prec uint) Interval { return ln2Cache.get(prec) }

// inverse returns 1/n.
func inverse(n int64, prec uint) Interval { return Int(1).Quo(Int(n), prec) }

// piMachin: π = 16·arctan(1/5) − 4·arctan(1/239) (J. Machin, 1706).
func piMachin(prec uint) Interval {
	a := arctan(inverse(5, prec), prec).Scale(4)
	return a.Sub(arctan(inverse(239, prec), prec).Scale(2), prec)
}

// piBBP: π = Σ 16^-k·(4/(8k+1) − 2/(8k+4) − 1/(8k+5) − 1/(8k+6)) (D. Bailey,
// P. Borwein, S. Plouffe, "On the rapid computation of various polylogarithmic
// constants", Math. Comp. 66, 1997). Every bracket lies in (0, 4/(8k+1)], at
// most 4, so what follows the terms below n lies in (0, 16^-n·4·16/15), inside
// (0, 2^(3-4n)].
func piBBP(prec uint) Interval {
	sum := Int(0)
	n := int64(prec)/4 + 1
	for k := range n {
		t := inverse(8*k+1, prec).Scale(2)
		t = t.Sub(inverse(8*k+4, prec).Scale(1), prec)
		t = t.Sub(inverse(8*k+5, prec), prec)
		t = t.Sub(inverse(8*k+6, prec), prec)
		sum = sum.Add(t.Scale(-4*int(k)), prec)
	}
	return Interval{sum.Lo, up(prec).Add(sum.Hi, power(3-4*int(n)))}
}

// ln2Machin: ln 2 = 18·atanh(1/26) − 2·atanh(1/4801) + 8·atanh(1/8749), which
// is 2 = (27/25)^9 · (4800/4802) · (8750/8748)^4 with atanh(1/m) =
// ½·ln((m+1)/(m−1)).
func ln2Machin(prec uint) Interval {
	a := atanh(inverse(26, prec), prec).Mul(Int(18), prec)
	b := atanh(inverse(4801, prec), prec).Scale(1)
	c := atanh(inverse(8749, prec), prec).Scale(3)
	return a.Sub(b, prec).Add(c, prec)
}

// ln2Plain: ln 2 = Σ 1/(k·2^k), k ≥ 1 (−ln(1 − ½)). What follows the terms up
// to n is positive and below 2^-n/(n+1).
func ln2Plain(prec uint) Interval {
	sum := Int(0)
	for k := int64(1); k <= int64(prec); k++ {
		sum = sum.Add(inverse(k, prec).Scale(-int(k)), prec)
	}
	return Interval{sum.Lo, up(prec).Add(sum.Hi, power(-int(prec)))}
}

var (
	zero = new(big.Float)
	unit = big.NewFloat(1)
)

const infinite = "real: infinite argument"
