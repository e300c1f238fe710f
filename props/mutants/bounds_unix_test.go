//go:build unix

package mutants

import (
	"os"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"

	"assay/spec"
)

// walled returns n bytes that end, or begin, at an unreadable page. The offset
// keeps them clear of the wall by that many bytes.
func walled(t *testing.T, n int, atEnd bool, offset int) []byte {
	t.Helper()
	page := os.Getpagesize()
	size := (n + offset + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(all) })
	for _, wall := range [][]byte{all[:page], all[page+size:]} {
		if err := unix.Mprotect(wall, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	from := page + offset
	if atEnd {
		from = page + size - n - offset
	}
	return all[from : from+n : from+n]
}

// touches tells whether f, called on zeros, panics: it touched a wall, or found
// an operand misaligned.
func touches(t *testing.T, op spec.Op, s spec.Shape, f spec.Func, atEnd bool) (panicked bool) {
	t.Helper()
	in := spec.MustLookup(op)
	c := &spec.Call{Shape: s, Threads: 1, Out: walled(t, in.OutBytes(s), atEnd, 0)}
	for k := range in.In {
		c.In = append(c.In, walled(t, in.InBytes(k, s), atEnd, 0))
		if op == spec.OpRopeF32 && in.In[k].Format == spec.Params {
			copy(c.In[k], spec.RopeParams{Width: 6, Theta: 1e4, FreqScale: 1, AttnFactor: 1, BetaFast: 32, BetaSlow: 1, OrigContext: 4096}.Bytes())
		}
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { panicked = recover() != nil }()
	f.Run(c)
	return false
}

// TestOutOfBounds requires that every mutant of class OOB leaves its operands,
// for some of them compute the same as their base, and that no other kernel
// here does.
func TestOutOfBounds(t *testing.T) {
	shapes := map[spec.Kind][]spec.Shape{
		spec.KindMap:       {spec.Vector(256), spec.Vector(768)},
		spec.KindDot:       {spec.Vector(256), spec.Vector(768)},
		spec.KindRow:       {spec.Vector(6), spec.Vector(77)},
		spec.KindHeads:     {{Rows: 2, Cols: 6, Batch: 1}},
		spec.KindAttention: {{Rows: 2, Cols: 6, Batch: 3, Heads: 4, KVHeads: 2}},
		spec.KindMatvec:    {{Rows: 3, Cols: 512, Batch: 2}, {Rows: 4, Cols: 256, Batch: 1}},
	}
	for _, m := range All() {
		list := shapes[spec.MustLookup(m.Op).Kind]
		if in := spec.MustLookup(m.Op); (in.Kind == spec.KindMap || in.Kind == spec.KindDot) && in.In[0].Format.Float() && in.Out.Float() {
			list = []spec.Shape{spec.Vector(6), spec.Vector(77)}
		}
		left := false
		for _, s := range list {
			for _, atEnd := range []bool{false, true} {
				if touches(t, m.Op, s, m.Base, atEnd) {
					t.Fatalf("%s: the base leaves its operands, shape %v", m.Op, s)
				}
				left = touches(t, m.Op, s, m.Func, atEnd) || left
			}
		}
		if left != (m.Class == bounds) {
			t.Errorf("%s %s: leaves its operands: %v; class %s", m.ID, m.Op, left, m.Class)
		}
	}
}
