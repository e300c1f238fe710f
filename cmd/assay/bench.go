package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/perf/benchmath"

	"assay/kernels"
	"assay/kernels/foreign"
	"assay/kernels/foreign/peers"
	"assay/props"
	"assay/spec"
)

func benchCommand() *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench [LIBRARY...]",
		Short: "Race our kernels against those of other engines' libraries",
		Long: "Bench times our kernels and every peer's in one process, in turn: a round runs each of them\n" +
			"for a few milliseconds on the same operands, and the ratio of a round (the peer's time over ours;\n" +
			"above 1 ours is faster) is made of times taken side by side. What is printed are medians over the\n" +
			"rounds, with their 95 % intervals. Libraries are those that assay lib takes, less the\n" +
			"kernels that this machine cannot run; without any, llama.cpp's fastest tiers that it can (make peers).\n\n" +
			"Work out of cache goes through several copies of the weights, larger together than\n" +
			"the caches; the memory's read bandwidth is measured in the same rounds.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.rounds < minRounds || o.slice <= 0 {
				return fmt.Errorf("bench: -rounds must be at least %d, -slice positive", minRounds)
			}
			return runBench(cmd, args, o)
		},
	}
	cmd.Flags().StringVar(&o.only, "work", "", "only work (OP/SHAPE/tTHREADS) that matches this regular expression")
	cmd.Flags().StringVar(&o.tiers, "tiers", "", "only our tiers that match this regular expression (default: the best one)")
	cmd.Flags().IntVar(&o.rounds, "rounds", 15, "rounds, at least 6")
	cmd.Flags().DurationVar(&o.slice, "slice", 4*time.Millisecond, "time of one contender in one round")
	cmd.Flags().StringVar(&o.plot, "plot", "", "draw a roofline plot to this .svg or .png file")
	return cmd
}

// minRounds is what an interval of 95 % for a median needs without an assumption.
const minRounds = 6

type benchOptions struct {
	only, tiers, plot string
	rounds            int
	slice             time.Duration
}

// work is something that is timed.
type work struct {
	op      spec.Op
	shape   spec.Shape
	threads int
	cold    bool // weights come from memory
	inPlace bool // the output is the operand, so that all stays in cache
}

func (w work) String() string {
	name := fmt.Sprintf("%s/%v/t%d", w.op, w.shape, w.threads)
	if w.cold {
		name += "/cold"
	}
	return name
}

// bytes is what one call reads and writes.
func (w work) bytes() float64 {
	in := spec.MustLookup(w.op)
	n := in.OutBytes(w.shape)
	for k, o := range in.In {
		if !o.Optional {
			n += in.InBytes(k, w.shape)
		}
	}
	return float64(n)
}

// operations is the number of multiplications and additions of a sum, and of elements of
// the other ops.
func (w work) operations() float64 {
	in, s := spec.MustLookup(w.op), w.shape
	if in.Sums() {
		return 2 * float64(s.Rows) * float64(s.Cols) * float64(s.Batch)
	}
	return float64(s.Rows) * float64(s.Cols)
}

