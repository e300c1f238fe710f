package spec

import "fmt"

// Tree names an order of roundings.
type Tree uint8

const (
	// TreeAny is any order of summation, the weakest contract. For float dots:
	// products and sums rounded or fused as the kernel likes. For
	// matvec_q4k_f32: scales factored out or not. For the fused quantised dots:
	// integer sums are exact, though their conversion may round, and a block
	// contributes a limited number of terms to the float sum. For the other ops
	// it is the same as TreeLanes but for the bound, see the op's measure.
	TreeAny Tree = iota
	// TreeLanes is the order that the project's own kernels declare; SumTree
	// returns it as data.
	//
	// Float dots, matvec_f32 and matvec_q4k_f32 (whose weights are first rounded
	// to f32): lane l of 64 is a chain of fused multiply-adds over the elements
	// i ≡ l mod 64, from +0, the last step padded with zeros; then lanes l and
	// l+32 are added, then l and l+16, 8, 4, 2, 1.
	//
	// Dots with Q8_K: in a super-block, lane l of 8 has the integers
	// J_l = Σ s·c·x over its elements i with ⌊(i mod 32)/4⌋ = l, and, in formats
	// with dmin, N_l = Σ m·(bsums of the group) over groups of 32 with g = l, of
	// 16 with ⌊g/2⌋ = l. With D = f32(d·dx), M = f32(dmin·dx), over the
	// super-blocks in order: p_l = fma(D, J_l, p_l), n_l = fma(M, N_l, n_l), both
	// from +0. Then r_l = p_l − n_l (p_l in formats without dmin), and lanes l
	// and l+4, 2, 1 are added. Q6_K takes its quants as 0 … 63 and subtracts
	// 32·Σ s·bsums over the groups with ⌊g/2⌋ = l from J_l, as integers; f32(J_l)
	// may round, in the other formats it is exact.
	//
	// Dots with Q8_0 and Q8_1: block b of 32 has the integers I_l = Σ c·x over
	// the elements 4l … 4l+3, l = 0 … 7. With D = d·dx, exact, in order:
	// p_k = fma(D, I_l, p_k) for lane k = 8·(b mod 4) + l of 32, from +0. In
	// formats with m: n_k = fma(m, s, n_k) for k = b mod 32, from +0, and then
	// p_k + n_k. Lanes k and k+16, 8, 4, 2, 1 are added.
	TreeLanes
)

func (t Tree) String() string {
	if t == TreeLanes {
		return "lanes"
	}
	return "any"
}

const (
	// DotLanes is the number of lanes of the float dots' declared tree.
	DotLanes = 64
	// QuantDotLanes is the number of lanes of the dots with Q8_K.
	QuantDotLanes = 8
	// BlockDotLanes is the number of lanes of the dots with Q8_0 and Q8_1.
	BlockDotLanes = 32
	// anyTermsPerSuperBlock and anyTermsPerBlock are what TreeAny allows.
	anyTermsPerSuperBlock = 32
	anyTermsPerBlock      = 16
)

// sumKind groups the ops that are sums by what their terms are.
type sumKind uint8

const (
	sumFloat sumKind = iota // floats on both sides
	sumMixed                // Path A
	sumSuper                // with Q8_K
	sumBlock                // with Q8_0 or Q8_1
)

func sumKindOf(op Op) sumKind {
	in := MustLookup(op)
	if !in.Sums() {
		panic(fmt.Sprintf("spec: %s has no tree", op))
	}
	switch {
	case in.In[0].Format.Float():
		return sumFloat
	case in.In[1].Format == F32:
		return sumMixed
	case in.In[1].Format == Q8K:
		return sumSuper
	}
	return sumBlock
}

// Depth returns h: the largest number of roundings that a term of the sum over
// cols elements passes through on its way to the result. Package spec/derive
// derives each.
func Depth(op Op, t Tree, cols int) int {
	switch sumKindOf(op) {
	case sumFloat:
		if t == TreeLanes {
			return steps(cols, DotLanes) + 6
		}
		return max(cols, 1)
	case sumMixed:
		if t == TreeLanes {
			return 1 + steps(cols, DotLanes) + 6
		}
		return 2*cols + 4
	case sumSuper:
		l := weights(op)
		nb := cols / SuperBlock
		h := 1 + nb + 3 // D, the chain, the fold
		if t == TreeAny {
			h = anyTermsPerSuperBlock*nb + 6
		}
		if l.MKind == MinScaled && t == TreeLanes {
			h++ // p − n
		}
		if l.Format == Q6K {
			h++ // the conversion
		}
		return h
	default: // sumBlock
		nb := cols / Block
		if t == TreeAny {
			return anyTermsPerBlock*nb + 6
		}
		h := steps(nb, 4) + 5
		if weights(op).MKind == MinAdded {
			h++
		}
		return h
	}
}

func weights(op Op) *Layout { return LayoutOf(MustLookup(op).In[0].Format) }

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
// The leaves of float dots and matvec_q4k_f32 are the elements. Those of the
// dots with Q8_K are, for super-block b and lane l, D·J at 2·(8b+l) and M·N at
// 2·(8b+l)+1; those of the dots with Q8_0 and Q8_1, for block b, D·I_l at 9b+l
// and m·s at 9b+8.
func SumTree(op Op, cols int) *Node {
	kind := sumKindOf(op)
	switch kind {
	case sumFloat, sumMixed:
		lanes := make([]*Node, DotLanes)
		for i := range cols {
			leaf := &Node{Leaf: i}
			if kind == sumMixed {
				leaf = rounded(leaf) // the weight's own rounding
			}
			lanes[i%DotLanes] = chain(lanes[i%DotLanes], leaf)
		}
		return fold(lanes)
	case sumSuper:
		w := weights(op)
		lanes := make([]*Node, QuantDotLanes)
		for l := range lanes {
			var p, n *Node
			for b := range cols / SuperBlock {
				leaf := 2 * (QuantDotLanes*b + l)
				dot := rounded(&Node{Leaf: leaf}) // D is a rounded product
				if w.Format == Q6K {
					dot = rounded(dot) // and J is converted
				}
				p = chain(p, dot)
				if w.MKind == MinScaled {
					n = chain(n, rounded(&Node{Leaf: leaf + 1}))
				}
			}
			lanes[l] = chain(p, n)
		}
		return fold(lanes)
	default: // sumBlock
		lanes, mins := make([]*Node, BlockDotLanes), make([]*Node, BlockDotLanes)
		for b := range cols / Block {
			for l := range 8 {
				k := 8*(b%4) + l
				lanes[k] = chain(lanes[k], &Node{Leaf: 9*b + l})
			}
			if weights(op).MKind == MinAdded {
				mins[b%BlockDotLanes] = chain(mins[b%BlockDotLanes], &Node{Leaf: 9*b + 8})
			}
		}
		for k := range lanes {
			lanes[k] = join(lanes[k], mins[k])
		}
		return fold(lanes)
	}
}

func rounded(n *Node) *Node { return &Node{Kids: []*Node{n}} }

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

// join returns the rounding of x + y, either of which may be nil, an exact zero.
func join(x, y *Node) *Node {
	if x == nil || y == nil {
		if x == nil {
			return y
		}
		return x
	}
	return chain(x, y)
}

// fold adds lanes l and l+len/2 until one is left.
func fold(lanes []*Node) *Node {
	for len(lanes) > 1 {
		half := len(lanes) / 2
		for l := range half {
			lanes[l] = join(lanes[l], lanes[l+half])
		}
		lanes = lanes[:half]
	}
	return lanes[0]
}
