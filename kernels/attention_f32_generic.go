package kernels

import "assay/spec"

func attentionF32Generic(dst, q, k, v []float32, p spec.AttentionParams, threads int) {
	attention(dst, q, k, v, p, threads, attentionParts{dotF32Generic, softmaxF32Generic, weighGeneric})
}

func weighGeneric(dst, p, v []float32, stride int) {
	clear(dst)
	for t, w := range p {
		for d := range dst {
			dst[d] = fma32(w, v[t*stride+d], dst[d])
		}
	}
}
