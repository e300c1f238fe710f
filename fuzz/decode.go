package fuzz

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/spec"
)

// targets maps the fuzz targets to the ops of their family. The first byte of
// an input chooses among them.
var targets = []struct {
	name string
	ops  []spec.Op
}{
	{"FuzzDequant", family(func(in spec.Info) bool { return in.Kind == spec.KindMap && !in.In[0].Format.Float() })},
	{"FuzzQuantize", family(func(in spec.Info) bool { return in.Kind == spec.KindMap && !in.Out.Float() })},
	{"FuzzConvert", family(func(in spec.Info) bool {
		return in.Kind == spec.KindMap && in.Exact && in.In[0].Format.Float() && in.Out.Float()
	})},
	{"FuzzDotFloat", family(func(in spec.Info) bool { return in.Kind == spec.KindDot && in.In[0].Format.Float() })},
	{"FuzzDotQuant", family(func(in spec.Info) bool { return in.Kind == spec.KindDot && !in.In[0].Format.Float() })},
	{"FuzzElementwise", family(func(in spec.Info) bool { return in.Kind == spec.KindMap && !in.Exact })},
	{"FuzzRow", family(func(in spec.Info) bool { return in.Kind == spec.KindRow })},
	{"FuzzHeads", family(func(in spec.Info) bool { return in.Kind == spec.KindHeads })},
	{"FuzzAttention", family(func(in spec.Info) bool { return in.Kind == spec.KindAttention })},
	{"FuzzMatvec", family(func(in spec.Info) bool { return in.Kind == spec.KindMatvec })},
}

func family(has func(in spec.Info) bool) []spec.Op {
	var out []spec.Op
	for _, in := range spec.Ops() {
		if has(in) {
			out = append(out, in.Op)
		}
	}
	return out
}

// Targets returns the names of the targets whose inputs are cases.
func Targets() []string {
	var out []string
	for _, t := range targets {
		out = append(out, t.name)
	}
	return out
}

// header is the number of bytes before the operands: op, rows, size, batch; for
// attention op, rows and heads, size, keys.
const header = 4

// Decode returns the case that an input of a target stands for.
//
// Operands follow the header, in order, each at its full size; what is missing
// is zero, what is left over is ignored, and bsums are set right.
func Decode(target string, data []byte) (*spec.Case, error) {
	for _, t := range targets {
		if t.name == target {
			return decode(t.ops, data), nil
		}
	}
	return nil, fmt.Errorf("fuzz: no target %q; there are %s", target, strings.Join(Targets(), ", "))
}

// Largest shapes of a decoded case: every code path of the kernels' loops over
// rows and blocks, and few enough bytes for the fuzzer to work on.
const (
	maxRows   = 9
	maxBatch  = 2
	maxHead   = 136
	maxKeys   = 24
	maxBlocks = 3 // super-blocks, and as many elements in smaller blocks
)

// units returns the most units of a row: as many as a byte counts.
func units(n int) int { return min(256, maxBlocks*spec.SuperBlock/n) }

func decode(ops []spec.Op, data []byte) *spec.Case {
	var h [header]byte
	data = data[copy(h[:], data):]
	c := &spec.Case{Op: ops[int(h[0])%len(ops)], Shape: spec.Shape{Rows: 1, Batch: 1}}
	in := spec.MustLookup(c.Op)
	if in.Kind == spec.KindMatvec {
		c.Shape.Rows, c.Shape.Batch = 1+int(h[1])%maxRows, 1+int(h[3])%maxBatch
	}
	n := in.Unit()
	c.Shape.Cols = n * (1 + int(h[2])%units(n))
	switch {
	case in.Kind == spec.KindHeads:
		c.Shape = spec.Shape{Rows: 1 + int(h[3])%maxBatch, Cols: 2 + 2*(int(h[2])%(maxHead/2)), Batch: 1}
	case in.Kind == spec.KindAttention: // rows of two bits, and kvheads and heads of one
		kv := 1 + int(h[1])>>2&1
		c.Shape = spec.Shape{
			Rows: 1 + int(h[1])&3, Cols: 1 + int(h[2])%maxHead, Batch: 1 + int(h[3])%maxKeys,
			Heads: kv * (1 + int(h[1])>>3&1), KVHeads: kv,
		}
	case n == 1:
		c.Shape.Cols-- // a length of zero too
	}
	for k := range in.In {
		if in.In[k].Optional && h[1]>>k&1 == 1 {
			c.In = append(c.In, nil) // absent
			continue
		}
		b := make([]byte, in.InBytes(k, c.Shape))
		data = data[copy(b, data):]
		if in.In[k].Format == spec.Params {
			legal(in.Op, c.Shape, b)
		}
		if in.In[k].Name == "factors" {
			legalFactors(b)
		}
		if in.In[k].Format == spec.Q8K {
			spec.FixBsums(b)
		}
		c.In = append(c.In, b)
	}
	return c
}

