package props

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"

	"assay/spec"
)

// Recipe says how to make a case. Its text form, OP:STRATEGY:ROWSxCOLSxBATCH:SEED
// with the seed in hexadecimal, replays it; for attention the shape goes on with
// xHEADSxKVHEADS.
type Recipe struct {
	Op       spec.Op
	Strategy string // strategies of the operands, joined by "+"
	Shape    spec.Shape
	Seed     uint64
}

func (r Recipe) String() string {
	return fmt.Sprintf("%s:%s:%v:%x", r.Op, r.Strategy, r.Shape, r.Seed)
}

// ParseRecipe reads the text form of a recipe and checks that it can be made.
func ParseRecipe(s string) (Recipe, error) {
	fail := func(format string, args ...any) (Recipe, error) {
		return Recipe{}, fmt.Errorf("recipe %q: "+format, append([]any{s}, args...)...)
	}
	f := strings.Split(s, ":")
	if len(f) != 4 {
		return fail("want OP:STRATEGY:ROWSxCOLSxBATCH:SEED")
	}
	r := Recipe{Op: spec.Op(f[0]), Strategy: f[1]}
	in, err := spec.Lookup(r.Op)
	if err != nil {
		return fail("%v", err)
	}
	dims := strings.Split(f[2], "x")
	sizes := []*int{&r.Shape.Rows, &r.Shape.Cols, &r.Shape.Batch}
	if in.Kind == spec.KindAttention {
		sizes = append(sizes, &r.Shape.Heads, &r.Shape.KVHeads)
	}
	if len(dims) != len(sizes) {
		return fail("shape %q: want %d numbers with x between them", f[2], len(sizes))
	}
	for k, p := range sizes {
		if *p, err = strconv.Atoi(dims[k]); err != nil {
			return fail("shape %q: %v", f[2], err)
		}
	}
	if err := r.Shape.Check(r.Op); err != nil {
		return fail("%v", err)
	}
	if n := int64(r.Shape.Cols) * int64(r.Shape.Rows+r.Shape.Batch) * int64(max(r.Shape.Heads, 1)); n > maxRecipe {
		return fail("shape %v has %d elements, at most %d", r.Shape, n, maxRecipe)
	}
	if r.Seed, err = strconv.ParseUint(f[3], 16, 64); err != nil {
		return fail("seed: %v", err)
	}
	parts := strings.Split(r.Strategy, "+")
	if len(parts) != len(in.In) {
		return fail("op has %d operands, strategy names %d", len(in.In), len(parts))
	}
	for k, name := range parts {
		if _, ok := named(operandStrategies(in, k), name); !ok {
			return fail("no strategy %q for operand %d, %v", name, k, in.In[k].Format)
		}
	}
	return r, nil
}

// maxRecipe bounds the elements that a recipe from outside may ask for.
const maxRecipe = 1 << 26

// rng returns the recipe's generator. Recipes that differ in anything differ
// in their stream.
func (r Recipe) rng() *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s:%s:%v", r.Op, r.Strategy, r.Shape)
	return rand.New(rand.NewPCG(r.Seed, h.Sum64()))
}

// Case makes the case.
func (r Recipe) Case() *spec.Case {
	in := spec.MustLookup(r.Op)
	rng := r.rng()
	c := &spec.Case{ID: r.String(), Op: r.Op, Shape: r.Shape}
	for k, name := range strings.Split(r.Strategy, "+") {
		s, ok := named(operandStrategies(in, k), name)
		if !ok {
			panic("props: recipe with unknown strategy: " + r.String())
		}
		var b []byte
		if s.fill != nil { // an absent operand has none
			b = make([]byte, in.InBytes(k, r.Shape))
			s.fill(rng, r.Shape, b)
		}
		c.In = append(c.In, b)
	}
	return c
}

// Draw returns a random recipe for op: any strategies, a small shape.
func Draw(rng *rand.Rand, op spec.Op) Recipe {
	in := spec.MustLookup(op)
	var names []string
	for k := range in.In {
		all := operandStrategies(in, k)
		names = append(names, all[rng.IntN(len(all))].name)
	}
	return Recipe{op, strings.Join(names, "+"), drawShape(rng, in), rng.Uint64()}
}

// drawShape takes up to nine super-blocks' worth of elements and rows 1 to 17,
// small numbers more often; ops on floats take any length, blocks of 32 odd and
// even numbers of them.
func drawShape(rng *rand.Rand, in spec.Info) spec.Shape {
	unit, most := in.Unit(), 9
	if unit < spec.SuperBlock {
		most = 40
	}
	s := spec.Shape{Rows: 1, Cols: unit * (1 + rng.IntN(1+rng.IntN(most))), Batch: 1}
	if unit == 1 {
		s.Cols = rng.IntN(1 + rng.IntN(700))
	}
	switch in.Kind {
	case spec.KindMatvec:
		s.Rows = 1 + rng.IntN(1+rng.IntN(17))
		s.Batch = 1 + rng.IntN(1+rng.IntN(4))
	case spec.KindHeads:
		s.Rows, s.Cols = 1+rng.IntN(1+rng.IntN(5)), 2+2*rng.IntN(1+rng.IntN(70))
	case spec.KindAttention:
		s.Rows, s.Cols, s.Batch = 1+rng.IntN(1+rng.IntN(4)), 1+rng.IntN(1+rng.IntN(90)), 1+rng.IntN(1+rng.IntN(80))
		s.KVHeads = 1 + rng.IntN(1+rng.IntN(3))
		s.Heads = s.KVHeads * (1 + rng.IntN(1+rng.IntN(4)))
	}
	return s
}
