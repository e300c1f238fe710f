package kernels

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"

	"assay/spec"
)

// entry returns the function value that the exported function of an op calls.
func entry(op spec.Op) spec.Func {
	return map[spec.Op]spec.Func{
		spec.OpDequantQ4K:          dequantQ4K,
		spec.OpQuantizeQ8KGGML:     quantizeQ8KGGML,
		spec.OpQuantizeQ8KAprender: quantizeQ8KAprender,
		spec.OpDotF32:              dotF32,
		spec.OpDotQ4KQ8K:           dotQ4KQ8K,
		spec.OpMatvecQ4KQ8K:        matvecQ4KQ8K,
		spec.OpMatvecQ4KF32:        matvecQ4KF32,
	}[op]
}

// bestTier decides by the CPU alone, without the registry.
func bestTier() spec.Tier {
	assembly := wantAssembly
	x := cpu.X86
	switch {
	case assembly && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512VNNI && x.HasBMI2:
		return spec.TierAVX512VNNI
	case assembly && x.HasAVX2 && x.HasFMA && x.HasF16C:
		return spec.TierAVX2
	}
	return spec.TierGeneric
}

// assembled lists the ops that have every tier, but for avx512wide; the others have the reference
// loop alone.
var assembled = []spec.Op{
	spec.OpDequantQ4K, spec.OpQuantizeQ8_0, spec.OpQuantizeQ8_1, spec.OpQuantizeQ8KGGML, spec.OpQuantizeQ8KAprender,
	spec.OpDotF32, spec.OpDotQ4KQ8K, spec.OpMatvecQ4KQ8K, spec.OpMatvecQ4KF32,
	spec.OpConvertF16F32, spec.OpConvertBF16F32, spec.OpConvertF32F16, spec.OpConvertF32BF16,
	spec.OpDotF16, spec.OpDotBF16, spec.OpMatvecF32, spec.OpExpF32, spec.OpSiluF32, spec.OpGeluF32, spec.OpSwigluF32, spec.OpSoftmaxF32, spec.OpRMSNormF32, spec.OpRopeF32, spec.OpAttentionF32,
	spec.OpDequant(spec.Q6K), spec.OpDot(spec.Q6K, spec.Q8K), spec.OpMatvec(spec.Q6K, spec.Q8K),
	spec.OpDequant(spec.Q8_0), spec.OpDot(spec.Q8_0, spec.Q8_0), spec.OpMatvec(spec.Q8_0, spec.Q8_0),
	spec.OpDequant(spec.Q4_0), spec.OpDot(spec.Q4_0, spec.Q8_0), spec.OpMatvec(spec.Q4_0, spec.Q8_0),
	spec.OpDequant(spec.Q5K), spec.OpDot(spec.Q5K, spec.Q8K), spec.OpMatvec(spec.Q5K, spec.Q8K),
}

// wide lists the ops that have the tier avx512wide too.
var wide = []spec.Op{
	spec.OpDotQ4KQ8K, spec.OpMatvecQ4KQ8K, spec.OpRMSNormF32,
	spec.OpDot(spec.Q5K, spec.Q8K), spec.OpMatvec(spec.Q5K, spec.Q8K),
	spec.OpDot(spec.Q6K, spec.Q8K), spec.OpMatvec(spec.Q6K, spec.Q8K),
	spec.OpDot(spec.Q8_0, spec.Q8_0), spec.OpMatvec(spec.Q8_0, spec.Q8_0),
	spec.OpDot(spec.Q4_0, spec.Q8_0), spec.OpMatvec(spec.Q4_0, spec.Q8_0),
}

// TestDispatch: each op's best row is of the best tier that it has, and each
// entry reaches it.
func TestDispatch(t *testing.T) {
	for _, in := range spec.Ops() {
		row, want := Dispatched(in.Op), spec.TierGeneric
		if slices.Contains(assembled, in.Op) {
			want = bestTier()
		}
		zen5 := cpuid.CPU.VendorString == "AuthenticAMD" && cpuid.CPU.Family >= 26
		if want == spec.TierAVX512VNNI && slices.Contains(wide, in.Op) && zen5 {
			want = spec.TierAVX512Wide
		}
		if row.Tier != want {
			t.Errorf("%s is dispatched to %s, want %s", in.Op, row.Tier, want)
		}
		if f := entry(in.Op); f != nil && reflect.ValueOf(f).Pointer() != reflect.ValueOf(row.Func).Pointer() {
			t.Errorf("%s: the entry does not call the row that Dispatched names", in.Op)
		}
	}
}

