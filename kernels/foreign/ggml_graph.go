//go:build linux && (amd64 || arm64)

package foreign

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"assay/spec"
)

// graphs is what ggml's graph interface takes. Pointers are the library's own, and
// operands are copied to its memory: what a node reads beside them is not seen.
type graphs struct {
	init   func(params initParams) uintptr
	free   func(ctx uintptr)
	tensor func(ctx uintptr, format int32, cols, rows int64) uintptr
	cube   func(ctx uintptr, format int32, n0, n1, n2 int64) uintptr
	data   func(tensor uintptr) *byte
	graph  func(ctx uintptr) uintptr
	expand func(graph, tensor uintptr)
	plan   func(graph uintptr, threads int32, pool uintptr) plan
	run    func(graph uintptr, p *plan) int32

	gelu    func(ctx, x uintptr) uintptr
	mul     func(ctx, x, y uintptr) uintptr
	swiglu  func(ctx, gate, up uintptr) uintptr
	norm    func(ctx, x uintptr, eps float32) uintptr
	softmax func(ctx, x, mask uintptr, scale, maxBias float32) uintptr
	matmul  func(ctx, w, x uintptr) uintptr
	rope    func(ctx, x, pos, factors uintptr, width, mode, context int32, theta, scale, ext, attn, fast, slow float32) uintptr

	// the same in place
	normTo    func(ctx, x uintptr, eps float32) uintptr
	softmaxTo func(ctx, x, mask uintptr, scale, maxBias float32) uintptr
	ropeTo    func(ctx, x, pos, factors uintptr, width, mode, context int32, theta, scale, ext, attn, fast, slow float32) uintptr
}

// initParams is struct ggml_init_params.
type initParams struct {
	size   uint64
	memory uintptr
	bare   bool
}

// plan is struct ggml_cplan.
type plan struct {
	size      uint64
	work      uintptr
	threads   int32
	_         int32
	pool      uintptr
	abort     uintptr
	data      uintptr
	reference bool
	_         [7]byte
}

// ggml's numbers of types and of RoPE's pairings.
const (
	ggmlF32     = 0
	ggmlI32     = 26
	ropePairs   = 0
	ropeHalves  = 2
	graphBytes  = 2 << 20 // tensors' and graph's headers, and the plan's buffer
	tensorAlign = 64
)

func (g *ggml) graphs() {
	n := new(graphs)
	g.required(g.base, "ggml_init", &n.init)
	g.required(g.base, "ggml_free", &n.free)
	g.required(g.base, "ggml_new_tensor_2d", &n.tensor)
	g.required(g.base, "ggml_new_tensor_3d", &n.cube)
	g.required(g.base, "ggml_get_data", &n.data)
	g.required(g.base, "ggml_new_graph", &n.graph)
	g.required(g.base, "ggml_build_forward_expand", &n.expand)
	g.required(g.cpu, "ggml_graph_plan", &n.plan)
	g.required(g.cpu, "ggml_graph_compute", &n.run)
	g.required(g.base, "ggml_gelu", &n.gelu)
	g.required(g.base, "ggml_rms_norm_inplace", &n.normTo)
	g.required(g.base, "ggml_soft_max_ext_inplace", &n.softmaxTo)
	g.required(g.base, "ggml_rope_ext_inplace", &n.ropeTo)
	g.required(g.base, "ggml_mul", &n.mul)
	g.required(g.base, "ggml_rms_norm", &n.norm)
	g.required(g.base, "ggml_soft_max_ext", &n.softmax)
	g.required(g.base, "ggml_mul_mat", &n.matmul)
	g.required(g.base, "ggml_rope_ext", &n.rope)
	hasSwiglu := g.optional(g.base, "ggml_swiglu_split", &n.swiglu)
	if g.err != nil {
		return
	}
	// GELU is computed by graphs alone.
	g.add(spec.OpGeluF32, "", prepared{node{n, 1, func(s *session, c *spec.Call) uintptr {
		x := s.floats(c.In[0], c.Shape.Cols, 1)
		s.more(func() { s.also = append(s.also, n.gelu(s.ctx, x)) })
		return n.gelu(s.ctx, x)
	}}})
	if hasSwiglu {
		g.add(spec.OpSwigluF32, ":graph", prepared{node{n, 1, func(s *session, c *spec.Call) uintptr {
			gate, up := s.floats(c.In[0], c.Shape.Cols, 1), s.floats(c.In[1], c.Shape.Cols, 1)
			s.more(func() { s.also = append(s.also, n.swiglu(s.ctx, gate, up)) })
			return n.swiglu(s.ctx, gate, up)
		}}})
	}
	g.add(spec.OpRMSNormF32, ":graph", prepared{node{n, 1, func(s *session, c *spec.Call) uintptr {
		eps := spec.ReadNormParams(c.In[2]).Eps
		y := n.norm(s.ctx, s.floats(c.In[0], c.Shape.Cols, 1), eps)
		s.more(func() { y = n.normTo(s.ctx, y, eps) })
		if len(c.In[1]) > 0 {
			y = n.mul(s.ctx, y, s.floats(c.In[1], c.Shape.Cols, 1))
		}
		return y
	}}})
	g.add(spec.OpSoftmaxF32, ":graph", prepared{node{n, 1, func(s *session, c *spec.Call) uintptr {
		mask := uintptr(0)
		if len(c.In[1]) > 0 {
			mask = s.floats(c.In[1], c.Shape.Cols, 1)
		}
		scale := spec.ReadSoftmaxParams(c.In[2]).Scale
		y := n.softmax(s.ctx, s.floats(c.In[0], c.Shape.Cols, 1), mask, scale, 0)
		s.more(func() { y = n.softmaxTo(s.ctx, y, mask, scale, 0) })
		return y
	}}})
	g.add(spec.OpRopeF32, ":graph", prepared{node{n, 1, n.ropeNode}})
	for _, f := range spec.Formats() {
		to := spec.ActivationOf(f)
		op := spec.OpMatvec(f, to)
		if f == spec.F32 {
			op = spec.OpMatvecF32
		}
		if !spec.Known(op) {
			continue
		}
		// An activation that has the type of the dot already is taken as it is.
		g.add(op, ":graph", prepared{node{n, 0, func(s *session, c *spec.Call) uintptr {
			w, x := s.put(f, c.In[0], c.Shape.Cols, c.Shape.Rows), s.put(to, c.In[1], c.Shape.Cols, c.Shape.Batch)
			s.more(func() { s.also = append(s.also, n.matmul(s.ctx, w, x)) })
			return n.matmul(s.ctx, w, x)
		}}})
	}
}