// works is what is raced: rows of a 7 B model's hidden and FFN sizes, and its FFN matrix.
func works() []work {
	var out []work
	rows := []int{4096, 18944}
	formats := []spec.Format{spec.Q4K, spec.Q5K, spec.Q6K, spec.Q8_0, spec.Q4_0}
	for _, f := range formats {
		for _, n := range rows {
			out = append(out, work{op: spec.OpDot(f, spec.ActivationOf(f)), shape: spec.Vector(n), threads: 1})
		}
	}
	for _, f := range formats {
		out = append(out, work{op: spec.OpMatvec(f, spec.ActivationOf(f)), shape: spec.Shape{Rows: 64, Cols: 4096, Batch: 1}, threads: 1})
	}
	for _, threads := range []int{1, 2} {
		out = append(out, work{op: spec.OpMatvecQ4KQ8K, shape: spec.Shape{Rows: 3584, Cols: 18944, Batch: 1}, threads: threads, cold: true})
	}
	out = append(out, work{op: spec.OpMatvecQ4KQ8K, shape: spec.Shape{Rows: 1024, Cols: 4096, Batch: 16}, threads: 1})
	for _, op := range []spec.Op{spec.OpQuantizeQ8KGGML, spec.OpQuantizeQ8_0} {
		for _, n := range rows {
			out = append(out, work{op: op, shape: spec.Vector(n), threads: 1})
		}
	}
	for _, f := range formats {
		out = append(out, work{op: spec.OpDequant(f), shape: spec.Vector(4096), threads: 1})
	}
	for _, op := range []spec.Op{spec.OpRMSNormF32, spec.OpSoftmaxF32} {
		for _, n := range rows {
			out = append(out, work{op: op, shape: spec.Vector(n), threads: 1, inPlace: true})
		}
	}
	for _, n := range rows {
		out = append(out, work{op: spec.OpRopeF32, shape: spec.Shape{Rows: n / 128, Cols: 128, Batch: 1}, threads: 1, inPlace: true})
	}
	for _, op := range []spec.Op{spec.OpSiluF32, spec.OpSwigluF32} {
		for _, n := range rows {
			out = append(out, work{op: op, shape: spec.Vector(n), threads: 1})
		}
	}
	return append(out,
		work{op: spec.OpDotF32, shape: spec.Vector(4096), threads: 1},
		work{op: spec.OpDotF16, shape: spec.Vector(4096), threads: 1},
	)
}

// call makes a usual case of the work: the first strategy of each operand, optional ones
// absent; for functions of each element normal numbers with one that is 26 to 100 times as
// large, as activations of models are, for ours take longer where exponentials leave the range.
func (w work) call() *spec.Call {
	in := spec.MustLookup(w.op)
	r := props.Recipe{Op: w.op, Shape: w.shape, Seed: 1}
	for k, o := range in.In {
		if k > 0 {
			r.Strategy += "+"
		}
		name := props.OperandStrategies(w.op, k)[0]
		switch {
		case o.Optional:
			name = "absent"
		case in.Kind == spec.KindMap && o.Format == spec.F32 && in.Out == spec.F32:
			name = "outlier"
		}
		r.Strategy += name
	}
	c := r.Case()
	return &spec.Call{Shape: w.shape, Threads: w.threads, In: c.In, Out: make([]byte, in.OutBytes(w.shape))}
}

// coldBytes is what the copies of the weights have together, out of cache.
const coldBytes = 512 << 20

// contender is one kernel in a race: sets are the operands that it goes through in turn.
type contender struct {
	name string
	sets []*foreign.Prepared
	next int
	ns   []float64 // of one call, by round

	readBytes float64 // of one call of newReader's
}

// run makes about n calls and returns the time of one in nanoseconds.
func (c *contender) run(n int) float64 {
	calls := 0
	start := time.Now()
	for calls < n {
		p := c.sets[c.next]
		c.next = (c.next + 1) % len(c.sets)
		p.Run()
		calls += p.Calls
	}
	return float64(time.Since(start).Nanoseconds()) / float64(calls)
}

func (c *contender) close() {
	for _, p := range c.sets {
		p.Close()
	}
}

// batch is how many calls are made at once: enough that the way into them counts for little.
func (w work) batch() int {
	return int(min(max(2e6/(w.bytes()+w.operations()), 1), 64))
}

// ours are calls of one of our kernels, by its Go function, as a program makes them.
func ours(row spec.Row, c *spec.Call, inPlace bool, calls int) *foreign.Prepared {
	in := make([][]float32, len(c.In))
	for k, o := range spec.MustLookup(row.Op).In {
		if o.Format == spec.F32 && len(c.In[k]) > 0 {
			in[k] = spec.Floats(c.In[k])
		}
	}
	out := make([]float32, len(c.Out)/4)
	if inPlace {
		out = in[0]
	}
	var one func()
	switch f := row.Func.(type) {
	case spec.Dequantize:
		one = func() { f(out, c.In[0]) }
	case spec.Quantize:
		one = func() { f(c.Out, in[0]) }
	case spec.DotF32:
		one = func() { out[0] = f(in[0], in[1]) }
	case spec.DotQuant:
		one = func() { out[0] = f(c.In[0], c.In[1]) }
	case spec.MatvecQuant:
		one = func() { f(out, c.In[0], c.In[1], c.Shape, c.Threads) }
	case spec.Unary:
		one = func() { f(out, in[0]) }
	case spec.Gated:
		one = func() { f(out, in[0], in[1]) }
	case spec.Softmax:
		p := spec.ReadSoftmaxParams(c.In[2])
		one = func() { f(out, in[0], in[1], p.Scale) }
	case spec.Normalize:
		p := spec.ReadNormParams(c.In[2])
		one = func() { f(out, in[0], in[1], p.Eps) }
	case spec.Rope:
		p := spec.ReadRopeParams(c.In[2], c.Shape)
		one = func() { f(out, in[0], in[1], p) }
	default:
		one = func() { row.Func.Run(c) }
	}
	return &foreign.Prepared{Calls: calls, Close: func() {}, Run: func() {
		for range calls {
			one()
		}
	}}
}

