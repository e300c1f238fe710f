// Command child runs kernels of which one may be a mutant, for package assembly. Calls
// are counted, so that the parent can tell a kernel that hangs from an oracle that takes
// its time.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
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
	arguments := flag.Int("arguments", 0, "run all 2^32 arguments, so many in a call, and nothing else")
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
			if *arguments > 0 {
				if at, ok := differs(row, *arguments); ok {
					report(assembly.Verdict{Killed: true, By: assembly.Exhaustion, Op: op, Case: fmt.Sprintf("%#08x", at)})
					return
				}
				continue
			}
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

// differs tells for which f32 a kernel of one argument does not give what another tier
// gives. The arguments go through it n at a time.
func differs(row spec.Row, n int) (at uint32, ok bool) {
	other := kernels.For(row.Op)[0]
	for _, r := range kernels.For(row.Op) {
		if r.Tier != row.Tier && r.CanRun() {
			other = r
		}
	}
	const block = 1 << 20
	out := spec.MustLookup(row.Op).Out
	in, got, want := make([]byte, 4*(block+n)), make([]byte, out.Bytes(block+n)), make([]byte, out.Bytes(block+n))
	call := &spec.Call{Threads: 1, In: make([][]byte, 1)}
	run := func(row spec.Row, from, to int, dst []byte) {
		call.Shape, call.In[0], call.Out = spec.Vector(to-from), in[4*from:4*to], dst[out.Bytes(from):out.Bytes(to)]
		row.Func.Run(call)
	}
	for base := uint64(0); base < 1<<32; base += block {
		for i := range block + n {
			binary.NativeEndian.PutUint32(in[4*i:], uint32(base)+uint32(i))
		}
		run(other, 0, block, want)
		for from := 0; from < block; from += n {
			run(row, from, from+n, got)
		}
		for i := 0; i < block; i++ {
			if a, b := out.Bytes(i), out.Bytes(i+1); !bytes.Equal(got[a:b], want[a:b]) {
				return uint32(base) + uint32(i), true
			}
		}
	}
	return 0, false
}
