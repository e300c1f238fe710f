//go:build linux && (amd64 || arm64)

package foreign

import (
	"fmt"
	"unsafe"

	"assay/spec"
)

// repackedKernels are ggml's matvecs on weights of which several rows are interleaved.
// gemv takes one activation, gemm four, interleaved by eight quants.
type repackedKernels struct {
	g      *graphs
	w, x   spec.Format
	rows   int // interleaved
	repack func(tensor uintptr, src *byte, n uint64) int32
	gemv   function // void f(int n, float *s, size_t bs, const void *w, const void *x, int nr, int nc)
	gemm   function // the same
}

// repackings: the names in C++ are those of Itanium's ABI of
// ggml::cpu::repack::repack<block, 8, rows>(ggml_tensor *, const void *, size_t).
var repackings = []struct {
	w    spec.Format
	rows int
}{{spec.Q4_0, 8}, {spec.Q8_0, 4}, {spec.Q4K, 8}, {spec.Q5K, 8}, {spec.Q6K, 8}}

func (g *ggml) repacked() {
	if g.err != nil {
		return
	}
	n := new(graphs)
	g.required(g.base, "ggml_init", &n.init)
	g.required(g.base, "ggml_free", &n.free)
	g.required(g.base, "ggml_new_tensor_2d", &n.tensor)
	g.required(g.base, "ggml_get_data", &n.data)
	for _, r := range repackings {
		k := &repackedKernels{g: n, w: r.w, x: spec.ActivationOf(r.w), rows: r.rows}
		block := "block_" + symbol(r.w)
		kernel := fmt.Sprintf("%s_%dx8_%s", symbol(k.w), r.rows, symbol(k.x))
		if !g.optional(g.cpu, fmt.Sprintf("_ZN4ggml3cpu6repack6repackI%d%sLl8ELl%dEEEiP11ggml_tensorPKvm", len(block), block, r.rows), &k.repack) {
			continue // not in this release
		}
		op := spec.OpMatvec(k.w, k.x)
		var ok bool
		if k.gemv, ok = g.function(g.cpu, "ggml_gemv_"+kernel); ok {
			g.add(op, ":gemv", prepared{repackedGemv{k}})
		}
		if k.gemm, ok = g.function(g.cpu, "ggml_gemm_"+kernel); ok {
			g.add(op, ":gemm", prepared{repackedGemm{k}})
		}
	}
}

// packed are repacked weights.
type packed struct {
	*repackedKernels
	ctx  uintptr
	data *byte
	cols int
	rows int // with those that were added, a multiple of the interleaved ones
}

// pack repacks weights; rows of zeros fill the last group. free ends their life.
func (k *repackedKernels) pack(w []byte, s spec.Shape) *packed {
	p := &packed{repackedKernels: k, cols: s.Cols, rows: (s.Rows + k.rows - 1) / k.rows * k.rows}
	whole := make([]byte, k.w.Bytes(s.Cols)*p.rows)
	copy(whole, w)
	p.ctx = k.g.init(initParams{size: uint64(len(whole)) + graphBytes})
	if p.ctx == 0 {
		panic(spec.Fault("ggml_init failed"))
	}
	tensor := k.g.tensor(p.ctx, ggmlType(k.w), int64(s.Cols), int64(p.rows))
	if len(whole) > 0 {
		if status := k.repack(tensor, unsafe.SliceData(whole), uint64(len(whole))); status != 0 {
			k.g.free(p.ctx)
			panic(spec.Fault(fmt.Sprintf("repack: status %d", status)))
		}
	}
	p.data = k.g.data(tensor)
	return p
}

func (p *packed) free() { p.g.free(p.ctx) }

type repackedGemv struct{ *repackedKernels }

type repackedGemm struct{ *repackedKernels }

// interleave returns activations in groups of four, zeros filling the last one, and how
// many there are then. In each block of a group come the four scales, then the
// quants, eight of each in turn, then the sums of Q8_K, four of each in turn.
//
// Source: block_q8_0x4 and block_q8_Kx4 in ggml/src/ggml-cpu/repack.h, and
// ggml_quantize_mat_q8_K_4x8_generic in repack.cpp.
func interleave(x []byte, f spec.Format, s spec.Shape) ([]byte, int) {
	const group, step = 4, 8
	batch := (s.Batch + group - 1) / group * group
	n, size := f.Bytes(s.Cols), f.BlockBytes()
	whole := make([]byte, n*batch)
	copy(whole, x)
	scale, quants := 2, f.BlockLen() // bytes of a scale, and of the quants
	if f == spec.Q8K {
		scale = 4
	}
	out := make([]byte, 0, len(whole))
	for g := 0; g < batch; g += group {
		for at := 0; at < n; at += size {
			var blocks [group][]byte
			for r := range blocks {
				blocks[r] = whole[(g+r)*n+at : (g+r)*n+at+size]
				out = append(out, blocks[r][:scale]...)
			}
			for q := 0; q < quants; q += step {
				for _, b := range blocks {
					out = append(out, b[scale+q:scale+q+step]...)
				}
			}
			for sum := scale + quants; sum < size; sum += 8 {
				for _, b := range blocks {
					out = append(out, b[sum:sum+8]...)
				}
			}
		}
	}
	return out, batch
}