// contend prepares a kernel for a piece of work.
func (w work) contend(name string, calls []*spec.Call, prepare func(c *spec.Call) *foreign.Prepared) *contender {
	c := &contender{name: name}
	for _, call := range calls {
		own := *call // an output of its own
		own.Out = make([]byte, len(call.Out))
		c.sets = append(c.sets, prepare(&own))
	}
	return c
}

// benchRow is the JSON form of one line: a kernel of ours against one peer, medians over
// the rounds. Without a peer, Peer is "".
type benchRow struct {
	Op      spec.Op   `json:"op"`
	Shape   string    `json:"shape"`
	Threads int       `json:"threads"`
	Cold    bool      `json:"cold"` // out of cache
	Tier    spec.Tier `json:"tier"`
	Ns      float64   `json:"ns"`
	GBps    float64   `json:"gbps"` // operands and results over time
	Peer    string    `json:"peer"`
	PeerNs  float64   `json:"peer_ns"`
	Ratio   float64   `json:"ratio"` // the peer's time over ours: above 1 ours is faster
	Lo      float64   `json:"lo"`    // 95 % interval of the ratio
	Hi      float64   `json:"hi"`
	Rounds  int       `json:"rounds"`
	// ReadGBps is the read bandwidth measured in the same rounds, of memory for cold
	// work and of the first cache otherwise.
	ReadGBps float64 `json:"read_gbps"`

	work work
}

// print prints the line, without figures of a peer where there is none.
func (r benchRow) print(out *output) {
	shape := r.Shape
	if r.Cold {
		shape += " cold"
	}
	against := "–\t–\t–\t–"
	if r.Peer != "" {
		against = fmt.Sprintf("%s\t%.5g\t%.3f\t%.3f–%.3f", r.Peer, r.PeerNs, r.Ratio, r.Lo, r.Hi)
	}
	out.row(r, "%s\t%s\t%d\t%s\t%.5g\t%.3g\t%s\t%.3g", r.Op, shape, r.Threads, r.Tier, r.Ns, r.GBps, against, r.ReadGBps)
}

// fastest lists llama.cpp's tiers, the best first.
var fastest = []string{"sapphirerapids", "zen4", "cooperlake", "icelake", "cascadelake", "cannonlake", "skylakex", "alderlake", "haswell"}

// benchPeers are the rows that are raced against, and what of the libraries named cannot
// run here. That nothing of them can is an error.
func benchPeers(paths []string) (out []spec.Row, leftOut []string, err error) {
	if len(paths) == 0 {
		out, _, err = loadPeers(installedPeers())
		return out, nil, err
	}
	out, leftOut, err = loadPeers(paths)
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("bench: this machine cannot run any kernel of %s", strings.Join(paths, ", "))
	}
	return out, leftOut, err
}

