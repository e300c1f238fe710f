package fuzz

import (
	"hash/fnv"
	"math/rand/v2"

	"assay/props"
	"assay/spec"
)

// Batch is how many cases an input of a target stands for while fuzzing. An execution
// costs the fuzzer some 30 µs whatever it does, and most cases less than that.
const Batch = 16

// Judge checks a row on the cases of an input: the one that it spells out, and n − 1
// checks that are drawn by a seed that every bit of it takes part in. These are of all
// properties, as often as a run of the suite has them. It returns the first failure, or
// nil, and the largest error over bound of the case that is spelt out.
func Judge(row spec.Row, c *spec.Case, data []byte, n int) (*props.Verdict, float64) {
	first := props.CheckCase(row, c)
	if first.Failed {
		return &first.Verdict, first.Worst
	}
	h := fnv.New64a()
	h.Write(data)
	rng := rand.New(rand.NewPCG(h.Sum64(), uint64(len(data))))
	all := props.Properties(row)
	total := 0
	for _, p := range all {
		total += p.Budget
	}
	for range n - 1 {
		k := rng.IntN(total)
		for _, p := range all {
			if k -= p.Budget; k >= 0 {
				continue
			}
			if p.Absent() == "" {
				if v := p.Check(row, p.Draw(rng, row.Op), props.Options{}); v.Failed {
					return &v.Verdict, first.Worst
				}
			}
			break
		}
	}
	return nil, first.Worst
}
