//go:build linux && (amd64 || arm64)

package foreign

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"

	"assay/spec"
)

// The structures of assay_kernel.h.
type (
	cKernel struct {
		op, tier, tree *byte
		run, available uintptr
	}
	cOperand struct {
		data  *byte
		bytes uint64
	}
	cCall struct {
		size, threads                     uint32
		rows, cols, batch, heads, kvHeads int64
		nIn                               uint64
		in                                *cOperand
		out                               *byte
		outBytes                          uint64
	}
)

// abiVersion is ASSAY_ABI.
const abiVersion = 1

// maxKernels bounds a table's length, which is the library's word.
const maxKernels = 1 << 12

// loadTable reads the table of a library that exports assay_kernels.
func loadTable(path string, symbol uintptr) ([]spec.Row, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("foreign: %s: assay_kernels: %s", path, fmt.Sprintf(format, args...))
	}
	var kernels func(abi uint32, count *uint64) unsafe.Pointer
	purego.RegisterFunc(&kernels, symbol)
	var count uint64
	first := kernels(abiVersion, &count)
	switch {
	case first == nil:
		return nil, bad("no table for version %d of the interface", abiVersion)
	case count == 0 || count > maxKernels:
		return nil, bad("a table of %d kernels", count)
	}
	var rows []spec.Row
	for k, c := range unsafe.Slice((*cKernel)(first), count) {
		op := spec.Op(cString(c.op))
		if !spec.Known(op) {
			return nil, bad("kernel %d: no op %q", k, op)
		}
		if c.run == 0 {
			return nil, bad("kernel %d, %s: no function", k, op)
		}
		row := spec.Row{Op: op, Tier: spec.Tier(cString(c.tier))}
		switch tree := cString(c.tree); tree {
		case "", "any":
			row.Tree = spec.TreeAny
		case "lanes":
			row.Tree = spec.TreeLanes
		default:
			return nil, bad("kernel %d, %s: no tree %q", k, op, tree)
		}
		if row.Tier == "" {
			return nil, bad("kernel %d, %s: no tier", k, op)
		}
		var run func(*cCall) int32
		purego.RegisterFunc(&run, c.run)
		row.Func = tableFunc(run)
		if c.available != 0 {
			var available func() int32
			purego.RegisterFunc(&available, c.available)
			ok := available() != 0
			row.Available = func() bool { return ok }
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// tableFunc is a kernel of assay_kernel.h.
type tableFunc func(*cCall) int32

func (f tableFunc) Run(c *spec.Call) {
	// The structures must stay where they are, and so must what they point to.
	var pin runtime.Pinner
	defer pin.Unpin()
	in := make([]cOperand, len(c.In))
	for k, b := range c.In {
		if len(b) > 0 {
			in[k] = cOperand{unsafe.SliceData(b), uint64(len(b))}
			pin.Pin(in[k].data)
		}
	}
	s := c.Shape
	call := &cCall{
		threads: uint32(max(c.Threads, 1)),
		rows:    int64(s.Rows), cols: int64(s.Cols), batch: int64(s.Batch), heads: int64(s.Heads), kvHeads: int64(s.KVHeads),
		nIn: uint64(len(in)), in: unsafe.SliceData(in), out: unsafe.SliceData(c.Out), outBytes: uint64(len(c.Out)),
	}
	call.size = uint32(unsafe.Sizeof(*call))
	pin.Pin(call.in)
	if call.out != nil {
		pin.Pin(call.out)
	}
	if status := f(call); status != 0 {
		panic(spec.Fault(fmt.Sprintf("returned %d: it cannot compute this call", status)))
	}
}

// cString returns the text at p, "" for none.
func cString(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
