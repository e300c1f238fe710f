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

// hardTurns are positions and frequency scales for which the cosine or sine of their
// product is as near to a middle, found among 1.2·10^9 random ones with an angle near
// the end of the range that arguments are reduced to.
var hardTurns = []struct {
	pos   int
	scale uint32 // bits
}{
	{538541, 0x3cf820d7}, {155216, 0x3e64058d}, {744573, 0x3cfa72a0}, {29473, 0x3ad4fc28},
	{153641, 0x3aa6c65e}, {9003, 0x3e8fafb4}, {614807, 0x3b71dfbe}, {729912, 0x3d78802b},
	{166154, 0x3ede169d}, {505912, 0x3c71b686}, {151883, 0x3b44ea07}, {781531, 0x3b50b4dc},
	{219157, 0x3f4a1584}, {778655, 0x3b3f601f},
}

// hardValues draws of hardGelu.
func hardValues(rng *rand.Rand, x []float32) {
	for i := range x {
		x[i] = math.Float32frombits(hardGelu[rng.IntN(len(hardGelu))])
	}
}

// hardTurn draws of hardTurns; the pair that they are about is the first one.
func hardTurn(rng *rand.Rand, p *spec.RopeParams) {
	t := hardTurns[rng.IntN(len(hardTurns))]
	p.Pos, p.FreqScale = t.pos, math.Float32frombits(t.scale)
}
