package props

import (
	"assay/spec"
)

func memoryAbsent() string {
	if !canGuard {
		return "no guard pages on this system"
	}
	return ""
}

// checkMemory runs the kernel on memory between unreadable pages, with inputs
// on read-only pages: operands that end at the guard page, that begin at it,
// and at all 64 base offsets. The results must not depend on the place.
func checkMemory(h *harness, r Recipe) *Finding {
	if floatsOnly(r.Op) {
		// Shorter than any vector register, where a load that ends or begins at
		// the right place leaves the operand on the other side.
		short := r
		short.Shape.Cols = 1 + int(r.Seed%7)
		if spec.MustLookup(r.Op).Kind == spec.KindHeads {
			short.Shape.Cols = 2 + int(r.Seed%4)*2
		}
		if f := memoryCase(h, short); f != nil {
			f.note("%d elements", short.Shape.Cols)
			return f
		}
	}
	return memoryCase(h, r)
}

func memoryCase(h *harness, r Recipe) *Finding {
	c := r.Case()
	want, f := h.want(c)
	if f != nil {
		return f
	}
	first, f := h.run(c, 1)
	if f == nil {
		f = h.judge(c.Op, want, first)
	}
	if f != nil {
		return f
	}
	outBytes := spec.MustLookup(c.Op).OutBytes(c.Shape)
	var ins []*guarded
	for _, b := range append([][]byte{make([]byte, outBytes)}, c.In...) {
		g, err := newGuarded(len(b))
		if err != nil {
			return &Finding{Detail: err.Error()}
		}
		defer g.free()
		ins = append(ins, g)
	}
	outMem := ins[0]
	ins = ins[1:]
	for offset := range 64 {
		for _, fromEnd := range []bool{false, true} {
			in := make([][]byte, len(ins))
			for k, g := range ins {
				// Operands at different offsets: what holds for one base must
				// not lean on another's alignment.
				in[k] = g.place(len(c.In[k]), (offset+k*17)%64, fromEnd)
				copy(in[k], c.In[k])
				if err := g.writable(false); err != nil {
					return &Finding{Detail: err.Error()}
				}
			}
			out := outMem.place(outBytes, offset, fromEnd)
			f := h.call(c, in, out, outMem.mem, 1)
			if f == nil {
				f = sameOutput(c.Op, first, out, "differs from the same call elsewhere in memory")
			}
			for _, g := range ins {
				if err := g.writable(true); err != nil {
					return &Finding{Detail: err.Error()}
				}
			}
			if f != nil {
				side := "the beginning"
				if fromEnd {
					side = "the end"
				}
				f.note("operands %d bytes from %s of readable memory", offset, side)
				return f
			}
		}
	}
	return nil
}

// place returns n bytes that lie offset bytes from one end of the memory.
func (g *guarded) place(n, offset int, fromEnd bool) []byte {
	if fromEnd {
		offset = len(g.mem) - n - offset
	}
	return g.mem[offset : offset+n : offset+n]
}

// floatsOnly tells whether operands and output have no blocks, so that any
// length is legal.
func floatsOnly(op spec.Op) bool {
	in := spec.MustLookup(op)
	for _, o := range in.In {
		if !o.Format.Float() && o.Format != spec.Params {
			return false
		}
	}
	return in.Out.Float()
}
