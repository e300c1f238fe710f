package quant

import (
	"encoding/binary"
	"math"

	"assay/spec"
)

const (
	groups   = spec.Q4KSubBlocks
	groupLen = spec.Q4KSubBlockLen
	maxSix   = 63 // largest six-bit scale and min
)

// affine is a super-block of Q4_K or Q5_K before it is packed: element i of
// group g is d·sc[g]·q[i] − dmin·m[g].
type affine struct {
	d, dmin uint16
	sc, m   [groups]byte
	q       [spec.SuperBlock]byte
}

// search says which scales are tried for the quants 0…top: range/(top + first +
// k·step) for k < n.
type search struct {
	top, first, step float64
	n                int
}

// quantize fits each group by itself, rounds the groups' scales and mins to six
// bits of the largest, and takes the quants anew under the rounded ones.
func (a *affine) quantize(src []float32, how *search) {
	var x [spec.SuperBlock]float64
	load(&x, src)
	var s, m [groups]float64
	var smax, mmax float64
	for g := range groups {
		s[g], m[g] = how.fit((*[groupLen]float64)(x[g*groupLen:]))
		smax, mmax = max(smax, s[g]), max(mmax, m[g])
	}
	var d, dmin float64
	a.d, d = f16Scale(smax, maxSix)
	a.dmin, dmin = f16Scale(mmax, maxSix)
	for g := range groups {
		var sc, mn, inv float64
		if s[g] > 0 {
			sc = nearest(s[g]/d, 1, maxSix) // 1 can be no worse than 0
			inv = 1 / (d * sc)
		}
		if m[g] > 0 {
			mn = nearest(m[g]/dmin, 0, maxSix)
		}
		a.sc[g], a.m[g] = byte(sc), byte(mn)
		for i, v := range x[g*groupLen:][:groupLen] {
			a.q[g*groupLen+i] = byte(nearest(float64((v+float64(dmin*mn))*inv), 0, how.top))
		}
	}
}

// fit returns the scale s ≥ 0 and the min m ≥ 0 that approximate x by s·q − m.
//
// Each scale of the search, with the best min so far, gives quants q, and those
// give s and m by least squares with the weights w = √(mean x²) + |x|; a negative
// m becomes 0. The pair with the least Σ w·(s·q − m − x)² wins, the first of
// equals. That sum is Σ w·x² less s·Σwxq − m·Σwx, so only the latter is compared.
func (how *search) fit(x *[groupLen]float64) (s, m float64) {
	var sq float64
	lo, hi := 0.0, x[0]
	for _, v := range x {
		sq += float64(v * v)
		lo, hi = min(lo, v), max(hi, v)
	}
	m = -lo
	if lo == hi {
		return 0, m
	}
	var w [groupLen]float64
	var sw, swx float64
	rms := math.Sqrt(sq / groupLen)
	for i, v := range x {
		w[i] = rms + math.Abs(v)
		sw += w[i]
		swx += float64(w[i] * v)
	}
	best := math.Inf(-1)
	for k := range how.n {
		inv := (how.top + how.first + float64(how.step*float64(k))) / (hi - lo)
		var swq, swqq, swxq float64
		for i, v := range x {
			q := float64((v+m)*inv) + toInt - toInt
			if q < 0 {
				q = 0
			}
			if q > how.top {
				q = how.top
			}
			wq := float64(w[i] * q)
			swq += wq
			swqq += float64(wq * q)
			swxq += float64(wq * v)
		}
		ks, km := swxq/swqq, 0.0
		// The determinant is 0 if all quants are equal; otherwise it is far
		// from 0, as the weights differ by a factor of 1 + √32 at most.
		if det := float64(sw*swqq) - float64(swq*swq); det > 1e-9*sw*swqq {
			if n := float64(swq*swxq) - float64(swqq*swx); n > 0 {
				ks, km = (float64(sw*swxq)-float64(swq*swx))/det, n/det
			}
		}
		// The first scale always gives a positive ks. Later ones may not if a
		// shifted min made all quants equal.
		if gain := float64(ks*swxq) - float64(km*swx); ks > 0 && gain > best {
			best, s, m = gain, ks, km
		}
	}
	return s, m
}

// putHeader packs the scales: d, dmin, and the pairs of six bits.
func (a *affine) putHeader(blk []byte) {
	binary.LittleEndian.PutUint16(blk[spec.Q4KOffD:], a.d)
	binary.LittleEndian.PutUint16(blk[spec.Q4KOffDMin:], a.dmin)
	s := blk[spec.Q4KOffScales:][:12]
	for j := range 4 {
		s[j] = a.sc[j] | a.sc[j+4]>>4<<6
		s[j+4] = a.m[j] | a.m[j+4]>>4<<6
		s[j+8] = a.sc[j+4]&15 | a.m[j+4]&15<<4
	}
}

// putNibbles packs the low four bits of the quants: groups 2c and 2c+1 share
// 32 bytes.
func (a *affine) putNibbles(qs []byte) {
	for i := range qs[:spec.SuperBlock/2] {
		at := i/groupLen*2*groupLen + i%groupLen
		qs[i] = a.q[at]&15 | a.q[at+groupLen]<<4
	}
}
