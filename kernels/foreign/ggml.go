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

// GGML returns the elementwise functions of a CPU library of llama.cpp, such as
// libggml-cpu-haswell.so, beside which libggml-base.so must lie. The tier is the
// library's name without libggml-cpu- and .so.
//
// Source of the signatures: ggml/src/ggml-cpu/vec.h. The exponential is that of
// ggml_vec_soft_max_f32 with a maximum of 0.
func GGML(path string) ([]spec.Row, error) {
	base := filepath.Join(filepath.Dir(path), "libggml-base.so")
	if _, err := purego.Dlopen(base, purego.RTLD_NOW|purego.RTLD_GLOBAL); err != nil {
		return nil, fmt.Errorf("foreign: %w", err)
	}
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("foreign: %w", err)
	}
	var (
		start   func()
		softmax func(n int32, y, x *float32, top float32) float64
		silu    func(n int32, y, x *float32)
		swiglu  func(n int32, y, gate, up *float32)
	)
	for name, f := range map[string]any{
		"ggml_cpu_init": &start, "ggml_vec_soft_max_f32": &softmax, "ggml_vec_silu_f32": &silu, "ggml_vec_swiglu_f32": &swiglu,
	} {
		symbol, err := purego.Dlsym(lib, name)
		if err != nil {
			return nil, fmt.Errorf("foreign: %w", err)
		}
		purego.RegisterFunc(f, symbol)
	}
	start()

	name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "libggml-cpu-"), ".so")
	row := func(op spec.Op, f spec.Func) spec.Row {
		return spec.Row{Op: op, Tier: spec.Tier(name), Tree: spec.TreeAny, Func: f}
	}
	return []spec.Row{
		row(spec.OpExpF32, spec.Unary(func(dst, src []float32) {
			softmax(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(src), 0)
		})),
		row(spec.OpSiluF32, spec.Unary(func(dst, src []float32) {
			silu(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(src))
		})),
		row(spec.OpSwigluF32, spec.Gated(func(dst, gate, up []float32) {
			swiglu(int32(len(dst)), unsafe.SliceData(dst), unsafe.SliceData(gate), unsafe.SliceData(up))
		})),
	}, nil
}
