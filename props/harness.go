package props

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"

	"assay/kernels"
	"assay/kernels/cpustate"
	"assay/oracle"
	"assay/spec"
)

// harness runs one kernel row and checks what must hold of every call: no
// panic, no fault, inputs as they were, nothing written around the output.
type harness struct {
	row    spec.Row
	cases  int     // calls judged
	worst  float64 // largest error/bound so far
	poison byte    // changes with every call
	twin   bool    // the reference loop takes the oracle's place
}

// margin is the number of bytes watched on either side of an output.
const margin = 64

// run calls the kernel on plain memory and returns its output. Operands and output
// begin at other distances from a vector's alignment in every call.
func (h *harness) run(c *spec.Case, threads int) ([]byte, *Finding) {
	n := spec.MustLookup(c.Op).OutBytes(c.Shape)
	buf := make([]byte, margin+64+n+margin)
	in := make([][]byte, len(c.In))
	for k, b := range c.In {
		if b == nil {
			continue // an absent operand stays absent
		}
		at := h.offset(3*k + 1)
		in[k] = make([]byte, at+len(b))[at:]
		copy(in[k], b)
	}
	at := margin + h.offset(0)
	out := buf[at : at+n : at+n]
	if f := h.call(c, in, out, buf, threads); f != nil {
		return nil, f
	}
	return out, nil
}

// offset is a multiple of 4 below 64 that changes with every call.
func (h *harness) offset(k int) int { return 4 * ((int(h.poison) + 5*k) % 16) }

// call runs the kernel on the given memory. around holds out and what lies on
// both sides of it. It is filled with a pattern beforehand, so that an element
// that is not written shows.
func (h *harness) call(c *spec.Case, in [][]byte, out, around []byte, threads int) *Finding {
	h.cases++
	h.poison = h.poison*5 + 0x3b
	for i := range around {
		around[i] = h.poison ^ byte(i*29)
	}
	first := len(around) - len(out)
	if first > 0 {
		first = addressOf(out) - addressOf(around)
	}
	before := bytes.Clone(around[:first])
	after := bytes.Clone(around[first+len(out):])
	if f := Protect(func() {
		call := &spec.Call{Shape: c.Shape, Threads: threads, In: in, Out: out}
		soilStack(soil[h.cases%len(soil)])
		cpustate.SoilRegisters(int(h.poison >> 2))
		h.row.Func.Run(call)
	}); f != nil {
		return f
	}
	if !bytes.Equal(before, around[:first]) || !bytes.Equal(after, around[first+len(out):]) {
		return &Finding{Detail: "bytes outside the output were written", Stopped: true}
	}
	for k := range in {
		if !bytes.Equal(in[k], c.In[k]) {
			return &Finding{Detail: fmt.Sprintf("operand %d was changed", k), Stopped: true}
		}
	}
	return nil
}

// soilStack fills the stack that a kernel will use with a pattern: what it reads there
// must be what it has written.
//
//go:noinline
func soilStack(pattern uint32) {
	var a [512]uint32
	for i := range a {
		a[i] = pattern
	}
	keep(&a)
}

//go:noinline
func keep(*[512]uint32) {}

// soil are patterns for the stack: NaN, −∞, 1 and 0.
var soil = [4]uint32{0xffffffff, 0xff800000, 0x3f800000, 0}

// Protect turns a panic of f, a touch of an unreadable page included, into a
// finding. The floating-point mode is afterwards what it was: a kernel that changes it must
// not decide how others are judged.
func Protect(f func()) (found *Finding) {
	runtime.LockOSThread() // the mode belongs to the thread
	defer runtime.UnlockOSThread()
	defer cpustate.SetMode(cpustate.Mode())
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			detail := fmt.Sprintf("panic: %v", r)
			switch r := r.(type) {
			case spec.Fault:
				detail = r.Error()
			case interface{ Addr() uintptr }:
				detail = fmt.Sprintf("touched memory outside its operands: %v at %#x", r, r.Addr())
			}
			found = &Finding{Detail: detail, Stopped: true}
		}
	}()
	f()
	return nil
}

// want returns what the case requires: by the oracle or, for a twin of the
// reference loop, its bytes.
func (h *harness) want(c *spec.Case) (*oracle.Want, *Finding) {
	err := c.Check()
	if err == nil && h.twin {
		return &oracle.Want{Bytes: reference(c)}, nil
	}
	var want *oracle.Want
	if err == nil {
		want, err = oracle.Bulk(c, h.row.Tree)
	}
	if err != nil {
		return nil, &Finding{Detail: "case is not valid: " + err.Error()}
	}
	return want, nil
}

// judged runs the case and judges it.
func (h *harness) judged(c *spec.Case) ([]byte, *Finding) {
	want, f := h.want(c)
	if f != nil {
		return nil, f
	}
	out, f := h.run(c, 1)
	if f != nil {
		return nil, f
	}
	return out, h.judge(c.Op, want, out)
}

func (h *harness) judge(op spec.Op, want *oracle.Want, out []byte) *Finding {
	worst, f := Judge(op, want, out)
	h.worst = max(h.worst, worst)
	return f
}

// reference returns the output of the op's reference loop.
func reference(c *spec.Case) []byte {
	out := make([]byte, spec.MustLookup(c.Op).OutBytes(c.Shape))
	kernels.For(c.Op)[0].Func.Run(&spec.Call{Shape: c.Shape, Threads: 1, In: c.In, Out: out})
	return out
}