// TestCensus: every op has its tiers, in order, and no two assembly rows are one
// function.
func TestCensus(t *testing.T) {
	if built := len(assemblyRows()) > 0; built != wantAssembly {
		t.Errorf("assembly rows: %v, want %v", built, wantAssembly)
	}
	seen, n := map[uintptr]string{}, 0
	for _, in := range spec.Ops() {
		want := []spec.Tier{spec.TierGeneric}
		if wantAssembly && slices.Contains(assembled, in.Op) {
			want = slices.DeleteFunc(spec.Tiers(), func(t spec.Tier) bool {
				return t == spec.TierAVX512Wide && !slices.Contains(wide, in.Op)
			})
		}
		n += len(want)
		var got []spec.Tier
		for _, row := range For(in.Op) {
			got = append(got, row.Tier)
			if row.Tier == spec.TierGeneric {
				continue // some are made by one function
			}
			p := reflect.ValueOf(row.Func).Pointer()
			if other := seen[p]; other != "" {
				t.Errorf("%s and %s are the same function", row.Name(), other)
			}
			seen[p] = row.Name()
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s has tiers %v, want %v", in.Op, got, want)
		}
	}
	if len(Rows()) != len(rows) || len(rows) != n {
		t.Errorf("Rows has %d rows, the table %d, want %d", len(Rows()), len(rows), n)
	}
}

// TestOrder: of a CPU that has everything the best tier is chosen, and of one that lacks
// a single feature that a tier needs, a lower one.
func TestOrder(t *testing.T) {
	if !wantAssembly {
		t.Skip("no assembly in this build")
	}
	old, oldWide, prefersWide := cpu.X86, setWide512(true), true
	defer func() { cpu.X86 = old; setWide512(oldWide) }()
	x := &cpu.X86
	all := func() {
		for _, f := range []*bool{
			&x.HasAVX, &x.HasAVX2, &x.HasFMA, &x.HasF16C, &x.HasBMI1, &x.HasBMI2,
			&x.HasAVX512F, &x.HasAVX512BW, &x.HasAVX512DQ, &x.HasAVX512VL, &x.HasAVX512VNNI,
		} {
			*f = true
		}
	}
	check := func(what string, tier spec.Tier) {
		t.Helper()
		for _, op := range assembled {
			want := tier
			if tier == spec.TierAVX512VNNI && slices.Contains(wide, op) && prefersWide {
				want = spec.TierAVX512Wide
			}
			if got := Dispatched(op).Tier; got != want {
				t.Errorf("%s, a CPU with %s: dispatched to %s, want %s", op, what, got, want)
			}
		}
	}
	all()
	check("everything", "avx512vnni")
	prefersWide = false
	setWide512(prefersWide)
	check("everything, but 512 bits in two turns", "avx512vnni")
	prefersWide = true
	setWide512(prefersWide)
	for name, f := range map[string]*bool{
		"F": &x.HasAVX512F, "BW": &x.HasAVX512BW, "DQ": &x.HasAVX512DQ, "VL": &x.HasAVX512VL, "VNNI": &x.HasAVX512VNNI, "BMI2": &x.HasBMI2,
	} {
		all()
		*f = false
		check("everything but AVX-512's "+name, "avx2")
	}
	for name, f := range map[string]*bool{"AVX2": &x.HasAVX2, "FMA": &x.HasFMA, "F16C": &x.HasF16C} {
		all()
		*f = false
		check("everything but "+name, "generic")
	}
}

// TestNames: a row's function is of the row's tier, which its name ends in.
func TestNames(t *testing.T) {
	for _, row := range assemblyRows() {
		name := runtime.FuncForPC(reflect.ValueOf(row.Func).Pointer()).Name()
		end := map[spec.Tier]string{spec.TierAVX2: "AVX2", spec.TierAVX512VNNI: "AVX512", spec.TierAVX512Wide: "AVX512Wide"}[row.Tier]
		if !strings.HasSuffix(name, end) {
			t.Errorf("%s is computed by %s", row.Name(), name)
		}
	}
}

