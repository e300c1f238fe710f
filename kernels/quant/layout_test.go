package quant_test

import (
	"testing"

	"assay/spec"
)

// TestLayoutAffine quantises super-blocks that Q4_K and Q5_K hold exactly, with
// another scale and min in every group: the scales and the values must come back.
func TestLayoutAffine(t *testing.T) {
	scales := [8]float64{63, 5, 17, 33, 48, 2, 60, 21}
	mins := [8]float64{9, 63, 1, 40, 29, 51, 16, 46}
	for _, c := range []struct {
		format spec.Format
		top    int
	}{{spec.Q4K, 15}, {spec.Q5K, 31}} {
		f := lookup(c.format)
		var x [spec.SuperBlock]float32
		for i := range x {
			g := i / 32
			q := (i*(2*g+1) + i/16 + g) % (c.top + 1) // every quant, in another order
			x[i] = float32(scales[g]*float64(q) - mins[g])
		}
		b := f.bytes(x[:])
		if d, dmin := f16(b), f16(b[2:]); d != 1 || dmin != 1 {
			t.Errorf("%v: d %v, dmin %v", f, d, dmin)
		}
		for g := range 8 {
			if sc, m := sixBits(b[4:16], g); sc != scales[g] || m != mins[g] {
				t.Errorf("%v: group %d has scale %v, min %v; want %v, %v", f, g, sc, m, scales[g], mins[g])
			}
		}
		wantExact(t, f, x[:], b)
	}
}

// TestLayoutQ6K is the same for Q6_K, with scales of both signs, and the other
// sign of d.
func TestLayoutQ6K(t *testing.T) {
	scales := [16]float64{-128, 127, 3, -5, 64, -90, 1, 17, -33, 100, -1, 77, 8, -120, 50, -64}
	for _, d := range []float64{1, -1} {
		f := lookup(spec.Q6K)
		var x [spec.SuperBlock]float32
		for i := range x {
			g, k := i/16, i%16
			q := (k*(4*g+5)+g)%64 - 32
			if k == g {
				q = -32 // the largest
			} else if q == -32 {
				q = 31
			}
			x[i] = float32(d * scales[g] * float64(q))
		}
		b := f.bytes(x[:])
		if got := f16(b[208:]); got != d {
			t.Errorf("%v: d %v, want %v", f, got, d)
		}
		for g, want := range scales {
			if sc := float64(int8(b[192+g])); sc != want {
				t.Errorf("%v: group %d has scale %v, want %v", f, g, sc, want)
			}
		}
		wantExact(t, f, x[:], b)
	}
}

// TestLayoutBlocks is the same for the blocks of 32.
func TestLayoutBlocks(t *testing.T) {
	var x [2 * spec.Block]float32
	for i := range x {
		x[i] = float32(i*5%16 - 8)
	}
	f := lookup(spec.Q4_0)
	wantExact(t, f, x[:], f.bytes(x[:]))
	for i := range x {
		x[i] = float32(i*37%255 - 127)
	}
	x[3], x[40] = 127, -127
	f = lookup(spec.Q8_0)
	wantExact(t, f, x[:], f.bytes(x[:]))
}

func wantExact(t *testing.T, f format, x []float32, b []byte) {
	t.Helper()
	for i, y := range f.values(b) {
		if y != float64(x[i]) {
			t.Errorf("%s: value %v, want %v", line(f, "exact", i), y, x[i])
		}
	}
}