func (n *graphs) ropeNode(s *session, c *spec.Call) uintptr {
	p := spec.ReadRopeParams(c.In[2], c.Shape)
	// Heads of one token.
	x := n.cube(s.ctx, ggmlF32, int64(c.Shape.Cols), int64(c.Shape.Rows), 1)
	copy(s.bytes(x, len(c.In[0])), c.In[0])
	pos := n.tensor(s.ctx, ggmlI32, 1, 1)
	binary.LittleEndian.PutUint32(s.bytes(pos, 4), uint32(p.Pos))
	factors := uintptr(0)
	if len(c.In[1]) > 0 {
		factors = s.floats(c.In[1][:2*p.Width], p.Width/2, 1)
	}
	mode := int32(ropePairs)
	if p.Halves {
		mode = ropeHalves
	}
	y := n.rope(s.ctx, x, pos, factors, int32(p.Width), mode, int32(p.OrigContext),
		p.Theta, p.FreqScale, p.ExtFactor, p.AttnFactor, p.BetaFast, p.BetaSlow)
	s.more(func() {
		y = n.ropeTo(s.ctx, y, pos, factors, int32(p.Width), mode, int32(p.OrigContext),
			p.Theta, p.FreqScale, p.ExtFactor, p.AttnFactor, p.BetaFast, p.BetaSlow)
	})
	return y
}

// node is a kernel that is a graph of one node or two.
type node struct {
	g       *graphs
	threads int // 0: as many as the call allows
	build   func(*session, *spec.Call) uintptr
}

// session is the memory of one graph.
type session struct {
	g     *graphs
	ctx   uintptr
	nodes int       // that the graph has: more than one for timing
	also  []uintptr // its nodes beside the last one
}

// more adds the nodes of a graph but for the one that it has already.
func (s *session) more(add func()) {
	for range s.nodes - 1 {
		add()
	}
}

// bytes returns the first n bytes of a tensor.
func (s *session) bytes(tensor uintptr, n int) []byte { return unsafe.Slice(s.g.data(tensor), n) }

// put makes a tensor.
func (s *session) put(f spec.Format, b []byte, cols, rows int) uintptr {
	t := s.g.tensor(s.ctx, ggmlType(f), int64(cols), int64(rows))
	copy(s.bytes(t, len(b)), b)
	return t
}

func (s *session) floats(b []byte, cols, rows int) uintptr { return s.put(spec.F32, b, cols, rows) }

// ggmlType is ggml's number of a format.
func ggmlType(f spec.Format) int32 {
	id, ok := ggmlTypes[f]
	if !ok {
		panic(fmt.Sprintf("foreign: ggml's number of %v is not known", f))
	}
	return id
}

var ggmlTypes = map[spec.Format]int32{
	spec.F32: ggmlF32, spec.F16: 1, spec.Q4_0: 2, spec.Q4_1: 3, spec.Q5_0: 6, spec.Q5_1: 7, spec.Q8_0: 8, spec.Q8_1: 9,
	spec.Q2K: 10, spec.Q3K: 11, spec.Q4K: 12, spec.Q5K: 13, spec.Q6K: 14, spec.Q8K: 15, spec.IQ4NL: 20, spec.IQ4XS: 23,
	spec.BF16: 30, spec.MXFP4: 39, spec.NVFP4: 40,
}
