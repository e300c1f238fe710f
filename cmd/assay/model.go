package main

import (
	"context"
	"fmt"
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
		if c.Op == spec.OpDequantQ4K {
			fmt.Sscan(element, &e)
			row = e / it.cols
		} else {
			fmt.Sscanf(element, "block %d", &e)
			token = e * spec.SuperBlock / it.cols
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
		counts[t.Type]++
		if t.Type == gguf.Q4K {
			id := tensorID(spec.OpDequantQ4K, t.Name, 0, 0)
			work = append(work, item{id, func() *spec.Case {
				return &spec.Case{ID: id, Op: spec.OpDequantQ4K,
					Shape: spec.Vector(len(t.Data) / spec.Q4KBytes * spec.SuperBlock), In: [][]byte{t.Data}}
			}, int(t.Dims[0])})
		}
	}
	for _, t := range sortedTypes(counts) {
		if t != gguf.Q4K && t != gguf.F32 {
			absent = append(absent, fmt.Sprintf("%d tensors of type %v: no op takes them yet", counts[t], t))
		}
	}
	if counts[gguf.Q4K] == 0 {
		absent = append(absent, "the model has no Q4_K tensor")
	}
	sites, err := activation.Collect(ctx, f, activation.Tokens(f, teacher.Sample(), tokens))
	if err != nil {
		if !interrupted(err) {
			absent = append(absent, "the model's activations: "+err.Error())
		}
		return work, absent
	}
	for _, s := range sites {
		for _, op := range []spec.Op{
			spec.OpQuantizeQ8KGGML, spec.OpQuantizeQ8KAprender, spec.OpMatvecQ4KF32,
			spec.OpMatvecQ4KQ8K, spec.OpDotQ4KQ8K, spec.OpDotF32,
		} {
			id := tensorID(op, s.Tensor.Name, 0, 0)
			work = append(work, item{id, func() *spec.Case { return siteCase(s, op, 0, 0, true) }, int(s.Tensor.Dims[0])})
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

// siteCase makes the case of an op from a tensor and the activations that meet
// it: of the whole site, or of one row and token. Dots take one row and token
// either way.
func siteCase(s activation.Site, op spec.Op, row, token int, whole bool) *spec.Case {
	cols, rows := int(s.Tensor.Dims[0]), int(s.Tensor.Rows())
	c := &spec.Case{ID: tensorID(op, s.Tensor.Name, row, token), Op: op}
	x := s.X[token*cols : (token+1)*cols]
	w := s.Tensor.Data[row*spec.Q4K.Bytes(cols):][:spec.Q4K.Bytes(cols)]
	c.Shape = spec.Vector(cols)
	if whole && op != spec.OpDotF32 && op != spec.OpDotQ4KQ8K {
		x, w = s.X, s.Tensor.Data
		c.Shape = spec.Shape{Rows: rows, Cols: cols, Batch: s.Tokens}
	}
	acts := spec.FloatBytes(x)
	switch op {
	case spec.OpQuantizeQ8KGGML, spec.OpQuantizeQ8KAprender:
		c.Shape, c.In = spec.Vector(len(x)), [][]byte{acts}
	case spec.OpMatvecQ4KF32:
		c.In = [][]byte{w, acts}
	case spec.OpDotF32:
		c.In = [][]byte{mustBulk(&spec.Case{Op: spec.OpDequantQ4K, Shape: spec.Vector(cols), In: [][]byte{w}}), acts}
	default:
		quantize := &spec.Case{Op: spec.OpQuantizeQ8KGGML, Shape: spec.Vector(len(x)), In: [][]byte{acts}}
		c.In = [][]byte{w, mustBulk(quantize)}
	}
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
	switch {
	case err != nil:
		return bad("%v", err)
	case t.Type != gguf.Q4K:
		return bad("tensor is of type %v, want Q4_K", t.Type)
	case err1 != nil || err2 != nil || row < 0 || token < 0 || uint64(row) >= t.Rows():
		return bad("no row %s or token %s", parts[n-2], parts[n-1])
	}
	if op == spec.OpDequantQ4K {
		cols := int(t.Dims[0])
		size := spec.Q4K.Bytes(cols)
		return &spec.Case{ID: id, Op: op, Shape: spec.Vector(cols), In: [][]byte{t.Data[row*size:][:size]}}, nil
	}
	sites, err := activation.Collect(ctx, f, activation.Tokens(f, teacher.Sample(), max(tokens, token+1)))
	if err != nil {
		return bad("%v", err)
	}
	for _, s := range sites {
		if s.Tensor.Name == name && token < s.Tokens {
			return siteCase(s, op, row, token, false), nil
		}
	}
	return bad("the model multiplies this tensor with no activation, or has fewer tokens")
}
