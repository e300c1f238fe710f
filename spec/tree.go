package spec

import "fmt"

// Tree names an order of roundings.
type Tree uint8

const (
	// TreeAny is any order of summation, the weakest contract. For dot_f32:
	// products and sums rounded or fused as the kernel likes. For
	// matvec_q4k_f32: scales factored out or not. For the fused K-quant dots:
	// integer sums are exact, and a super-block contributes at most 32 terms
	// to the float sum.
	TreeAny Tree = iota
	// TreeLanes is the order that the project's own kernels declare; SumTree
	// returns it as data.
	//
	// dot_f32 and matvec_q4k_f32 (whose weights are first rounded to f32):
	// lane l of 64 is a chain of fused multiply-adds over the elements i ≡ l
	// mod 64, from +0, the last step padded with zeros; then lanes l and l+32
	// are added, then l and l+16, 8, 4, 2, 1.
	//
	// dot_q4k_q8k and matvec_q4k_q8k: in a super-block, lane l of 8 has the
	// integers I = Σ_j sc_j·Σ q·x over the elements 32j+4l … 32j+4l+3, and
	// N = m_l·(bsums_2l + bsums_2l+1). With D = f32(d·dx), M = f32(dmin·dx),
	// over the super-blocks in order: p_l = fma(D, I, p_l), n_l = fma(M, N, n_l),
	// both from +0. Then r_l = p_l − n_l, and lanes l and l+4, 2, 1 are added.
	TreeLanes
)

func (t Tree) String() string {
	if t == TreeLanes {
		return "lanes"
	}
	return "any"
}

const (
	// DotLanes is the number of lanes of the f32 dot's declared tree.
	DotLanes = 64
	// QuantDotLanes is the number of lanes of the fused K-quant dot's.
	QuantDotLanes = 8
	// anyTermsPerSuperBlock is what TreeAny allows a fused K-quant dot.
	anyTermsPerSuperBlock = 32
)

// Depth returns h: the largest number of roundings that a term of the sum over
// cols elements passes through on its way to the result. Package spec/derive
// derives each.
func Depth(op Op, t Tree, cols int) int {
	switch op {
	case OpDotF32:
		if t == TreeLanes {
			return steps(cols, DotLanes) + 6
		}
		return max(cols, 1)
	case OpMatvecQ4KF32:
		if t == TreeLanes {
			return 1 + steps(cols, DotLanes) + 6
		}
		return 2*cols + 4
	case OpDotQ4KQ8K, OpMatvecQ4KQ8K:
		if t == TreeLanes {
			return 1 + cols/SuperBlock + 1 + 3
		}
		return anyTermsPerSuperBlock*(cols/SuperBlock) + 6
	}
	panic(fmt.Sprintf("spec: %s has no tree", op))
}

func steps(n, lanes int) int { return (n + lanes - 1) / lanes }

// Node is a node of a summation tree: a leaf, or one rounding of the exact sum
// of its kids.
type Node struct {
	Leaf int // index of the term, where Kids is empty
	Kids []*Node
}

// Depth returns the largest number of roundings between a leaf and n.
func (n *Node) Depth() int {
	d := 0
	for _, k := range n.Kids {
		d = max(d, k.Depth()+1)
	}
	return d
}

// Leaves calls f for every leaf below n.
func (n *Node) Leaves(f func(leaf int)) {
	if len(n.Kids) == 0 {
		f(n.Leaf)
	}
	for _, k := range n.Kids {
		k.Leaves(f)
	}
}

// SumTree returns TreeLanes of op over cols elements, or nil for cols = 0.
//
// The leaves of dot_f32 and matvec_q4k_f32 are the elements. Those of the
// fused K-quant dots are, for super-block b and lane l, D·I at 2·(8b+l) and
// M·N at 2·(8b+l)+1.
func SumTree(op Op, cols int) *Node {
	switch op {
	case OpDotF32, OpMatvecQ4KF32:
		lanes := make([]*Node, DotLanes)
		for i := range cols {
			leaf := &Node{Leaf: i}
			if op == OpMatvecQ4KF32 {
				leaf = &Node{Kids: []*Node{leaf}} // the weight's own rounding
			}
			lanes[i%DotLanes] = chain(lanes[i%DotLanes], leaf)
		}
		return fold(lanes)
	case OpDotQ4KQ8K, OpMatvecQ4KQ8K:
		lanes := make([]*Node, QuantDotLanes)
		for l := range lanes {
			var p, n *Node
			for b := range cols / SuperBlock {
				leaf := 2 * (QuantDotLanes*b + l)
				p = chain(p, &Node{Kids: []*Node{{Leaf: leaf}}}) // D, M are rounded products
				n = chain(n, &Node{Kids: []*Node{{Leaf: leaf + 1}}})
			}
			lanes[l] = chain(p, n)
		}
		return fold(lanes)
	}
	panic(fmt.Sprintf("spec: %s has no tree", op))
}

// chain returns the rounding of acc + x; a nil acc is the exact starting zero.
func chain(acc, x *Node) *Node {
	switch {
	case x == nil:
		return acc
	case acc == nil:
		return &Node{Kids: []*Node{x}}
	}
	return &Node{Kids: []*Node{acc, x}}
}

// fold adds lanes l and l+len/2 until one is left.
func fold(lanes []*Node) *Node {
	for len(lanes) > 1 {
		half := len(lanes) / 2
		for l := range half {
			if hi := lanes[l+half]; hi != nil && lanes[l] != nil {
				lanes[l] = chain(lanes[l], hi)
			}
		}
		lanes = lanes[:half]
	}
	return lanes[0]
}
