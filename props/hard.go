package props

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

	"assay/spec"
)

// hardGelu are arguments whose GELU lies within 2^−21 of an ulp of the middle between two f32, found
// among all arguments of magnitude 2^−5 to 14: a result that is computed in binary64 with
// an error a little larger than it should be is rounded to the other side there.
var hardGelu = []uint32{
	0xc0bc329c, // of all arguments the one that shows a term of degree 12 that is too small
	0x3eab6834, 0x3f414d8f, 0xc0773385, 0x40878b38, 0x3efd3a8d, 0xbd057c93, 0x3d057c93, 0x3d9832d1,
	0xbd9832d1, 0x3ed7b8fa, 0xc0a103ef, 0x3e7a7d7b, 0xbf97f93b, 0x3f063272, 0x3f2ed68b, 0xbf0ab4ba,
	0x3f416a51, 0xbe7d8984, 0x3d916356, 0xbd916356, 0x4055eb8a, 0xc0d5238b, 0xc0d3541c, 0x3d6c11fd,
	0xbd6c11fd, 0xbf5f0e7e, 0xbf7cb6dd, 0xbf02d8eb, 0xc0262ec8, 0xbd80252d, 0xbe6114f1, 0xc047f192,
	0xbe5b658e, 0xbe5e7537, 0xbe2debcf, 0x3e2debcf, 0xc0e1b3bc, 0x403cc522, 0xbfd95425, 0xbef8ce92,
	0x3e91fe45, 0x3d280ce7, 0xbd280ce7, 0xbeac9a5e, 0xc0293089, 0x3d035348, 0x3eee93e0, 0x40961936,
	0x3efb91aa, 0x3f5ec813, 0xbfc917fc, 0xbe0dcf8a, 0xbda364a8, 0xbfc4fdd8, 0x3da364a8, 0x3ee06bcc,
	0xbfa7f44e, 0xbe9fc875, 0xc11b59cc, 0xbd7d7c4f, 0xbed6ca44, 0x3f0adcb2, 0xbe4336e2, 0x3e4336e2,
	0xbfeb7fd2, 0xc0a49500, 0xbd17f2c1, 0x3d17f2c1, 0xbdfbfaa0, 0x3f0f61c2, 0xbf3ed8aa, 0x3e54a18a,
	0xbe54a18a, 0xbd6b016b, 0x3fc9bce2, 0x3d6b016b, 0x3d8434dc, 0xc04fea6a, 0xbe9efe33, 0xc11eea76,
	0x3e80610a, 0x3f2eec1c, 0x3f71e7d4, 0x40342101, 0xc0ed24c3, 0xbedf0ebb, 0xc0dcd423, 0x3ec012ae,
	0xc0c506fb, 0xbec012ae, 0xbf54223a, 0xbfdd8fe0, 0xbf352a31, 0x3f61ffd9, 0x3ff35f94, 0xbffafc79,
	0xbf07a394, 0x4094c4e8, 0xbdd91313, 0x3dd91313, 0xbe6ada9f, 0x40198e07, 0xbd0fb3f3, 0x3d0fb3f3,
	0x3f1e5f9a, 0x3ed66176, 0xbe2db33d, 0x3e2db33d, 0x3dcc529d, 0xbdcc529d, 0x3ea046d8,
}