// legal brings parameters of any bits into their range.
func legal(op spec.Op, s spec.Shape, b []byte) {
	if op == spec.OpRopeF32 {
		p := spec.ReadRopeParams(b, s)
		p.Width = max(2, min(p.Width, s.Cols)) &^ 1
		p.Pos, p.OrigContext = p.Pos%(1<<20+1), max(1, p.OrigContext%(1<<24))
		p.Theta = within(p.Theta, 2, 1<<30)
		p.FreqScale, p.ExtFactor = within(p.FreqScale, 0x1p-10, 1), within(p.ExtFactor, 0, 1)
		p.AttnFactor = within(p.AttnFactor, 0x1p-10, 1<<10)
		p.BetaFast, p.BetaSlow = within(p.BetaFast, 0x1p-10, 1<<10), within(p.BetaSlow, 0x1p-10, 1<<10)
		copy(b, p.Bytes())
		return
	}
	if op == spec.OpAttentionF32 {
		p := spec.ReadAttentionParams(b, s)
		p.Start %= maxKeys
		if p.Scale-p.Scale != 0 {
			p.Scale = 1
		}
		copy(b, p.Bytes())
		return
	}
	if x := spec.GetF32(b, 0); x-x != 0 {
		spec.PutF32(b, 1)
	} else if op == spec.OpRMSNormF32 && x < 0 {
		spec.PutF32(b, -x)
	}
}

// within returns x if it lies in [lo, hi], or the nearer end; hi for NaN.
func within(x, lo, hi float32) float32 {
	if x != x {
		return hi
	}
	return min(max(x, lo), hi)
}

func legalFactors(b []byte) {
	for i := 0; i < len(b); i += 4 {
		spec.PutF32(b[i:], within(spec.GetF32(b[i:], 0), spec.MinRopeFactor, spec.MaxRopeFactor))
	}
}

// Encode returns an input that Decode turns into the case, and false if the
// case is larger than an input can say.
func Encode(target string, c *spec.Case) ([]byte, bool) {
	for _, t := range targets {
		i := slices.Index(t.ops, c.Op)
		if t.name != target || i < 0 {
			continue
		}
		s, n := c.Shape, spec.MustLookup(c.Op).Unit()
		size := s.Cols/n - 1
		if n == 1 {
			size = s.Cols
		}
		h := [header]byte{byte(i), byte(s.Rows - 1), byte(size), byte(s.Batch - 1)}
		for k, o := range spec.MustLookup(c.Op).In {
			if o.Optional && len(c.In[k]) == 0 && s.Cols > 0 {
				h[1] |= 1 << k
			}
		}
		if spec.MustLookup(c.Op).Kind == spec.KindHeads {
			h[2], h[3] = byte(s.Cols/2-1), byte(s.Rows-1)
			h[1] &= 1 << 1
			return append(h[:], bytes.Join(c.In, nil)...), s.Rows <= maxBatch && s.Cols <= maxHead
		}
		if spec.MustLookup(c.Op).Kind == spec.KindAttention {
			group := s.Heads / s.KVHeads
			h = [header]byte{byte(i), byte(s.Rows-1) | byte(s.KVHeads-1)<<2 | byte(group-1)<<3, byte(s.Cols - 1), byte(s.Batch - 1)}
			fits := s.Rows <= 4 && s.KVHeads <= 2 && group <= 2 && s.Cols <= maxHead && s.Batch <= maxKeys &&
				spec.ReadAttentionParams(c.In[3], s).Start < maxKeys
			return append(h[:], bytes.Join(c.In, nil)...), fits
		}
		fits := s.Rows <= maxRows && s.Batch <= maxBatch && size >= 0 && size < units(n)
		return append(h[:], bytes.Join(c.In, nil)...), fits
	}
	return nil, false
}

// ReadInput returns the bytes of an input: of a file in the encoding of Go's
// fuzzing corpus with one []byte, or the file itself.
func ReadInput(data []byte) ([]byte, error) {
	const version = "go test fuzz v1\n"
	text, ok := strings.CutPrefix(string(data), version)
	if !ok {
		return data, nil
	}
	text = strings.TrimSpace(text)
	quoted, ok1 := strings.CutPrefix(text, "[]byte(")
	quoted, ok2 := strings.CutSuffix(quoted, ")")
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("fuzz: want one []byte value, found %.40q", text)
	}
	s, err := strconv.Unquote(quoted)
	if err != nil {
		return nil, fmt.Errorf("fuzz: %.40q: %w", quoted, err)
	}
	return []byte(s), nil
}

// Takes tells whether a target's inputs can be cases of op.
func Takes(target string, op spec.Op) bool {
	for _, t := range targets {
		if t.name == target {
			return slices.Contains(t.ops, op)
		}
	}
	return false
}

// WriteInput returns an input in the encoding of Go's fuzzing corpus.
func WriteInput(data []byte) []byte {
	return fmt.Appendf(nil, "go test fuzz v1\n[]byte(%q)\n", data)
}
