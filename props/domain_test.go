package props_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"assay/kernels"
	"assay/oracle"
	"assay/props"
	"assay/spec"
)

// TestDomainCovers: the chunks of a dequantiser's domain hold every scale with
// every quant, for every d.
func TestDomainCovers(t *testing.T) {
	for _, d := range props.Domains() {
		l := spec.LayoutOf(spec.MustLookup(d.Op).In[0].Format)
		if l == nil {
			continue
		}
		t.Run(string(d.Op), func(t *testing.T) {
			t.Parallel()
			last := map[spec.ScaleKind]uint32{spec.ScaleF32: 0xffffffff, spec.ScaleE8M0: 0xff, spec.ScaleUE4M3: 0xff, spec.ScaleF16: 0xffff}[l.DKind]
			lo, hi := l.ScaleRange()
			want := (hi - lo + 1) * len(l.Codes)
			chunks := []int{0, d.Chunks / 2, d.Chunks - 1}
			seen := map[uint32]map[int]bool{}
			mins := map[uint32]map[uint32]bool{}
			for _, k := range chunks {
				c := d.Case(k)
				size := l.Format.BlockBytes()
				for o := 0; o < len(c.In[0]); o += size {
					blk := c.In[0][o : o+size]
					if l.M.Count > 0 {
						m := l.M.Get(blk, 0)
						if mins[m] == nil {
							mins[m] = map[uint32]bool{}
						}
						for g := range l.Groups() {
							if l.Min.Count > 0 {
								mins[m][l.Min.Get(blk, g)] = true
							}
						}
						if m != 0 {
							continue // with minimums
						}
					}
					v := l.D.Get(blk, 0)
					if seen[v] == nil {
						seen[v] = map[int]bool{}
					}
					for i := range l.Quant.Count {
						seen[v][(l.ScaleOf(blk, i/l.GroupLen)-lo)*len(l.Codes)+int(l.Quant.Get(blk, i))] = true
					}
				}
			}
			for _, v := range []uint32{0, last} {
				if len(seen[v]) != want {
					t.Errorf("d = %x: %d pairs of scale and quant, want %d", v, len(seen[v]), want)
				}
				if n := 1 << l.Min.Width; l.Min.Count > 0 && len(mins[v]) != n {
					t.Errorf("dmin = %x: %d minimums, want %d", v, len(mins[v]), n)
				}
			}
		})
	}
}

// TestDomains is the quick lane of the sweeps: small domains whole, of the
// others a chunk in many.
func TestDomains(t *testing.T) {
	for _, d := range props.Domains() {
		if !spec.MustLookup(d.Op).Exact {
			continue // the sweep property, and TestWorst
		}
		t.Run(string(d.Op), func(t *testing.T) {
			t.Parallel()
			step := max(1, d.Chunks/4)
			if testing.Short() || raceEnabled {
				step = d.Chunks
			}
			for k := 0; k < d.Chunks; k += step {
				c := d.Case(k)
				want, err := oracle.Bulk(c, spec.TreeLanes)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range kernels.For(d.Op) {
					if !row.CanRun() {
						continue
					}
					if v := props.JudgeCase(row, c, want); v.Failed {
						v.Verdict.Replay = "go run ./cmd/assay sweep " + string(d.Op)
						t.Error(v.Verdict)
					}
				}
			}
		})
	}
}

// TestWorst judges the recorded worst arguments of the functions, and those next
// to them, on every tier.
func TestWorst(t *testing.T) {
	for _, op := range []spec.Op{spec.OpExpF32, spec.OpSiluF32, spec.OpGeluF32} {
		data, err := os.ReadFile(filepath.Join("..", "corpus", "worst", string(op)+".json"))
		if err != nil {
			t.Errorf("no recorded sweep: %v", err)
			continue
		}
		var recorded struct {
			Argument string `json:"argument"`
			Chunks   int    `json:"chunks"`
			Of       int    `json:"of"`
		}
		if err := json.Unmarshal(data, &recorded); err != nil || recorded.Chunks < recorded.Of || recorded.Of == 0 {
			t.Errorf("%s: %v, %d of %d chunks: want a complete sweep", op, err, recorded.Chunks, recorded.Of)
		}
		bits, err := strconv.ParseUint(recorded.Argument, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		var x []float32
		for i := range uint32(65) {
			x = append(x, math.Float32frombits(uint32(bits)+i-32))
		}
		c := &spec.Case{ID: "beside " + recorded.Argument, Op: op, Shape: spec.Vector(len(x)), In: [][]byte{spec.FloatBytes(x)}}
		want, err := oracle.Eval(c, spec.TreeLanes)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range kernels.For(op) {
			if !row.CanRun() {
				continue
			}
			v := props.JudgeCase(row, c, want)
			if v.Failed {
				t.Error(v.Verdict)
			}
			t.Logf("%s: err/bound %.4f", row.Name(), v.Worst)
		}
	}
}
