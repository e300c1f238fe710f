package assembly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"assay/spec"
)

// Verdict is what became of a mutant.
type Verdict struct {
	Killed bool   `json:"killed"`
	By     string `json:"by"`   // the property; crash or hang
	Op     string `json:"op"`   // of the row that gave it away
	Case   string `json:"case"` // that the property failed on
}

// How a mutant's life may end but by a property.
const (
	Crash      = "crash"
	Hang       = "hang"
	Exhaustion = "exhaustion" // another result for one of all 2^32 arguments
)

// patience is how long a call may last. Those of correct kernels last milliseconds.
const patience = 3 * time.Second

// Judge runs the properties of the ops over a copy of a routine. A child that ends
// without a verdict has crashed; one in which a call does not return hangs.
func (b *Build) Judge(ctx context.Context, routine, copy int, tier spec.Tier, ops []spec.Op, seed uint64) (Verdict, error) {
	return b.judge(ctx, routine, copy, tier, ops, "-seed", fmt.Sprint(seed))
}

// Exhaust runs all 2^32 arguments through a copy of a routine that ops of one f32 use, in
// calls of many elements and of few, which other loops of a routine take.
func (b *Build) Exhaust(ctx context.Context, routine, copy int, tier spec.Tier, ops []spec.Op) (Verdict, error) {
	for _, n := range []int{1 << 12, 24, 7, 3} {
		if v, err := b.judge(ctx, routine, copy, tier, ops, "-arguments", fmt.Sprint(n)); err != nil || v.Killed {
			return v, err
		}
	}
	return Verdict{}, nil
}

// oneFloat tells whether the result of each op depends on one f32 alone.
func oneFloat(ops []spec.Op) bool {
	return !slices.ContainsFunc(ops, func(op spec.Op) bool {
		in := spec.MustLookup(op)
		return in.Kind != spec.KindMap || len(in.In) != 1 || in.In[0].Format != spec.F32 || !in.Out.Float()
	})
}

func (b *Build) judge(ctx context.Context, routine, copy int, tier spec.Tier, ops []spec.Op, args ...string) (Verdict, error) {
	calls, err := newCalls()
	if err != nil {
		return Verdict{}, err
	}
	defer calls.free()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := b.child(ctx, routine, copy, tier, ops, args...)
	cmd.Env = append(cmd.Env, callsEnv+"="+calls.path)
	var out bytes.Buffer
	cmd.Stdout = &out
	watching, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { calls.watch(watching, func() { cancel(errHang) }) })
	err = cmd.Run()
	stop()
	wg.Wait()
	switch {
	case errors.Is(context.Cause(ctx), errHang):
		return Verdict{Killed: true, By: Hang}, nil
	case ctx.Err() != nil:
		return Verdict{}, ctx.Err()
	}
	var v Verdict
	if err == nil && json.Unmarshal(bytes.TrimSpace(out.Bytes()), &v) == nil {
		return v, nil
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Verdict{}, fmt.Errorf("assembly: %w", err)
	}
	return Verdict{Killed: true, By: Crash}, nil
}

func (b *Build) child(ctx context.Context, routine, copy int, tier spec.Tier, ops []spec.Op, args ...string) *exec.Cmd {
	var names []string
	for _, op := range ops {
		names = append(names, string(op))
	}
	cmd := exec.CommandContext(ctx, b.Program, append(args, "-tier", string(tier), "-ops", strings.Join(names, ","))...)
	cmd.WaitDelay = time.Second // for what a child leaves behind
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d:%d", selectEnv, routine, copy), "GOTRACEBACK=none", "GOMAXPROCS=2")
	return cmd
}

// Users returns those of the ops whose kernels of a tier call a routine: the ones that
// end when it is a trap.
func (b *Build) Users(ctx context.Context, routine int, tier spec.Tier, ops []spec.Op) ([]spec.Op, error) {
	var out []spec.Op
	for _, op := range ops {
		err := b.child(ctx, routine, trap, tier, []spec.Op{op}, "-probe").Run()
		var exit *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &exit):
			out = append(out, op)
		case err != nil:
			return nil, fmt.Errorf("assembly: %w", err)
		}
	}
	return out, nil
}

var errHang = errors.New("a call does not return")