// hardTurns are positions and frequency factors whose quotient, an angle of 2^−1 to 2^30,
// has a cosine or sine within two units of the last place of binary64 of the middle
// between two f32, among 1.3·10^10 random ones (TestHardTurns finds more). Of those that
// were found here are all at the ends of the range that angles are reduced to, where the
// last terms of the polynomials count, all large ones, where the last part of π/2
// does, and some others.
var hardTurns = []struct{ pos, factor uint32 }{
	{636964, 0x4976b18b}, {574793, 0x495b2551}, {654332, 0x496c53c6}, {672102, 0x4942f566}, {962369, 0x497a6d56},
	{704381, 0x49343237}, {898877, 0x48c2e49a}, {636406, 0x487a1728}, {1021911, 0x48729620}, {923176, 0x47dac2d9},
	{934692, 0x47d0dc63}, {817784, 0x47b3c655}, {564409, 0x47237de5}, {695895, 0x47313168}, {863157, 0x474db2e1},
	{713582, 0x46a34488}, {760638, 0x46028c7b}, {1036040, 0x462271f4}, {747716, 0x45bb0291}, {657573, 0x4511d1f8},
	{999740, 0x454c0af2}, {1026185, 0x44f54a89}, {593188, 0x43353a75}, {892182, 0x4373c334}, {563417, 0x43022037},
	{681823, 0x42eecb5c}, {929459, 0x430aeb04}, {750010, 0x42936c22}, {831606, 0x4204e751}, {968501, 0x420f8cdd},
	{621923, 0x4103b5ce}, {996356, 0x40f08cc1}, {950368, 0x40e1932b}, {692305, 0x406745bf}, {936221, 0x401cc2aa},
	{794269, 0x3fd597d7}, {592842, 0x3ef5b84b}, {669033, 0x3f0a69b8}, {797271, 0x3f1b9b99}, {900630, 0x3f00fa81},
	{655440, 0x3e6b2eef}, {967155, 0x3e91667d}, {638708, 0x3e264336}, {1002753, 0x3e768a6d}, {823302, 0x3e43f506},
	{955620, 0x3e5d8a78}, {556097, 0x3df8fb1f}, {968071, 0x3e1e6208}, {553426, 0x3da126d4}, {736550, 0x3dceccfb},
	{559457, 0x3d9a7761}, {860855, 0x3de8141c}, {682984, 0x3db27568}, {790738, 0x3d71e904}, {554393, 0x3d15c9c4},
	{785125, 0x3d4598be}, {753623, 0x3d38c967}, {619018, 0x3cd4f80d}, {667704, 0x3ccfc761}, {1020197, 0x3d1d541f},
	{716819, 0x3cd6c52d}, {868781, 0x3cb5bc1c}, {953410, 0x3c817360}, {845701, 0x3c3fc5f7}, {564916, 0x3bf50ef0},
	{596225, 0x3bc24fa3}, {723656, 0x3be9caf8}, {666463, 0x3bd20faa}, {794472, 0x3bf33077}, {1005151, 0x3c16b7c1},
	{645134, 0x3bb29127}, {533254, 0x3b8ef83e}, {702050, 0x3b9b5a53}, {1000686, 0x3bb64967}, {915568, 0x3b850eef},
	{736768, 0x3b2bee0f}, {697522, 0x3b13b28c}, {902233, 0x3b27da81}, {1015736, 0x3af6945a}, {929294, 0x3aa97632},
}

// hardValues draws of hardGelu.
func hardValues(rng *rand.Rand, x []float32) {
	for i := range x {
		x[i] = math.Float32frombits(hardGelu[rng.IntN(len(hardGelu))])
	}
}

// checkTurns rotates (1, 0) by each of hardTurns, which shows the cosines and sines. All
// pairs of a head turn by the same angle, but for some where the factor would be too
// small: the frequencies of this base and width are powers of 1/2, and so are the ratios
// of the factors.
func checkTurns(h *harness, _ Recipe) *Finding {
	const width, theta = 16, 256
	for _, t := range hardTurns {
		factors := make([]float32, width/2)
		for i := range factors {
			factors[i] = max(math.Float32frombits(t.factor-uint32(i)<<23), spec.MinRopeFactor)
		}
		for _, halves := range []bool{false, true} {
			x := make([]float32, width)
			for i := range x {
				if halves && i < width/2 || !halves && i%2 == 0 {
					x[i] = 1
				}
			}
			p := plainRope(width, int(t.pos), halves, theta)
			c := &spec.Case{Op: spec.OpRopeF32, Shape: spec.Shape{Rows: 1, Cols: width, Batch: 1}, In: [][]byte{spec.FloatBytes(x), spec.FloatBytes(factors), p.Bytes()}}
			out, f := h.judged(c)
			if f == nil && h.row.Tree == spec.TreeLanes {
				f = sameOutput(c.Op, reference(c), out, "differs from the reference loop")
			}
			if f != nil {
				f.note("%+v, factors %v", p, factors)
				return f
			}
		}
	}
	return checkWideHeads(h)
}

// checkWideHeads turns heads that are so wide that a kernel's own tables lie on the heap,
// among other memory of their size: what is written behind a table shows there.
func checkWideHeads(h *harness) *Finding {
	const width, room = 2528, 32
	cells := make([][]float32, 64)
	for i := range cells {
		cells[i] = repeat32(float32(i), width+room)
	}
	for i := 1; i < len(cells); i += 2 {
		cells[i] = nil
	}
	runtime.GC() // tables lie between two cells
	x := repeat32(1, width)
	for k := range 8 {
		p := plainRope(width, 1000, k%2 == 1, 1e4)
		c := &spec.Case{Op: spec.OpRopeF32, Shape: spec.Shape{Rows: 1, Cols: width, Batch: 1}, In: [][]byte{spec.FloatBytes(x), nil, p.Bytes()}}
		if _, f := h.judged(c); f != nil {
			return f
		}
	}
	for i := 0; i < len(cells); i += 2 {
		for k, v := range cells[i] {
			if v != float32(i) {
				return &Finding{Got: fmt.Sprint(v), Detail: fmt.Sprintf("memory of others was written, %d elements from its beginning", k)}
			}
		}
	}
	return nil
}
