package spec

// composed are ops that are defined but not in the table: they have no kernel and
// no oracle yet.
var composed = []Info{
	{
		Op: OpAttentionF32, Kind: KindAttention, Out: F32,
		In:      []Operand{operand("q", F32, ExtentHeads), operand("k", F32, ExtentKVHeads), operand("v", F32, ExtentKVHeads), operand("params", Params, ExtentAttention)},
		Formula: "p = softmax(scale·q·k[t]) over the keys t ≤ start+row; y = Σ p[t]·v[t]; head h uses key and value head ⌊h·kvheads/heads⌋",
		Rule:    "Keys after start+row have no influence. Otherwise as the dots, the softmax and the sum that it is made of.",
	},
}
