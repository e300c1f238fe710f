//go:build !purego

package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"assay/spec"
)

type attend = func(dst, q, k, v []float32, p spec.AttentionParams, threads int)

func TestWeighTiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, tier := range assemblyTiers(t, weighAVX2, weighAVX512) {
		for dim := 1; dim <= 200; dim++ {
			for kind := range kinds {
				keys, stride := 1+r.IntN(5), dim+r.IntN(9)
				p := framedCopy(r, hostile(r, keys, kind))
				v := framedCopy(r, hostile(r, (keys-1)*stride+dim, kind))
				want := make([]float32, dim)
				weighGeneric(want, p, v, stride)
				got, intact := framed(r, dim)
				tier.f(got, p, v, stride)
				wantSame(t, got, want, "%s: dim %d, %d keys, kind %d", tier.name, dim, keys, kind)
				if !intact() {
					t.Fatalf("%s: dim %d: written outside", tier.name, dim)
				}
			}
		}
	}
}

// TestAttentionTiers: all tiers agree for any number of threads, and what is not
// visible, here NaN, does not matter.
func TestAttentionTiers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, tier := range assemblyTiers[attend](t, attentionF32AVX2, attentionF32AVX512) {
		for range 150 {
			group := 1 + r.IntN(3)
			p := spec.AttentionParams{
				Queries: 1 + r.IntN(4), Keys: r.IntN(12), KVHeads: 1 + r.IntN(3), HeadDim: 1 + r.IntN(140),
				Start: r.IntN(8), Scale: 0.125,
			}
			p.Heads = group * p.KVHeads
			q := framedCopy(r, hostile(r, p.Queries*p.Heads*p.HeadDim, 3))
			k := framedCopy(r, hostile(r, p.Keys*p.KVHeads*p.HeadDim, 2+r.IntN(2)))
			v := framedCopy(r, hostile(r, len(k), 2+r.IntN(2)))
			for i := range len(k) / p.HeadDim / p.KVHeads {
				if i >= p.Visible(p.Queries-1) {
					for d := range p.HeadDim * p.KVHeads {
						k[i*p.HeadDim*p.KVHeads+d] = float32(math.NaN())
						v[i*p.HeadDim*p.KVHeads+d] = float32(math.NaN())
					}
				}
			}
			want := make([]float32, len(q))
			attentionF32Generic(want, q, k, v, p, 1)
			got, intact := framed(r, len(q))
			tier.f(got, q, k, v, p, 1+r.IntN(5))
			wantSame(t, got, want, "%s: %+v", tier.name, p)
			if !intact() {
				t.Fatalf("%s: %+v: written outside", tier.name, p)
			}
		}
	}
}

// TestAttentionDefinition holds each output against a plain composition of the
// parts for its query and head.
func TestAttentionDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 40 {
		p := spec.AttentionParams{Queries: 1 + r.IntN(4), Keys: 1 + r.IntN(9), Heads: 6, KVHeads: []int{1, 2, 3, 6}[r.IntN(4)], HeadDim: 1 + r.IntN(70), Start: r.IntN(6), Scale: 0.3}
		q := hostile(r, p.Queries*p.Heads*p.HeadDim, 3)
		k, v := hostile(r, p.Keys*p.KVHeads*p.HeadDim, 3), hostile(r, p.Keys*p.KVHeads*p.HeadDim, 3)
		got := make([]float32, len(q))
		attentionF32Generic(got, q, k, v, p, 3)
		for i := range p.Queries {
			for h := range p.Heads {
				var x []float32
				row := func(m []float32, t int) []float32 {
					return m[(t*p.KVHeads+h*p.KVHeads/p.Heads)*p.HeadDim:][:p.HeadDim]
				}
				at := (i*p.Heads + h) * p.HeadDim
				for t := 0; t < p.Keys && t <= p.Start+i; t++ {
					x = append(x, dotF32Generic(q[at:at+p.HeadDim], row(k, t)))
				}
				softmaxF32Generic(x, x, nil, p.Scale)
				want := make([]float32, p.HeadDim)
				for t, w := range x {
					for d, e := range row(v, t) {
						want[d] = fma32(w, e, want[d])
					}
				}
				wantSame(t, got[at:at+p.HeadDim], want, "%+v: query %d, head %d", p, i, h)
			}
		}
	}
}

func BenchmarkAttention(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	p := spec.AttentionParams{Queries: 1, Keys: 512, Heads: 8, KVHeads: 2, HeadDim: 128, Start: 511, Scale: 0.088}
	q, k, v := hostile(r, 8*128, 3), hostile(r, 512*2*128, 3), hostile(r, 512*2*128, 3)
	dst := make([]float32, len(q))
	for _, tier := range append(assemblyTiers[attend](b, attentionF32AVX2, attentionF32AVX512), tierOf[attend]{"generic", attentionF32Generic}) {
		b.Run(tier.name, func(b *testing.B) {
			for b.Loop() {
				tier.f(dst, q, k, v, p, 1)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(512*8), "ns/key")
		})
	}
}
