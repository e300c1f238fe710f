//go:build linux && (amd64 || arm64)

package foreign

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"assay/spec"
)

// preparer is a kernel that is called by being prepared, once or for timing.
type preparer interface {
	prepare(c *spec.Call, calls int) *Prepared
}

// prepared makes a kernel of a preparer.
type prepared struct{ preparer }

func (f prepared) Run(c *spec.Call) {
	p := f.prepare(c, 1)
	defer p.Close()
	p.Run()
	if p.finish != nil {
		p.finish()
	}
	runtime.KeepAlive(p)
	runtime.KeepAlive(c)
}

// Prepare makes a row of Load ready for timing: calls calls on the same operands.
func Prepare(row spec.Row, c *spec.Call, calls int) *Prepared {
	if f, ok := row.Func.(preparer); ok {
		p := f.prepare(c, calls)
		p.keep = append(p.keep, c)
		return p
	}
	return prepareRuns(row, c, calls)
}

// repeated are calls of a C function with up to eight arguments that are no floats. The
// assembly knows its layout.
type repeated struct {
	f, n uintptr
	args [8]uintptr
	step [8]uintptr // added to the arguments after each call
}

// prepare prepares calls of r.
func (r repeated) prepare(calls int) *Prepared {
	r.n = uintptr(calls)
	return &Prepared{Calls: calls, Close: func() {}, Run: r.do}
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

func (f converter) prepare(c *spec.Call, calls int) *Prepared {
	return repeated{f: f.symbol, args: [8]uintptr{address(c.In[0]), address(c.Out), uintptr(c.Shape.Cols)}}.prepare(calls)
}

func (f unaryVector) prepare(c *spec.Call, calls int) *Prepared {
	return repeated{f: f.symbol, args: [8]uintptr{uintptr(c.Shape.Cols), address(c.Out), address(c.In[0])}}.prepare(calls)
}

func (f gatedVector) prepare(c *spec.Call, calls int) *Prepared {
	return repeated{f: f.symbol, args: [8]uintptr{uintptr(c.Shape.Cols), address(c.Out), address(c.In[0]), address(c.In[1])}}.prepare(calls)
}

func (f dot) prepare(c *spec.Call, calls int) *Prepared {
	return repeated{f: f.symbol, args: [8]uintptr{uintptr(c.Shape.Cols), address(c.Out), 0, address(c.In[0]), 0, address(c.In[1]), 0, 1}}.prepare(calls)
}

// prepare makes the dots of all rows for one activation after the other, rows divided
// among threads.
func (m dotRows) prepare(c *spec.Call, calls int) *Prepared {
	s := c.Shape
	w, x := len(c.In[0])/s.Rows, len(c.In[1])/s.Batch
	var parts [][]*repeated // by thread
	threads := min(max(c.Threads, 1), s.Rows)
	for t := range threads {
		lo, hi := s.Rows*t/threads, s.Rows*(t+1)/threads
		var part []*repeated
		for b := range s.Batch {
			r := &repeated{f: m.dot.symbol, n: uintptr(hi - lo), args: [8]uintptr{
				uintptr(s.Cols), address(c.Out) + uintptr(4*(b*s.Rows+lo)), 0, address(c.In[0]) + uintptr(lo*w), 0, address(c.In[1]) + uintptr(b*x), 0, 1,
			}}
			r.step[1], r.step[3] = 4, uintptr(w)
			part = append(part, r)
		}
		parts = append(parts, part)
	}
	return &Prepared{Calls: calls, Close: func() {}, Run: func() {
		for range calls {
			inParallel(parts)
		}
	}}
}

func inParallel(parts [][]*repeated) {
	run := func(part []*repeated) {
		for _, r := range part {
			r.do()
		}
	}
	var wg sync.WaitGroup
	for _, part := range parts[1:] {
		wg.Go(func() { run(part) })
	}
	run(parts[0])
	wg.Wait()
}

func (k repackedGemv) prepare(c *spec.Call, calls int) *Prepared {
	x := c.In[1]
	size := k.x.Bytes(c.Shape.Cols)
	return k.prepareRows(c, calls, c.Shape.Batch, func(out []float32, p *packed, lo, hi, b int) *repeated {
		return &repeated{f: k.gemv.symbol, n: 1, args: [8]uintptr{
			uintptr(p.cols), floatAddress(out) + uintptr(4*(b*p.rows+lo)), uintptr(p.rows), p.address(lo), address(x) + uintptr(b*size), 1, uintptr(hi - lo),
		}}
	})
}

func (k repackedGemm) prepare(c *spec.Call, calls int) *Prepared {
	x, batch := interleave(c.In[1], k.x, c.Shape)
	p := k.prepareRows(c, calls, 1, func(out []float32, p *packed, lo, hi, _ int) *repeated {
		return &repeated{f: k.gemm.symbol, n: 1, args: [8]uintptr{
			uintptr(p.cols), floatAddress(out) + uintptr(4*lo), uintptr(p.rows), p.address(lo), address(x), uintptr(batch), uintptr(hi - lo),
		}}
	})
	p.keep = append(p.keep, x)
	return p
}

func floatAddress(x []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(x))) }

