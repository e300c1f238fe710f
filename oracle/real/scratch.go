package real

import "math/big"

// scratch is an interval whose ends are overwritten: the inner loops' way
// around the allocations of Interval. Its numbers are nonnegative, but for those
// of a sum.
type scratch struct{ lo, hi big.Float }

func newScratch(prec uint) *scratch {
	s := new(scratch)
	s.lo.SetMode(big.ToNegativeInf).SetPrec(prec)
	s.hi.SetMode(big.ToPositiveInf).SetPrec(prec)
	return s
}

func (s *scratch) set(a Interval) {
	s.lo.Set(a.Lo)
	s.hi.Set(a.Hi)
}

// mul sets s to a·b, which must not be s, for b ≥ 0.
func (s *scratch) mul(a *scratch, b Interval) {
	s.lo.Mul(&a.lo, b.Lo)
	s.hi.Mul(&a.hi, b.Hi)
}

// quo sets s to a/d for d > 0.
func (s *scratch) quo(a *scratch, d *big.Float) {
	s.lo.Quo(&a.lo, d)
	s.hi.Quo(&a.hi, d)
}

// under sets s to z/a for z ≥ 0 and a > 0, which must not be s.
func (s *scratch) under(z Interval, a *scratch) {
	s.lo.Quo(z.Lo, &a.hi)
	s.hi.Quo(z.Hi, &a.lo)
}

func (s *scratch) add(a *scratch) {
	sum(&s.lo, &s.lo, &a.lo)
	sum(&s.hi, &s.hi, &a.hi)
}

// addTo adds a number.
func (s *scratch) addTo(a Interval) {
	sum(&s.lo, &s.lo, a.Lo)
	sum(&s.hi, &s.hi, a.Hi)
}

func (s *scratch) sub(a *scratch) {
	difference(&s.lo, &s.lo, &a.hi)
	difference(&s.hi, &s.hi, &a.lo)
}

// interval returns the value; s must not be used after.
func (s *scratch) interval() Interval { return Interval{&s.lo, &s.hi} }
