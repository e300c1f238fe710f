package activation

import (
	"fmt"
	"math"
	"math/cmplx"
)

// A naive is a second derivation of the pass, from a builder's own values:
// token by token, RoPE by complex numbers, the softmax without its shift, silu
// by the hyperbolic tangent.
type naive struct {
	b      *builder
	logits [][]float64
	// reads has for each matrix, by name, what it was multiplied with, token
	// by token.
	reads map[string][][]float64
}

func newNaive(b *builder) *naive { return &naive{b: b, reads: map[string][][]float64{}} }

func (n *naive) linear(name string, x []float64) []float64 {
	n.reads[name] = append(n.reads[name], x)
	var y []float64
	for _, row := range n.b.values[name+".weight"] {
		sum := 0.0
		for i := len(row) - 1; i >= 0; i-- {
			sum += row[i] * x[i]
		}
		y = append(y, sum)
	}
	if bias := n.b.values[name+".bias"]; bias != nil {
		y = plus(y, bias[0])
	}
	return y
}

func plus(x, y []float64) []float64 {
	z := make([]float64, len(x))
	for i := range z {
		z[i] = x[i] + y[i]
	}
	return z
}

func (n *naive) norm(name string, x []float64) []float64 {
	var squares float64
	for _, v := range x {
		squares += v * v / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = n.b.values[name][0][i] * v * math.Pow(squares+float64(float32(1e-5)), -0.5)
	}
	return y
}

// rope splits x into heads and turns each.
func (n *naive) rope(x []float64, heads, pos int) [][]float64 {
	size := len(x) / heads
	var out [][]float64
	for h := range heads {
		in, y := x[h*size:(h+1)*size], make([]float64, size)
		for i := range size / 2 {
			j, k := 2*i, 2*i+1
			if n.b.arch == "qwen2" {
				j, k = i, i+size/2
			}
			angle := float64(pos) / math.Pow(100, float64(2*i)/float64(size))
			if n.b.factors {
				angle /= n.b.values["rope_freqs.weight"][0][i]
			}
			z := complex(in[j], in[k]) * cmplx.Exp(complex(0, angle))
			y[j], y[k] = real(z), imag(z)
		}
		out = append(out, y)
	}
	return out
}

func (n *naive) run(tokens []int) {
	b := n.b
	keys, values := make([][][][]float64, b.layers), make([][][][]float64, b.layers) // by layer, position, head
	for pos, token := range tokens {
		x := b.values["token_embd.weight"][token]
		for i := range b.layers {
			blk := fmt.Sprintf("blk.%d.", i)
			h := n.norm(blk+"attn_norm.weight", x)
			q := n.rope(n.linear(blk+"attn_q", h), b.heads, pos)
			keys[i] = append(keys[i], n.rope(n.linear(blk+"attn_k", h), b.kvHeads, pos))
			values[i] = append(values[i], n.rope(n.linear(blk+"attn_v", h), b.kvHeads, 0))
			var mix []float64
			for head, q := range q {
				shared := head * b.kvHeads / b.heads
				out, total := make([]float64, len(q)), 0.0
				for past := range pos + 1 {
					score := 0.0
					for l, k := range keys[i][past][shared] {
						score += q[l] * k
					}
					weight := math.Exp(score / math.Sqrt(float64(len(q))))
					total += weight
					for l, v := range values[i][past][shared] {
						out[l] += weight * v
					}
				}
				for _, v := range out {
					mix = append(mix, v/total)
				}
			}
			x = plus(x, n.linear(blk+"attn_output", mix))

			h = n.norm(blk+"ffn_norm.weight", x)
			gate, up := n.linear(blk+"ffn_gate", h), n.linear(blk+"ffn_up", h)
			act := make([]float64, len(up))
			for l, g := range gate {
				act[l] = g * (1 + math.Tanh(g/2)) / 2 * up[l]
			}
			x = plus(x, n.linear(blk+"ffn_down", act))
		}
		h := n.norm("output_norm.weight", x)
		head := "output"
		if b.tied {
			head = "token_embd"
		}
		n.logits = append(n.logits, n.linear(head, h))
	}
}
