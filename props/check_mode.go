package props

import (
	"fmt"
	"math"
	"runtime"

	"assay/kernels/cpustate"
	"assay/spec"
)

func modeAbsent() string {
	if !cpustate.Known {
		return "no access to the floating-point mode in this build"
	}
	return ""
}

// checkMode calls the kernel in the default mode and with flush-to-zero and
// denormals-are-zero set: the mode must be what it was afterwards, and on
// inputs without subnormals the results must be the same.
func checkMode(h *harness, r Recipe) *Finding {
	c := r.Case()
	base, f := h.run(c, 1)
	if f != nil {
		return f
	}
	for _, extra := range []uint32{0, cpustate.FlushToZero, cpustate.DenormalsAreZero, cpustate.FlushToZero | cpustate.DenormalsAreZero} {
		out, mode, f := h.inMode(c, extra)
		if f != nil {
			return f
		}
		if mode != extra {
			return &Finding{Got: fmt.Sprintf("mode bits %04x", mode), Detail: fmt.Sprintf("the floating-point mode was changed: want %04x", extra)}
		}
		if f := sameOutput(c.Op, base, out, fmt.Sprintf("differs under mode bits %04x", extra)); f != nil {
			return f
		}
	}
	return nil
}

// inMode runs the case with extra mode bits and returns those found after.
func (h *harness) inMode(c *spec.Case, extra uint32) (out []byte, after uint32, f *Finding) {
	n := spec.MustLookup(c.Op).OutBytes(c.Shape)
	out = make([]byte, n)
	runtime.LockOSThread() // the mode belongs to the thread
	defer runtime.UnlockOSThread()
	old := cpustate.Mode()
	call := &spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: out}
	h.cases++
	f = Protect(func() {
		cpustate.SetMode(old | extra)
		defer func() {
			after = cpustate.Mode() &^ cpustate.StatusBits
			cpustate.SetMode(old)
		}()
		h.row.Func.Run(call)
	})
	return out, after ^ old&^cpustate.StatusBits, f
}

func vectorsAbsent() string {
	if !cpustate.VectorsKnown {
		return "the CPU does not tell whether the upper halves of vector registers are clear"
	}
	return ""
}

// checkVectors calls the kernel and looks at what it leaves behind: the upper halves of
// the vector registers must be clear, or every SSE instruction after it waits for them,
// and the direction flag too, or string instructions run backwards.
func checkVectors(h *harness, r Recipe) *Finding {
	c := r.Case()
	if f := h.leavesClear(c); f != nil {
		return f
	}
	// What is special may be done elsewhere.
	in := spec.MustLookup(c.Op)
	if n := len(c.In[0]) / 4; in.In[0].Format == spec.F32 && n > 0 {
		spec.PutF32(c.In[0][4*(int(r.Seed%uint64(n))):], float32(math.NaN()))
		if f := h.leavesClear(c); f != nil {
			f.note("with a NaN")
			return f
		}
	}
	return nil
}

func (h *harness) leavesClear(c *spec.Case) *Finding {
	call := &spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: make([]byte, spec.MustLookup(c.Op).OutBytes(c.Shape))}
	runtime.LockOSThread() // registers belong to the thread
	defer runtime.UnlockOSThread()
	h.cases++
	var inUse uint32
	var after uint64
	if f := Protect(func() {
		cpustate.ClearVectors()
		h.row.Func.Run(call)
		inUse, after = cpustate.VectorsInUse(), cpustate.Flags()
	}); f != nil {
		return f
	}
	switch {
	case inUse&cpustate.UpperHalves != 0:
		return &Finding{Detail: fmt.Sprintf("left the upper halves of vector registers in use: state bits %02x", inUse)}
	case after&cpustate.DirectionFlag != 0:
		return &Finding{Detail: "left the direction flag set"}
	}
	return nil
}
