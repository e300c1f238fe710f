//go:build linux && (amd64 || arm64)

package foreign

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"

	"assay/kernels"
	"assay/spec"
)

// GGML returns the elementwise functions, dots, matvecs made of these, and activation
// quantisers of a CPU library of llama.cpp, such as libggml-cpu-haswell.so, beside which libggml-base.so must lie.
// The tier is the library's name without libggml-cpu- and .so.
//
// Source of the signatures: ggml/src/ggml-cpu/vec.h, ggml/src/ggml-cpu/quants.h and ggml/include/ggml.h. The
// exponential is that of ggml_vec_soft_max_f32 with a maximum of 0; GELU, which is
// not exported, is computed by a graph of one node.
func GGML(path string) ([]spec.Row, error) {
	base, err := open(filepath.Join(filepath.Dir(path), "libggml-base.so"), purego.RTLD_GLOBAL)
	if err != nil {
		return nil, err
	}
	lib, err := open(path, purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	var (
		start   func()
		softmax func(n int32, y, x *float32, top float32) float64
		silu    func(n int32, y, x *float32)
		swiglu  func(n int32, y, gate, up *float32)
	)
	var g graphs
	for _, f := range []struct {
		lib  uintptr
		name string
		f    any
	}{
		{lib, "ggml_cpu_init", &start},
		{lib, "ggml_vec_soft_max_f32", &softmax}, {lib, "ggml_vec_silu_f32", &silu}, {lib, "ggml_vec_swiglu_f32", &swiglu},
		{base, "ggml_init", &g.init}, {base, "ggml_free", &g.free}, {base, "ggml_new_tensor_1d", &g.tensor},
		{base, "ggml_get_data_f32", &g.data}, {base, "ggml_new_graph", &g.graph}, {base, "ggml_build_forward_expand", &g.expand},
		{lib, "ggml_graph_compute_with_ctx", &g.compute}, {base, "ggml_gelu", &g.gelu},
	} {
		symbol, err := purego.Dlsym(f.lib, f.name)
		if err != nil {
			return nil, fmt.Errorf("foreign: %w", err)
		}
		purego.RegisterFunc(f.f, symbol)
	}
	start()

	name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "libggml-cpu-"), ".so")
	row := func(op spec.Op, f spec.Func) spec.Row {
		return spec.Row{Op: op, Tier: spec.Tier(name), Tree: spec.TreeAny, Func: f}
	}
	rows := []spec.Row{
		row(spec.OpExpF32, spec.Unary(func(dst, src []float32) {
			softmax(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(src), 0)
		})),
		row(spec.OpSiluF32, spec.Unary(func(dst, src []float32) {
			silu(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(src))
		})),
		row(spec.OpGeluF32, spec.Unary(func(dst, src []float32) { g.unary(dst, src, g.gelu) })),
		row(spec.OpSwigluF32, spec.Gated(func(dst, gate, up []float32) {
			swiglu(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(gate), unsafe.SliceData(up))
		})),
	}
	for _, f := range spec.Formats() {
		to := spec.ActivationOf(f)
		op := spec.OpDot(f, to)
		name := "ggml_vec_dot_" + symbol(f)
		switch {
		case f.Float():
			op = spec.Op("dot_" + f.ID())
		default:
			name += "_" + symbol(to)
		}
		address, err := purego.Dlsym(lib, name)
		if err != nil || !spec.Known(op) {
			continue // a release has not every format
		}
		var dot func(n int32, s *float32, bs uint64, x *byte, bx uint64, y *byte, by uint64, rows int32)
		purego.RegisterFunc(&dot, address)
		one := spec.DotQuant(func(w, x []byte) (sum float32) {
			n := len(w) / f.BlockBytes() * f.BlockLen()
			dot(int32(n), &sum, 0, unsafe.SliceData(w), 0, unsafe.SliceData(x), 0, 1)
			return sum
		})
		rows = append(rows, row(op, one))
		matvec := spec.OpMatvec(f, to)
		if f == spec.F32 {
			matvec = spec.OpMatvecF32
		}
		if spec.Known(matvec) {
			rows = append(rows, row(matvec, kernels.MatvecByDot(matvec, one)))
		}
	}
	for f, op := range map[spec.Format]spec.Op{spec.Q8_0: spec.OpQuantizeQ8_0, spec.Q8_1: spec.OpQuantizeQ8_1, spec.Q8K: spec.OpQuantizeQ8KGGML} {
		address, err := purego.Dlsym(lib, "quantize_row_"+symbol(f))
		if err != nil {
			return nil, fmt.Errorf("foreign: %w", err)
		}
		var quantize func(x *float32, y *byte, n int64)
		purego.RegisterFunc(&quantize, address)
		rows = append(rows, row(op, spec.Quantize(func(dst []byte, src []float32) {
			quantize(unsafe.SliceData(src), unsafe.SliceData(dst), int64(len(src)))
		})))
	}
	return rows, nil
}

// open loads a library.
func open(path string, mode int) (uintptr, error) {
	runtime.LockOSThread() // the message of a failure belongs to the thread
	defer runtime.UnlockOSThread()
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|mode)
	if err != nil {
		return 0, fmt.Errorf("foreign: %s: %w", path, err)
	}
	return lib, nil
}

// symbol is a format's name in the names of functions.
func symbol(f spec.Format) string {
	return strings.ReplaceAll(strings.ToLower(f.String()), "_k", "_K")
}

// graphs is what ggml's graph interface takes. Pointers are the library's own.
type graphs struct {
	init    func(params initParams) uintptr
	free    func(ctx uintptr)
	tensor  func(ctx uintptr, format int32, n int64) uintptr
	data    func(tensor uintptr) *float32
	graph   func(ctx uintptr) uintptr
	expand  func(graph, tensor uintptr)
	compute func(ctx, graph uintptr, threads int32) int32
	gelu    func(ctx, tensor uintptr) uintptr
}

// initParams is struct ggml_init_params.
type initParams struct {
	size   uint64
	memory uintptr
	bare   bool
}

// unary computes one node over n elements in a context of its own.
func (g *graphs) unary(dst, src []float32, node func(ctx, tensor uintptr) uintptr) {
	const rest = 1 << 20 // tensors' and graph's headers, and the plan's buffer
	ctx := g.init(initParams{size: uint64(8*len(src) + rest)})
	if ctx == 0 {
		panic("foreign: ggml_init failed")
	}
	defer g.free(ctx)
	x := g.tensor(ctx, 0, int64(len(src)))
	copy(unsafe.Slice(g.data(x), len(src)), src)
	y := node(ctx, x)
	graph := g.graph(ctx)
	g.expand(graph, y)
	if status := g.compute(ctx, graph, 1); status != 0 {
		panic(fmt.Sprintf("foreign: ggml_graph_compute: status %d", status))
	}
	copy(dst, unsafe.Slice(g.data(y), len(dst)))
}
