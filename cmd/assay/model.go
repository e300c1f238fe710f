package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
	"assay/oracle"
	"assay/props"
	"assay/props/activation"
	"assay/spec"
)

// item is a piece of the audit of a model: one case, made when its turn comes.
type item struct {
	name string
	make func() *spec.Case
	cols int // of the tensor
}

// judge runs the case on every row of its op and returns the number of
// elements that the oracle gave.
func (it item) judge(rows []spec.Row, results []*auditRow) int {
	c := it.make()
	want, err := oracle.Bulk(c, spec.TreeLanes)
	if err != nil {
		panic(fmt.Sprintf("assay: %s: %v", it.name, err)) // cases are made here
	}
	for i, row := range rows {
		if row.Op != c.Op || !row.CanRun() {
			continue
		}
		v := props.JudgeCase(row, c, want)
		results[i].Cases += v.Cases
		results[i].WorstRatio = max(results[i].WorstRatio, v.Worst)
		if v.Failed {
			v.Case = it.locate(c, v.Finding.Element)
			v.Replay = fmt.Sprintf("go run ./cmd/assay replay -tier %s '%s' (with -model unless it is the embedded one)", row.Tier, v.Case)
			results[i].failures = append(results[i].failures, v.Verdict)
		}
	}
	return max(len(want.Elements), len(want.Bytes)/4)
}

// locate returns the id of the one row and token that element belongs to.
func (it item) locate(c *spec.Case, element string) string {
	i := strings.LastIndex(it.name, ":")
	i = strings.LastIndex(it.name[:i], ":")
	var e, row, token int
	switch spec.MustLookup(c.Op).Kind {
	case spec.KindMatvec:
		fmt.Sscan(element, &e)
		row, token = e%c.Shape.Rows, e/c.Shape.Rows
	case spec.KindMap:
		in := spec.MustLookup(c.Op)
		if in.Out.Float() { // a tensor's own op
			fmt.Sscan(element, &e)
			row = e / it.cols
		} else {
			fmt.Sscanf(element, "block %d", &e)
			token = e * in.Unit() / it.cols
		}
	}
	return fmt.Sprintf("%s:%d:%d", it.name[:i], row, token)
}

// modelWork lists the cases that a model gives, and the reasons why some of
// what it has is left out.
func modelWork(ctx context.Context, f *gguf.File, tokens int) (work []item, absent []string) {
	counts := map[gguf.Type]int{}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		format, ok := t.Type.Format()
		if !ok {
			counts[t.Type]++
			continue
		}
		if op := decodeOp(format); op != "" {
			id := tensorID(op, t.Name, 0, 0)
			work = append(work, item{id, func() *spec.Case {
				return &spec.Case{ID: id, Op: op, Shape: spec.Vector(elements(format, t.Data)), In: [][]byte{t.Data}}
			}, int(t.Dims[0])})
		}
	}
	for _, t := range sortedTypes(counts) {
		absent = append(absent, fmt.Sprintf("%d tensors of type %v: no op takes them", counts[t], t))
	}
	sites, err := activation.Collect(ctx, f, activation.Tokens(f, teacher.Sample(), tokens))
	if err != nil {
		if !interrupted(err) {
			absent = append(absent, "the model's activations: "+err.Error())
		}
		return work, absent
	}
	for _, s := range sites {
		format, ok := s.Tensor.Type.Format()
		if !ok {
			continue // reported above
		}
		for _, op := range siteOps(format) {
			id := tensorID(op, s.Tensor.Name, 0, 0)
			work = append(work, item{id, func() *spec.Case { return siteCase(s, format, op, 0, 0, true) }, int(s.Tensor.Dims[0])})
		}
	}
	return work, absent
}

func sortedTypes(counts map[gguf.Type]int) []gguf.Type {
	var out []gguf.Type
	for t := range gguf.Type(256) {
		if counts[t] > 0 {
			out = append(out, t)
		}
	}
	return out
}

// tensorID names a case made from a model's tensor: tensor:NAME:OP:ROW:TOKEN.
func tensorID(op spec.Op, name string, row, token int) string {
	return fmt.Sprintf("tensor:%s:%s:%d:%d", name, op, row, token)
}

// decodeOp is the op that turns a tensor of the format into f32, or "".
func decodeOp(f spec.Format) spec.Op {
	switch f {
	case spec.F32:
		return ""
	case spec.F16:
		return spec.OpConvertF16F32
	case spec.BF16:
		return spec.OpConvertBF16F32
	}
	return spec.OpDequant(f)
}

func elements(f spec.Format, data []byte) int {
	return len(data) / f.BlockBytes() * f.BlockLen()
}

