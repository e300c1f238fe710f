//go:build linux && (amd64 || arm64)

package foreign

import (
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"

	"assay/kernels"
	"assay/spec"
)

// A CPU library of llama.cpp, such as libggml-cpu-haswell.so, beside which
// libggml-base.so must lie, or the latter itself: its dequantisers and quantisers are
// the same for all tiers.
//
// The tier of a row is the library's name without libggml-cpu- and .so. Ops that
// the library computes in more than one way have rows of the tiers TIER:graph, by
// way of ggml's graphs, and TIER:gemv, TIER:gemm, by the kernels for repacked weights.
//
// Source of the signatures: ggml/src/ggml-cpu/vec.h, quants.h and repack.h,
// ggml/src/ggml-quants.h and ggml/include/ggml.h and ggml-cpu.h.

const (
	ggmlBase   = "libggml-base.so"
	ggmlPrefix = "libggml-cpu-"
)

func isGGML(path string) bool {
	name := filepath.Base(path)
	return name == ggmlBase || strings.HasPrefix(name, ggmlPrefix)
}

// ggml is one library and what its rows need.
type ggml struct {
	cpu, base uintptr
	tier      string
	canRun    bool
	rows      []spec.Row
	err       error
}

func loadGGML(path string) ([]spec.Row, error) {
	base, err := open(filepath.Join(filepath.Dir(path), ggmlBase), purego.RTLD_GLOBAL)
	if err != nil {
		return nil, err
	}
	g := &ggml{base: base, canRun: true}
	if filepath.Base(path) == ggmlBase {
		g.tier = "base"
		g.dequantizers()
		g.quantizers(base, "_ref")
		return g.rows, g.err
	}
	if g.cpu, err = open(path, purego.RTLD_LOCAL); err != nil {
		return nil, err
	}
	g.tier = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), ggmlPrefix), ".so")
	var score func() int32
	if g.optional(g.cpu, "ggml_backend_score", &score) {
		g.canRun = score() > 0
	}
	if g.canRun { // or it may use instructions that the CPU has not
		var start func()
		g.required(g.cpu, "ggml_cpu_init", &start)
		if g.err == nil {
			start()
		}
	}
	g.elementwise()
	g.conversions()
	g.quantizers(g.cpu, "")
	g.dots()
	g.graphs()
	g.repacked()
	return g.rows, g.err
}

// optional binds f to a function of a library, if it has it.
func (g *ggml) optional(lib uintptr, name string, f any) bool {
	symbol, err := purego.Dlsym(lib, name)
	if err == nil {
		purego.RegisterFunc(f, symbol)
	}
	return err == nil
}

// required is optional for a function that every release has.
func (g *ggml) required(lib uintptr, name string, f any) {
	if !g.optional(lib, name, f) && g.err == nil {
		g.err = fmt.Errorf("foreign: no %s in ggml's %s library", name, g.tier)
	}
}

// add adds a row, of the library's tier with a suffix.
func (g *ggml) add(op spec.Op, way string, f spec.Func) {
	canRun := g.canRun
	g.rows = append(g.rows, spec.Row{
		Op: op, Tier: spec.Tier(g.tier + way), Tree: spec.TreeAny, Func: f,
		Available: func() bool { return canRun },
	})
}

// elementwise: the exponential is that of ggml_vec_soft_max_f32 with a maximum of 0.
func (g *ggml) elementwise() {
	var (
		softmax func(n int32, y, x *float32, top float32) float64
		silu    func(n int32, y, x *float32)
		swiglu  func(n int32, y, gate, up *float32)
	)
	if g.optional(g.cpu, "ggml_vec_soft_max_f32", &softmax) {
		g.add(spec.OpExpF32, "", spec.Unary(func(dst, src []float32) {
			softmax(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(src), 0)
		}))
	}
	if g.optional(g.cpu, "ggml_vec_silu_f32", &silu) {
		g.add(spec.OpSiluF32, "", spec.Unary(func(dst, src []float32) {
			silu(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(src))
		}))
	}
	if g.optional(g.cpu, "ggml_vec_swiglu_f32", &swiglu) {
		g.add(spec.OpSwigluF32, "", spec.Gated(func(dst, gate, up []float32) {
			swiglu(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(gate), unsafe.SliceData(up))
		}))
	}
}

// converter is a conversion of n numbers.
type converter func(src, dst *byte, n int64)

func (f converter) Run(c *spec.Call) {
	f(unsafe.SliceData(c.In[0]), unsafe.SliceData(c.Out), int64(c.Shape.Cols))
}

func (g *ggml) conversions() {
	for _, c := range []struct {
		op   spec.Op
		name string
	}{
		{spec.OpConvertF16F32, "ggml_cpu_fp16_to_fp32"}, {spec.OpConvertF32F16, "ggml_cpu_fp32_to_fp16"},
		{spec.OpConvertBF16F32, "ggml_cpu_bf16_to_fp32"}, {spec.OpConvertF32BF16, "ggml_cpu_fp32_to_bf16"},
	} {
		var f func(src, dst *byte, n int64)
		if g.optional(g.cpu, c.name, &f) {
			g.add(c.op, "", converter(f))
		}
	}
}

func (g *ggml) dequantizers() {
	for _, f := range spec.Formats() {
		var dequantize func(src *byte, dst *byte, n int64)
		if spec.Known(spec.OpDequant(f)) && g.optional(g.base, "dequantize_row_"+symbol(f), &dequantize) {
			g.add(spec.OpDequant(f), "", converter(dequantize))
		}
	}
}

// quantizers: those of activations.
func (g *ggml) quantizers(lib uintptr, suffix string) {
	for _, q := range []struct {
		f  spec.Format
		op spec.Op
	}{{spec.Q8_0, spec.OpQuantizeQ8_0}, {spec.Q8_1, spec.OpQuantizeQ8_1}, {spec.Q8K, spec.OpQuantizeQ8KGGML}} {
		var quantize func(src, dst *byte, n int64)
		if g.optional(lib, "quantize_row_"+symbol(q.f)+suffix, &quantize) {
			g.add(q.op, "", converter(quantize))
		}
	}
}

// dots, and the matvecs made of them.
func (g *ggml) dots() {
	for _, f := range spec.Formats() {
		to := spec.ActivationOf(f)
		op, matvec := spec.OpDot(f, to), spec.OpMatvec(f, to)
		name := "ggml_vec_dot_" + symbol(f)
		switch {
		case f == spec.F32:
			op, matvec = spec.OpDotF32, spec.OpMatvecF32
		case f.Float():
			op = spec.Op("dot_" + f.ID())
		default:
			name += "_" + symbol(to)
		}
		var dot func(n int32, s *float32, bs uint64, x *byte, bx uint64, y *byte, by uint64, rows int32)
		if !spec.Known(op) || !g.optional(g.cpu, name, &dot) {
			continue // a release has not every format
		}
		one := spec.DotQuant(func(w, x []byte) (sum float32) {
			n := len(w) / f.BlockBytes() * f.BlockLen()
			dot(int32(n), &sum, 0, unsafe.SliceData(w), 0, unsafe.SliceData(x), 0, 1)
			return sum
		})
		g.add(op, "", one)
		if spec.Known(matvec) {
			g.add(matvec, "", kernels.MatvecByDot(matvec, one))
		}
	}
}

// symbol is a format's name in the names of functions.
func symbol(f spec.Format) string {
	return strings.ReplaceAll(strings.ToLower(f.String()), "_k", "_K")
}
