package props

import (
	"math"
	"math/rand/v2"

	"assay/spec"
)

// hardGelu are arguments whose GELU lies within 2^−21 of an ulp of the middle between two f32, found
// among all arguments of magnitude 2^−5 to 14: a result that is computed in binary64 with
// an error a little larger than it should be is rounded to the other side there.
var hardGelu = []uint32{
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

// hardTurns are bases, positions and frequency scales for which the cosine or sine of the
// angle of a pair, of 8, is as near to a middle, found among 2.9·10^9 random angles near an
// end of the range that arguments are reduced to: some for each half of a vector of
// eight angles, and for each of the two polynomials.
var hardTurns = []struct {
	theta uint32 // bits
	pos   int
	scale uint32 // bits
}{
	{0x40d9eb18, 60370, 0x3bf78ffd}, {0x41cf4fdc, 881387, 0x3e7a6db4}, {0x4120656d, 880395, 0x3da0b4a8},
	{0x413c04bf, 68164, 0x3e75fd9a}, {0x4132f0d5, 895986, 0x3e2cc017}, {0x41c1195a, 428985, 0x3d3b50cb},
	{0x41b31f76, 842896, 0x3c973b1a}, {0x412aa9da, 885080, 0x3f60c826}, {0x41e41a87, 570174, 0x3e72efdc},
	{0x41a02fee, 97055, 0x3db43e73}, {0x41b34842, 135046, 0x3f7b161e}, {0x41d5b0c2, 645505, 0x3d5e5e77},
	{0x41739ce2, 357398, 0x3e5fcce2}, {0x41909d6c, 608519, 0x3bb46f98}, {0x40de2035, 958520, 0x3bed64bb},
	{0x406e8e84, 1043158, 0x3ebdc466}, {0x41ef6229, 366198, 0x3d586275}, {0x41a532d5, 380902, 0x3c5375bf},
	{0x4105c87c, 304492, 0x3e4c202b}, {0x4191d72b, 113456, 0x3d2f0e3a}, {0x4120c481, 947064, 0x3ed0f2bd},
	{0x417988d5, 87279, 0x3c7723d7}, {0x41fef12f, 883788, 0x3bc25b39}, {0x41cbd788, 635184, 0x3bb8423c},
	{0x41e371c6, 657807, 0x3ce7182f}, {0x4031513f, 850422, 0x3ed0d22a}, {0x4185bff3, 155917, 0x3c9bea54},
	{0x40ecf570, 197946, 0x3c42c71c}, {0x41afd224, 178479, 0x3b852f72}, {0x419821e1, 193606, 0x3f54c5a4},
	{0x401c576c, 984096, 0x3f75086d}, {0x41b07dd9, 409275, 0x3e76fe6a}, {0x416b7448, 668770, 0x3dec075f},
	{0x40e73150, 17818, 0x3b9a107e}, {0x416ae67d, 75638, 0x3c66467b}, {0x416f848d, 730829, 0x3f640dd9},
	{0x413ccee5, 136738, 0x3bf1d621}, {0x41431887, 260819, 0x3d07986c},
}

// hardValues draws of hardGelu.
func hardValues(rng *rand.Rand, x []float32) {
	for i := range x {
		x[i] = math.Float32frombits(hardGelu[rng.IntN(len(hardGelu))])
	}
}

// checkHardTurns rotates (1, 0) by each of hardTurns, which shows the cosines and sines.
func checkHardTurns(h *harness) *Finding {
	x := make([]float32, 16)
	for _, t := range hardTurns {
		for _, halves := range []bool{false, true} {
			p := plainRope(len(x), t.pos, halves, math.Float32frombits(t.theta))
			p.FreqScale = math.Float32frombits(t.scale)
			for i := range x {
				x[i] = 0
				if halves && i < len(x)/2 || !halves && i%2 == 0 {
					x[i] = 1
				}
			}
			c := &spec.Case{Op: spec.OpRopeF32, Shape: spec.Shape{Rows: 1, Cols: len(x), Batch: 1}, In: [][]byte{spec.FloatBytes(x), nil, p.Bytes()}}
			out, f := h.judged(c)
			if f == nil && h.row.Tree == spec.TreeLanes {
				f = sameOutput(c.Op, reference(c), out, "differs from the reference loop")
			}
			if f != nil {
				f.note("%+v", p)
				return f
			}
		}
	}
	return nil
}
