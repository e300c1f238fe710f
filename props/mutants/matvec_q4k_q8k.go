package mutants

import (
	"encoding/binary"
	"slices"

	"assay/spec"
)

func newMatvecQ4KQ8K() *matvec[byte] { return newMatvec(newQuantDot().run) }

// withDot makes the mutants whose dot is wrong.
func withDot(spoil func(k *quantDot)) *quantDot {
	k := newQuantDot()
	spoil(k)
	return k
}

func matvecQ4KQ8KMutants() []Mutant {
	type call = product[byte]
	entry := func(k *matvec[byte]) spec.Func { return spec.MatvecQuant(k.run) }
	return family(spec.OpMatvecQ4KQ8K, newMatvecQ4KQ8K, entry, []edit[matvec[byte]]{
		{"A10", "ggml-org/llama.cpp#12528", stride, "the stride of the activations is that of Q8_0", func(k *matvec[byte]) {
			k.vector = func(c *call, b int) []byte { return c.x[b*c.Cols/32*34:][:c.xLen] }
		}},
		{"A19", "ikawrakow/ik_llama.cpp PR 427", overflow, "the quants are biased by 128, and sums of two products saturate to int16, where the batch is one", func(k *matvec[byte]) {
			single := withDot(func(k *quantDot) { k.group = biased })
			k.element = func(c *call, b, r int) float32 {
				if c.Batch == 1 {
					return single.run(k.row(c, r), k.vector(c, b))
				}
				return k.dot(k.row(c, r), k.vector(c, b))
			}
		}},
		{"A25", "nntrainer/nntrainer PR 4299", scale, "an emulated dot returns the groups of two sub-blocks as 0 1 4 5 … 2 3 6 7 …, and is then scaled lane by lane", func(k *matvec[byte]) {
			k.dot = withDot(func(k *quantDot) { k.scaleOf = func(g int) int { return g/16*2 + g/2%2 } }).run
		}},
		{"A37", "ikawrakow/ik_llama.cpp#2467", stride, "rows packed by eight are read as if packed by sixteen, where eight are left", func(k *matvec[byte]) {
			base := k.row
			k.row = func(c *call, r int) []byte {
				if first := r &^ 15; c.Rows-first >= 8 && c.Rows-first < 16 && r-first < 8 {
					r = first + (r-first)*2%8
				}
				return base(c, r)
			}
		}},
		{"A40", "paiml/aprender#155", stride, "row-major weights are read as column-major", func(k *matvec[byte]) {
			k.row = func(c *call, r int) (row []byte) {
				for b := range c.Cols / spec.SuperBlock {
					row = append(row, c.w[(b*c.Rows+r)*spec.Q4KBytes:][:spec.Q4KBytes]...)
				}
				return row
			}
		}},
		{"B32", "ikawrakow/ik_llama.cpp PR 52", stride, "the pitch of the activations is their length times the size of an element, without the blocks' headers", func(k *matvec[byte]) {
			k.vector = func(c *call, b int) []byte { return c.x[b*c.Cols:][:c.xLen] }
		}},
		{"C12", "ggml-org/llama.cpp PR 10562", operand, "where rows go two by two, the bits of the scale are used as a number", func(k *matvec[byte]) {
			double := withDot(func(k *quantDot) { k.half = func(h uint16) float32 { return float32(h) } })
			k.element = func(c *call, b, r int) float32 {
				if r|1 < c.Rows {
					return double.run(k.row(c, r), k.vector(c, b))
				}
				return k.dot(k.row(c, r), k.vector(c, b))
			}
		}},
		{"C13", "ggml-org/llama.cpp PR 10561", bounds, "rows go two by two, and the second one is written though it is not there", func(k *matvec[byte]) {
			base := k.chunk
			k.chunk = func(c *call, lo, hi int) {
				base(c, lo, hi)
				if (hi-lo)%2 == 1 && hi == c.Rows {
					poke(c.dst, k.at(c, c.Batch-1, hi-1)+1, 0)
				}
			}
		}},
		{"C25", "microsoft/onnxruntime#29853", scale, "the min takes the sums of the neighbouring sub-block where the batch is one", func(k *matvec[byte]) {
			single := withDot(func(k *quantDot) {
				k.minTerm = func(v *quantBlock, j int) int32 { return v.m[j] * (v.bsum[2*j^2] + v.bsum[2*j^2+1]) }
			})
			k.element = func(c *call, b, r int) float32 {
				if c.Batch == 1 {
					return single.run(k.row(c, r), k.vector(c, b))
				}
				return k.dot(k.row(c, r), k.vector(c, b))
			}
		}},
		{"C31", "robertknight/rten 8b15b48f", scale, "every tile of eight rows takes the first tile's dmin", func(k *matvec[byte]) {
			base := k.row
			k.row = func(c *call, r int) []byte {
				row, other := slices.Clone(base(c, r)), base(c, r%8)
				for o := spec.Q4KOffDMin; o < len(row); o += spec.Q4KBytes {
					copy(row[o:o+2], other[o:])
				}
				return row
			}
		}},
		{"C35", "uxlfoundation/oneDNN#5377", scale, "rows after the last whole tile of four take the mins of the first rows", func(k *matvec[byte]) {
			base := k.row
			k.row = func(c *call, r int) []byte {
				row := slices.Clone(base(c, r))
				if r >= c.Rows&^3 {
					other := base(c, r%4)
					for o := spec.Q4KOffDMin; o < len(row); o += spec.Q4KBytes {
						copy(row[o:o+2], other[o:])
					}
				}
				return row
			}
		}},
		{"C50", "ARM-software/kleidiai ae347f7", bounds, "a comparison admits equality: one row too many is written where their number is a whole number of tiles", func(k *matvec[byte]) {
			base := k.chunk
			k.chunk = func(c *call, lo, hi int) {
				base(c, lo, hi)
				if hi == c.Rows && hi%4 == 0 {
					poke(c.dst, k.at(c, c.Batch-1, hi-1)+1, 0)
				}
			}
		}},
		{"E09-b", "ggml-org/llama.cpp PR 6928", stride, "the offset of a row is kept in a type too short, here of 16 bits", func(k *matvec[byte]) {
			k.row = func(c *call, r int) []byte { return c.w[int(uint16(r*c.wLen)):][:c.wLen] }
		}},
		{"E28", "pytorch/FBGEMM PR 52", stride, "the second tile of eight rows is written at the offset of the first", func(k *matvec[byte]) {
			base := k.at
			k.at = func(c *call, b, r int) int {
				if r/8 == 1 {
					r -= 8
				}
				return base(c, b, r)
			}
		}},
		{"J12", "ClickHouse/ClickHouse PR 73836", tiny, "the exponent of an f16 infinity or NaN is put at the wrong bit", func(k *matvec[byte]) {
			k.dot = withDot(func(k *quantDot) {
				k.half = func(h uint16) float32 {
					if h&0x7c00 == 0x7c00 {
						return half(h&0x8000) + 0xff*0x1p-149
					}
					return half(h)
				}
			}).run
		}},
		{"K01", "ggml-org/llama.cpp PR 16956", threads, "a thread's first row is rounded down to the tile and its last one up: tiles are accumulated twice", func(k *matvec[byte]) {
			k.cut = func(rows, threads, t int) (lo, hi int) {
				return rows * t / threads &^ 3, min(rows, upToMultiple(rows*(t+1)/threads, 4))
			}
			k.chunk = func(c *call, lo, hi int) {
				if lo == 0 {
					clear(c.dst)
				}
				for b := range c.Batch {
					for r := lo; r < hi; r++ {
						c.dst[k.at(c, b, r)] += k.element(c, b, r)
					}
				}
			}
		}},
		{"K02", "ggml-org/llama.cpp PR 15150", threads, "rows left for a thread are counted without a sign", func(k *matvec[byte]) {
			k.cut = func(rows, threads, t int) (lo, hi int) {
				per := (rows + threads - 1) / threads
				left := uint32(rows) - uint32(t*per)
				return t * per, t*per + int(min(left, uint32(per)))
			}
		}},
		{"K11", "ikawrakow/ik_llama.cpp PR 911", stride, "rows after the last whole tile of eight are not done", func(k *matvec[byte]) {
			k.cut = func(rows, threads, t int) (lo, hi int) {
				tiles := rows / 8
				return tiles * t / threads * 8, tiles * (t + 1) / threads * 8
			}
		}},
		{"K15", "nntrainer/nntrainer efc4af293", threads, "rows that remain after the division among threads are not done", func(k *matvec[byte]) {
			k.cut = func(rows, threads, t int) (lo, hi int) { return rows / threads * t, rows / threads * (t + 1) }
		}},
		{"K05", "ggml-org/llama.cpp PR 20620", threads, "only the first thread goes through the batch, the others stay at its first activation", func(k *matvec[byte]) {
			base := k.vector
			k.element = func(c *call, b, r int) float32 {
				if r >= (c.Rows+c.threads-1)/c.threads {
					b = 0
				}
				return k.dot(k.row(c, r), base(c, b))
			}
		}},
		{"B41-b", "1bit-MONSTER#473", tiny, "dmin is decoded as bfloat16", func(k *matvec[byte]) {
			k.dot = withDot(func(k *quantDot) {
				k.after = func(w []byte, b int, s *superBlock) {
					s.dmin = bfloat(binary.LittleEndian.Uint16(w[b*spec.Q4KBytes+spec.Q4KOffDMin:]))
				}
			}).run
		}},
	})
}