// siteOps lists the ops that a matrix of the format and its activations are
// operands of: what makes the activations' format, dots and matvecs.
func siteOps(f spec.Format) []spec.Op {
	x := spec.ActivationOf(f)
	all := []spec.Op{spec.OpDot(f, x), spec.OpMatvec(f, x), spec.OpMatvec(f, spec.F32), spec.OpDotF32}
	switch {
	case f == spec.F16:
		all = append(all, spec.OpConvertF32F16, spec.OpDotF16)
	case f == spec.BF16:
		all = append(all, spec.OpConvertF32BF16, spec.OpDotBF16)
	case f == spec.F32:
		all = append(all, spec.OpMatvecF32)
	case x == spec.Q8K:
		all = append(all, spec.OpQuantizeQ8KGGML, spec.OpQuantizeQ8KAprender)
	case x == spec.Q8_0:
		all = append(all, spec.OpQuantizeQ8_0)
	case x == spec.Q8_1:
		all = append(all, spec.OpQuantizeQ8_1)
	}
	return slices.DeleteFunc(all, func(op spec.Op) bool { return !spec.Known(op) })
}

// siteCase makes the case of an op from a tensor and the activations that meet
// it: of the whole site, or of one row and token. Dots take one row and token
// either way.
func siteCase(s activation.Site, f spec.Format, op spec.Op, row, token int, whole bool) *spec.Case {
	cols, rows := int(s.Tensor.Dims[0]), int(s.Tensor.Rows())
	in := spec.MustLookup(op)
	c := &spec.Case{ID: tensorID(op, s.Tensor.Name, row, token), Op: op}
	x := s.X[token*cols : (token+1)*cols]
	w := s.Tensor.Data[row*f.Bytes(cols):][:f.Bytes(cols)]
	c.Shape = spec.Vector(cols)
	if whole && in.Kind != spec.KindDot {
		x, w = s.X, s.Tensor.Data
		c.Shape = spec.Shape{Rows: rows, Cols: cols, Batch: s.Tokens}
	}
	acts := spec.FloatBytes(x)
	if in.Kind == spec.KindMap { // what makes the activations' format
		c.Shape, c.In = spec.Vector(len(x)), [][]byte{acts}
		return c
	}
	if in.In[0].Format != f { // dot_f32 of other weights
		w = mustBulk(&spec.Case{Op: decodeOp(f), Shape: spec.Vector(cols), In: [][]byte{w}})
	}
	if to := in.In[1].Format; to != spec.F32 {
		makers := map[spec.Format]spec.Op{
			spec.Q8K: spec.OpQuantizeQ8KGGML, spec.Q8_0: spec.OpQuantizeQ8_0, spec.Q8_1: spec.OpQuantizeQ8_1,
			spec.F16: spec.OpConvertF32F16, spec.BF16: spec.OpConvertF32BF16,
		}
		acts = mustBulk(&spec.Case{Op: makers[to], Shape: spec.Vector(len(x)), In: [][]byte{acts}})
	}
	c.In = [][]byte{w, acts}
	return c
}

// mustBulk returns the exact output of an op on a case that is known to be
// valid.
func mustBulk(c *spec.Case) []byte {
	want, err := oracle.Bulk(c, spec.TreeLanes)
	if err != nil {
		panic("assay: " + err.Error())
	}
	return want.Bytes
}

// modelCase makes the case that a tensor id names.
func modelCase(ctx context.Context, f *gguf.File, id string, tokens int) (*spec.Case, error) {
	bad := func(format string, args ...any) (*spec.Case, error) {
		return nil, fmt.Errorf("id %q: "+format, append([]any{id}, args...)...)
	}
	parts := strings.Split(strings.TrimPrefix(id, "tensor:"), ":")
	if len(parts) < 4 {
		return bad("want tensor:NAME:OP:ROW:TOKEN")
	}
	n := len(parts)
	name, op := strings.Join(parts[:n-3], ":"), spec.Op(parts[n-3])
	row, err1 := strconv.Atoi(parts[n-2])
	token, err2 := strconv.Atoi(parts[n-1])
	if _, err := spec.Lookup(op); err != nil {
		return bad("%v", err)
	}
	t, err := f.Tensor(name)
	if err != nil {
		return bad("%v", err)
	}
	format, ok := t.Type.Format()
	switch {
	case !ok:
		return bad("no op takes tensors of type %v", t.Type)
	case op != decodeOp(format) && !slices.Contains(siteOps(format), op):
		return bad("%s does not take tensors of type %v", op, t.Type)
	case err1 != nil || err2 != nil || row < 0 || token < 0 || uint64(row) >= t.Rows():
		return bad("no row %s or token %s", parts[n-2], parts[n-1])
	}
	if op == decodeOp(format) {
		cols := int(t.Dims[0])
		size := format.Bytes(cols)
		return &spec.Case{ID: id, Op: op, Shape: spec.Vector(cols), In: [][]byte{t.Data[row*size:][:size]}}, nil
	}
	sites, err := activation.Collect(ctx, f, activation.Tokens(f, teacher.Sample(), max(tokens, token+1)))
	if err != nil {
		return bad("%v", err)
	}
	for _, s := range sites {
		if s.Tensor.Name == name && token < s.Tokens {
			return siteCase(s, format, op, row, token, false), nil
		}
	}
	return bad("the model multiplies this tensor with no activation, or has fewer tokens")
}