// address is where the group of rows that row lo begins lies.
func (p *packed) address(lo int) uintptr {
	return uintptr(unsafe.Pointer(p.data)) + uintptr(lo*p.w.Bytes(p.cols))
}

// prepareRows divides groups of rows among threads.
func (k *repackedKernels) prepareRows(c *spec.Call, calls, times int, one func(out []float32, p *packed, lo, hi, b int) *repeated) *Prepared {
	p := k.pack(c.In[0], c.Shape)
	out := make([]float32, p.rows*(c.Shape.Batch+3))
	groups := p.rows / k.rows
	threads := min(max(c.Threads, 1), groups)
	var parts [][]*repeated
	for t := range threads {
		lo, hi := groups*t/threads*k.rows, groups*(t+1)/threads*k.rows
		var part []*repeated
		for b := range times {
			part = append(part, one(out, p, lo, hi, b))
		}
		parts = append(parts, part)
	}
	return &Prepared{
		Calls: calls, Close: p.free, keep: []any{out},
		Run: func() {
			for range calls {
				inParallel(parts)
			}
		},
		finish: func() { // without the rows that fill the last group
			for b := range c.Shape.Batch {
				spec.PutFloats(c.Out[4*b*c.Shape.Rows:4*(b+1)*c.Shape.Rows], out[b*p.rows:b*p.rows+c.Shape.Rows])
			}
		},
	}
}

// prepare builds one graph of calls nodes. Those that have a form in place are a chain on
// the same memory.
func (n node) prepare(c *spec.Call, calls int) *Prepared {
	if c.Shape.Cols == 0 { // ggml has no tensor of no columns: what is judged here is not ggml's
		return &Prepared{Calls: calls, Run: func() { clear(c.Out) }, Close: func() {}}
	}
	size := graphBytes + calls*(len(c.Out)+4*tensorAlign+1024)
	for _, b := range c.In {
		size += len(b) + tensorAlign
	}
	s := &session{g: n.g, ctx: n.g.init(initParams{size: uint64(size)}), nodes: calls}
	if s.ctx == 0 {
		panic(spec.Fault("ggml_init failed"))
	}
	y := n.build(s, c)
	graph := n.g.graph(s.ctx)
	for _, also := range s.also {
		n.g.expand(graph, also)
	}
	n.g.expand(graph, y)
	threads := n.threads
	if threads == 0 {
		threads = max(c.Threads, 1)
	}
	plan := n.g.plan(graph, int32(threads), 0)
	work := make([]byte, plan.size+tensorAlign)
	plan.work = (address(work) + tensorAlign - 1) &^ (tensorAlign - 1)
	return &Prepared{
		Calls: calls, Close: func() { n.g.free(s.ctx) }, keep: []any{work},
		Run: func() {
			if status := n.g.run(graph, &plan); status != 0 {
				panic(spec.Fault(fmt.Sprintf("ggml_graph_compute: status %d", status)))
			}
		},
		finish: func() { copy(c.Out, s.bytes(y, len(c.Out))) },
	}
}