// installedPeers are the paths of llama.cpp's libraries, as far as they are installed.
func installedPeers() []string {
	var paths []string
	for _, tier := range append(slices.Clone(fastest), "base") {
		if path, err := peers.Library(tier); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// loadPeers are the rows of libraries that can run here, and the names of the others.
func loadPeers(paths []string) (out []spec.Row, leftOut []string, err error) {
	for _, path := range paths {
		rows, err := foreign.Load(path)
		if err != nil {
			return nil, nil, err
		}
		var absent []string
		for _, row := range rows {
			if row.CanRun() {
				out = append(out, row)
			} else {
				absent = append(absent, row.Name())
			}
		}
		library := filepath.Base(path)
		switch len(absent) {
		case 0:
		case len(rows):
			leftOut = append(leftOut, library)
		default:
			leftOut = append(leftOut, strings.Join(absent, ", ")+" of "+library)
		}
	}
	return out, leftOut, nil
}

func runBench(cmd *cobra.Command, paths []string, o benchOptions) error {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("bench: -work: %w", err)
	}
	tiers, err := regexp.Compile(o.tiers)
	if err != nil {
		return fmt.Errorf("bench: -tiers: %w", err)
	}
	todo, err := chooseWork(only, tiers)
	if err != nil {
		return err
	}
	others, leftOut, err := benchPeers(paths)
	if err != nil {
		return err
	}
	for _, name := range leftOut {
		remark(cmd, "left out: this machine cannot run %s", name)
	}
	if len(others) == 0 {
		_, err := peers.Libraries()
		remark(cmd, "no peers: %v", err)
	} else if alone := unrivalled(todo, others); len(alone) > 0 {
		remark(cmd, "no peer has %s", strings.Join(alone, ", "))
	}
	out := newOutput(cmd, "OP\tSHAPE\tTHREADS\tTIER\tNS\tGB/S\tPEER\tPEER NS\tRATIO\t95 %\tREAD GB/S")
	bar := newProgress(len(todo))
	defer bar.done()
	var all []benchRow
	for _, w := range todo {
		if cmd.Context().Err() != nil {
			break
		}
		bar.step("%v", w)
		rows := w.race(cmd.Context(), w.own(tiers), w.rivals(others), o)
		all = append(all, rows...)
		for _, r := range rows {
			r.print(out)
		}
	}
	bar.done()
	out.flush()
	if o.plot != "" {
		return plotRoofline(o.plot, all)
	}
	return nil
}

// chooseWork is the work that matches and that a tier of ours that matches can do here.
func chooseWork(only, tiers *regexp.Regexp) ([]work, error) {
	var out []work
	matched := false
	for _, w := range works() {
		if !only.MatchString(w.String()) {
			continue
		}
		matched = true
		if len(w.own(tiers)) > 0 {
			out = append(out, w)
		}
	}
	switch {
	case !matched:
		return nil, fmt.Errorf("bench: no work matches %q", only)
	case len(out) == 0:
		return nil, fmt.Errorf("bench: no tier of ours that this CPU can run matches %q", tiers)
	}
	return out, nil
}

// own are the rows of ours that are raced: of those that match, or else the best.
func (w work) own(tiers *regexp.Regexp) []spec.Row {
	if tiers.String() == "" {
		return []spec.Row{kernels.Dispatched(w.op)}
	}
	var out []spec.Row
	for _, row := range kernels.For(w.op) {
		if row.CanRun() && tiers.MatchString(string(row.Tier)) {
			out = append(out, row)
		}
	}
	return out
}

// rivals are those of the peers' rows that do the work.
func (w work) rivals(others []spec.Row) []spec.Row {
	var out []spec.Row
	for _, row := range others {
		_, way, _ := strings.Cut(string(row.Tier), ":")
		switch {
		case row.Op != w.op, way == "generic": // the twins are references
		case way == "gemv" && w.shape.Batch > 1, way == "gemm" && w.shape.Batch == 1: // each of the repacked kernels in its own field
		default:
			out = append(out, row)
		}
	}
	return out
}

// unrivalled are the ops of work that no peer does.
func unrivalled(todo []work, others []spec.Row) []string {
	var out []string
	for _, w := range todo {
		if len(w.rivals(others)) == 0 && !slices.Contains(out, string(w.op)) {
			out = append(out, string(w.op))
		}
	}
	return out
}

// race times all contenders for a piece of work: our own rows and the others.
func (w work) race(ctx context.Context, own, others []spec.Row, o benchOptions) []benchRow {
	in := spec.MustLookup(w.op)
	calls := []*spec.Call{w.call()}
	for size := in.InBytes(0, w.shape); w.cold && size*len(calls) < coldBytes; {
		again := *calls[0]
		again.In = slices.Clone(again.In)
		again.In[0] = slices.Clone(again.In[0])
		calls = append(calls, &again)
	}
	batch := w.batch()
	var all []*contender
	for _, row := range own {
		all = append(all, w.contend(string(row.Tier), calls, func(c *spec.Call) *foreign.Prepared { return ours(row, c, w.inPlace, batch) }))
	}
	for _, row := range others {
		all = append(all, w.contend(string(row.Tier), calls, func(c *spec.Call) *foreign.Prepared { return foreign.Prepare(row, c, batch) }))
	}
	read := newReader(w)
	all = append(all, read)
	defer func() {
		for _, c := range all {
			c.close()
		}
	}()

	// One thread stays where it is; several are the scheduler's.
	if w.threads == 1 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer pin()()
	}
	// Warm up, and find how many calls fill the time.
	n := make([]int, len(all))
	for i, c := range all {
		c.run(1)
		ns := min(c.run(1), c.run(batch))
		n[i] = max(1, int(float64(o.slice.Nanoseconds())/ns))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for range o.rounds {
		if ctx.Err() != nil {
			return nil
		}
		for _, i := range rng.Perm(len(all)) {
			all[i].ns = append(all[i].ns, all[i].run(n[i]))
		}
	}
	bandwidth := read.readBytes / median(read.ns).Center
	var out []benchRow
	for k, row := range own {
		us := all[k]
		line := benchRow{
			Op: w.op, Shape: w.shape.String(), Threads: w.threads, Cold: w.cold, Tier: row.Tier,
			Ns: median(us.ns).Center, Rounds: o.rounds, ReadGBps: bandwidth, work: w,
		}
		line.GBps = w.bytes() / line.Ns
		rivals := all[len(own) : len(all)-1]
		if len(rivals) == 0 {
			out = append(out, line)
		}
		for _, peer := range rivals {
			ratios := make([]float64, len(us.ns))
			for i := range ratios {
				ratios[i] = peer.ns[i] / us.ns[i]
			}
			m := median(ratios)
			line.Peer, line.PeerNs, line.Ratio, line.Lo, line.Hi = peer.name, median(peer.ns).Center, m.Center, m.Lo, m.Hi
			out = append(out, line)
		}
	}
	return out
}

// median returns a median with its 95 % interval, assuming nothing of the distribution.
func median(x []float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(benchmath.NewSample(x, &benchmath.DefaultThresholds), .95)
}

// cacheFloats is what the reader goes through where memory's bandwidth does not matter: half
// of a first cache.
const cacheFloats = 4096

// newReader reads as a kernel at its best does, on as many threads as the work has: dots by the best of our
// kernels. In the first cache it is the dot of a vector with itself, whose elements count twice, for they are loaded
// twice. Out of cache it is that of two vectors far apart: a single stream comes from memory at about
// three quarters of the rate.
func newReader(w work) *contender {
	dot := kernels.Dispatched(spec.OpDotF32).Func.(spec.DotF32)
	n, calls := cacheFloats, 64
	if w.cold {
		n, calls = coldBytes/8, 1
	}
	x := make([]float32, n)
	for i := range x {
		x[i] = 1 // a page that was never written is the same for all
	}
	y := x
	if w.cold {
		y = slices.Clone(x)
	}
	sink := make([]float32, 64*w.threads) // those of two threads in no cache line together
	read := func(t int) {
		const piece = 1 << 16 // a dot may not be longer than its bound allows
		for lo, end := n*t/w.threads, n*(t+1)/w.threads; lo < end; lo += piece {
			hi := min(lo+piece, end)
			sink[64*t] += dot(x[lo:hi], y[lo:hi])
		}
	}
	run := func() {
		for range calls {
			read(0)
		}
	}
	if w.threads > 1 {
		run = func() {
			var wg sync.WaitGroup
			for t := range w.threads {
				wg.Go(func() { read(t) })
			}
			wg.Wait()
		}
		calls = 1
	}
	return &contender{name: "read", readBytes: 8 * float64(n), sets: []*foreign.Prepared{{Calls: calls, Close: func() {}, Run: run}}}
}
