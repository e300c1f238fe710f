// Package props judges kernels.
//
// A property takes a recipe (op, strategy, shape, seed), makes a case of it,
// runs a kernel row and the oracle, and gives a verdict. Run drives all
// properties over a row and enters every case in a ledger; Conform does so
// from a test, also of another module that has kernels of its own:
//
//	func TestKernels(t *testing.T) {
//		props.Conform(t, spec.Row{
//			Op:   spec.OpDotQ4KQ8K,
//			Tier: "mine",
//			Func: spec.DotQuant(mykernels.Dot),
//		})
//	}
//
// A row that declares spec.TreeLanes is also held to the declared order of
// roundings, bit for bit; one that declares spec.TreeAny only to the bound.
package props
