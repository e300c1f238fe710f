package kernels

import (
	"fmt"

	"assay/spec"
)

// attentionParts are the kernels that attention_f32 is made of.
type attentionParts struct {
	dot     spec.DotF32
	softmax spec.Softmax
	// weigh writes dst[d] = Σ p[t]·v[t·stride+d], a chain of fused multiply-adds
	// in the order of t, from +0.
	weigh func(dst, p, v []float32, stride int)
}

// attention runs parts over all queries and heads, which are independent.
func attention(dst, q, k, v []float32, p spec.AttentionParams, threads int, parts attentionParts) {
	checkAttentionF32(dst, q, k, v, p)
	dim, stride := p.HeadDim, p.KVHeads*p.HeadDim
	byRows(p.Queries*p.Heads, threads, 1, func(lo, hi int) {
		buf := make([]float32, p.Visible((hi-1)/p.Heads))
		for j := lo; j < hi; j++ {
			weights := buf[:p.Visible(j/p.Heads)]
			kv := j % p.Heads / (p.Heads / p.KVHeads) * dim
			query := q[j*dim : (j+1)*dim]
			for t := range weights {
				at := t*stride + kv
				weights[t] = parts.dot(query, k[at:at+dim])
			}
			parts.softmax(weights, weights, nil, p.Scale)
			out := dst[j*dim : (j+1)*dim]
			if len(weights) == 0 {
				clear(out)
				continue
			}
			parts.weigh(out, weights, v[kv:(len(weights)-1)*stride+kv+dim], stride)
		}
	})
}

func checkAttentionF32(dst, q, k, v []float32, p spec.AttentionParams) {
	if err := p.Check(); err != nil {
		panic("kernels: " + err.Error())
	}
	if min(p.Queries, p.Heads, p.KVHeads, p.HeadDim) < 1 || p.Heads%p.KVHeads != 0 ||
		len(q) != p.Queries*p.Heads*p.HeadDim || len(dst) != len(q) ||
		len(k) != p.Keys*p.KVHeads*p.HeadDim || len(v) != len(k) {
		panic(fmt.Sprintf("kernels: %s: %+v with lengths %d, %d, %d and %d", spec.OpAttentionF32, p, len(dst), len(q), len(k), len(v)))
	}
}