// TestRowsImmutable: what a caller does to the result does not matter.
func TestRowsImmutable(t *testing.T) {
	Rows()[0].Func = nil
	For(spec.OpDotF32)[0].Tier = "x"
	if Rows()[0].Func == nil || For(spec.OpDotF32)[0].Tier == "x" {
		t.Error("a caller can change the registry")
	}
}

func TestRequire(t *testing.T) {
	for _, tt := range []struct{ env, err string }{
		{"", ""}, {"generic", ""}, {" generic , ", ""}, {"neon", "this build lacks"}, {"generic,avx3", "this build lacks"},
	} {
		t.Setenv(RequireEnv, tt.env)
		err := CheckRequired()
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s=%q: %v, want %q", RequireEnv, tt.env, err, tt.err)
		}
	}
	for _, tier := range spec.Tiers() {
		t.Setenv(RequireEnv, string(tier))
		present := len(For(spec.OpDotQ4KQ8K)) > 1 || tier == spec.TierGeneric
		for _, row := range For(spec.OpDotQ4KQ8K) {
			if row.Tier == tier {
				present = row.CanRun()
			}
		}
		if err := CheckRequired(); (err == nil) != present {
			t.Errorf("%s=%s: %v, tier present: %v", RequireEnv, tier, err, present)
		}
	}
}

// TestPanics: lengths that do not fit are programmer errors on every tier.
func TestPanics(t *testing.T) {
	s := spec.Shape{Rows: 2, Cols: 256, Batch: 1}
	for _, row := range Rows() {
		if !row.CanRun() {
			continue
		}
		in := spec.MustLookup(row.Op)
		shape := spec.Vector(512)
		if in.Kind == spec.KindMatvec || in.Kind == spec.KindHeads {
			shape = s
		}
		if in.Kind == spec.KindAttention {
			shape = spec.Shape{Rows: 2, Cols: 16, Batch: 3, Heads: 4, KVHeads: 2}
		}
		for k := range len(in.In) + 1 {
			c := &spec.Call{Shape: shape, Threads: 1, Out: make([]byte, in.OutBytes(shape))}
			for i := range in.In {
				c.In = append(c.In, make([]byte, in.InBytes(i, shape)))
			}
			if row.Op == spec.OpRopeF32 {
				copy(c.In[2], spec.RopeParams{Width: 256, Theta: 1e4, FreqScale: 1, AttnFactor: 1, BetaFast: 32, BetaSlow: 1, OrigContext: 4096}.Bytes())
			}
			if k < len(c.In) && in.In[k].Format == spec.Params {
				continue // not a slice of the kernel's
			}
			if k < len(c.In) {
				c.In[k] = c.In[k][:len(c.In[k])-4]
			} else if in.Kind == spec.KindDot {
				continue // the output is a return value
			} else {
				c.Out = c.Out[:len(c.Out)-4]
			}
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: no panic with operand %d too short", row.Name(), k)
					}
				}()
				row.Func.Run(c)
			}()
		}
	}
}

func TestFMA32(t *testing.T) {
	const u = 0x1p-24
	for _, tt := range []struct{ a, b, c, want float32 }{
		{1 + 2*u, 1 + 2*u, -1, 4*u + 4*u*u},
		{1, 1, u, 1},             // a tie, to even
		{1, 1 + 2*u, u, 1 + 4*u}, // a tie, to even
		{1, 1, 0x1p-149, 1},
		// A tie in float32 that only the part below float64's last bit decides.
		{1 + 0x1p-12, 1 + 0x1p-12, 0x1p-80, 1 + 0x1p-11 + 0x1p-23},
		{0x1p-100, 0x1p-100, 0, 0},
		{0x1p-75, 0x1p-75, 0, 0},               // 2^-150 is a tie with zero
		{0x1p-75, 0x1p-75, 0x1p-149, 0x1p-148}, // a tie, to even
		{0x1p127, 2, -0x1p127, 0x1p127},
	} {
		if got := fma32(tt.a, tt.b, tt.c); got != tt.want {
			t.Errorf("fma32(%g, %g, %g) = %g, want %g", tt.a, tt.b, tt.c, got, tt.want)
		}
	}
}
