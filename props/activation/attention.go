package activation

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// attention rotates queries and keys and writes to mix, for each head and
// token, the sum of the values up to that token weighted by
// softmax(q·k/√headDim). Several heads of queries share one of keys and values.
func (p *pass) attention() {
	rotate(p, p.q, p.m.heads)
	rotate(p, p.k, p.m.kvHeads)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), p.m.heads) {
		wg.Go(func() {
			for {
				head := int(next.Add(1)) - 1
				if head >= p.m.heads {
					return
				}
				first := 0
				for _, w := range p.windows {
					p.attend(head, first, len(w))
					first += len(w)
				}
			}
		})
	}
	wg.Wait()
}

// rotate applies RoPE to the heads of each vector in x.
func rotate(p *pass, x []float64, heads int) {
	n := p.m.headDim
	for _, w := range p.windows {
		for pos := range w {
			for range heads {
				p.turns[pos].apply(x[:n])
				x = x[n:]
			}
		}
	}
}

// attend computes one head of a window of n tokens, the first of which is the
// pass's token first.
func (p *pass) attend(head, first, n int) {
	m := p.m
	kvHead := head / (m.heads / m.kvHeads)
	part := func(x []float64, token, heads, head int) []float64 {
		i := ((first+token)*heads + head) * m.headDim
		return x[i : i+m.headDim]
	}
	weights := make([]float64, n)
	for t := range n {
		q := part(p.q, t, m.heads, head)
		past := weights[:t+1]
		for s := range past {
			past[s] = dot(q, part(p.k, s, m.kvHeads, kvHead)) / math.Sqrt(float64(m.headDim))
		}
		softmax(past)
		mix := part(p.mix, t, m.heads, head)
		clear(mix)
		for s, w := range past {
			for i, v := range part(p.v, s, m.kvHeads, kvHead) {
				mix[i] += float64(w * v)
			}
		}
	}
}

func dot(x, y []float64) (s float64) {
	y = y[:len(x)]
	for i, v := range x {
		s += float64(v * y[i])
	}
	return s
}

// softmax replaces x by e^x/Σe^x. Subtracting the largest element first, which
// changes nothing else, avoids overflow.
func softmax(x []float64) {
	largest := math.Inf(-1)
	for _, v := range x {
		largest = max(largest, v)
	}
	var sum float64
	for i, v := range x {
		x[i] = math.Exp(v - largest)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}
