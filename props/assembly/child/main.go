// Command child runs kernels of which one may be a mutant, for package assembly. Calls
// are counted, so that the parent can tell a kernel that hangs from an oracle that takes
// its time.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"assay/kernels"
	"assay/props"
	"assay/props/assembly"
	"assay/spec"
)

func main() {
	tier := flag.String("tier", "", "the tier of the kernels")
	ops := flag.String("ops", "", "ops, with commas")
	probe := flag.Bool("probe", false, "only call the kernels")
	seed := flag.Uint64("seed", 1, "seed of the cases")
	flag.Parse()
	for _, op := range strings.Split(*ops, ",") {
		for _, row := range kernels.For(spec.Op(op)) {
			if string(row.Tier) != *tier {
				continue
			}
			if *probe {
				call(row)
				continue
			}
			f, err := assembly.Counted(row.Func)
			if err != nil {
				fmt.Fprintln(os.Stderr, "child:", err)
				os.Exit(2)
			}
			row.Func = f
			if v := props.Run(context.Background(), row, props.Options{Seed: *seed}, true); len(v) > 0 {
				report(assembly.Verdict{Killed: true, By: v[0].Property, Op: op, Case: v[0].Case})
				return
			}
		}
	}
	report(assembly.Verdict{})
}

func report(v assembly.Verdict) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", b)
}

// call runs a kernel on cases of all kinds, and does not look at what it gives.
func call(row spec.Row) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		c := props.Draw(rng, row.Op).Case()
		out := make([]byte, spec.MustLookup(row.Op).OutBytes(c.Shape))
		row.Func.Run(&spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: out})
	}
}
