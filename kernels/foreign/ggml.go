//go:build linux && (amd64 || arm64)

package foreign

import (
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"

	"assay/spec"
)

// A CPU library of llama.cpp, such as libggml-cpu-haswell.so, beside which
// libggml-base.so must lie, or the latter itself: its dequantisers and quantisers are
// the same for all tiers.
//
// The tier of a row is the library's name without libggml-cpu- and .so. Ops that
// the library computes in more than one way have rows of the tiers TIER:graph, by
// way of ggml's graphs, and TIER:gemv, TIER:gemm, by the kernels for repacked weights.
// TIER:generic are the portable twins of the dots and of the quantisers of activations,
// which every library exports beside its own: they show what ggml itself calls right.
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
		g.quantizers(base, "_ref", "")
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
	g.quantizers(g.cpu, "", "")
	g.quantizers(g.cpu, "_generic", ":generic")
	g.dots()
	g.genericDots()
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
	var softmax func(n int32, y, x *float32, top float32) float64
	if g.optional(g.cpu, "ggml_vec_soft_max_f32", &softmax) {
		g.add(spec.OpExpF32, "", spec.Unary(func(dst, src []float32) {
			softmax(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(src), 0)
		}))
	}
	if f, ok := g.function(g.cpu, "ggml_vec_silu_f32"); ok {
		g.add(spec.OpSiluF32, "", prepared{unaryVector{f}})
	}
	if f, ok := g.function(g.cpu, "ggml_vec_swiglu_f32"); ok {
		g.add(spec.OpSwigluF32, "", prepared{gatedVector{f}})
	}
}

// function is a C function without floats among its arguments, and its results in memory.
type function struct{ symbol uintptr }

func (g *ggml) function(lib uintptr, name string) (function, bool) {
	symbol, err := purego.Dlsym(lib, name)
	return function{symbol}, err == nil
}

type (
	unaryVector struct{ function } // void f(int n, float *y, const float *x)
	gatedVector struct{ function } // void f(int n, float *y, const float *gate, const float *up)
	converter   struct{ function } // void f(const void *src, void *dst, int64_t n)
)

func (g *ggml) conversions() {
	for _, c := range []struct {
		op   spec.Op
		name string
	}{
		{spec.OpConvertF16F32, "ggml_cpu_fp16_to_fp32"}, {spec.OpConvertF32F16, "ggml_cpu_fp32_to_fp16"},
		{spec.OpConvertBF16F32, "ggml_cpu_bf16_to_fp32"}, {spec.OpConvertF32BF16, "ggml_cpu_fp32_to_bf16"},
	} {
		if f, ok := g.function(g.cpu, c.name); ok {
			g.add(c.op, "", prepared{converter{f}})
		}
	}
}

func (g *ggml) dequantizers() {
	for _, f := range spec.Formats() {
		if dequantize, ok := g.function(g.base, "dequantize_row_"+symbol(f)); ok && spec.Known(spec.OpDequant(f)) {
			g.add(spec.OpDequant(f), "", prepared{converter{dequantize}})
		}
	}
}

// quantizers: those of activations, in C under their names with a suffix.
func (g *ggml) quantizers(lib uintptr, suffix, way string) {
	for _, q := range []struct {
		f  spec.Format
		op spec.Op
	}{{spec.Q8_0, spec.OpQuantizeQ8_0}, {spec.Q8_1, spec.OpQuantizeQ8_1}, {spec.Q8K, spec.OpQuantizeQ8KGGML}} {
		if quantize, ok := g.function(lib, "quantize_row_"+symbol(q.f)+suffix); ok {
			g.add(q.op, way, prepared{converter{quantize}})
		}
	}
}

// dots, and the matvecs made of them.
func (g *ggml) dots() {
	for _, f := range spec.Formats() {
		symbol, ok := g.function(g.cpu, dotSymbol(f))
		if !spec.Known(dotOp(f)) || !ok {
			continue // a release has not every format
		}
		one := dot{symbol}
		g.add(dotOp(f), "", prepared{one})
		matvec := spec.OpMatvec(f, spec.ActivationOf(f))
		if f == spec.F32 {
			matvec = spec.OpMatvecF32
		}
		if spec.Known(matvec) {
			g.add(matvec, "", prepared{dotRows{one}})
		}
	}
}

// genericDots: the quantised formats have such twins. Matvecs made of them would be
// what no engine runs.
func (g *ggml) genericDots() {
	for _, f := range spec.Formats() {
		if symbol, ok := g.function(g.cpu, dotSymbol(f)+"_generic"); ok && spec.Known(dotOp(f)) {
			g.add(dotOp(f), ":generic", prepared{dot{symbol}})
		}
	}
}

// dotOp is the dot of a format with that of the activations which ggml pairs it with.
func dotOp(f spec.Format) spec.Op {
	switch {
	case f == spec.F32:
		return spec.OpDotF32
	case f.Float():
		return spec.Op("dot_" + f.ID())
	}
	return spec.OpDot(f, spec.ActivationOf(f))
}

func dotSymbol(f spec.Format) string {
	name := "ggml_vec_dot_" + symbol(f)
	if !f.Float() {
		name += "_" + symbol(spec.ActivationOf(f))
	}
	return name
}

// dot is void f(int n, float *s, size_t bs, const void *w, size_t bw, const void *x, size_t bx, int rows),
// whose strides count for more than one row only.
type dot struct{ function }

// dotRows is the matvec made of dots, row by row.
type dotRows struct{ dot }

// symbol is a format's name in the names of functions.
func symbol(f spec.Format) string {
	return strings.ReplaceAll(strings.ToLower(f.String()), "_k", "_K")
}
