package assembly

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"assay/kernels"
	"assay/spec"
)

const root = "../.."

func needAVX2(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs; not with -short")
	}
	if !slices.ContainsFunc(kernels.For(spec.OpDequant(spec.Q8_0)), func(r spec.Row) bool { return r.Tier == "avx2" && r.CanRun() }) {
		t.Skip("no AVX2 here")
	}
}

// TestBuild: the program runs the copy that it is told to run, and tells how it ended.
func TestBuild(t *testing.T) {
	needAVX2(t)
	ctx, ops := t.Context(), []spec.Op{spec.OpDequant(spec.Q8_0)}
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(abs, "kernels", "dequant_q8_0_avx2_amd64.s")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadSource(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBuild(ctx, abs, t.TempDir(), s)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the source was changed: %v", err)
	}
	if n := len(s.Routines[0].Mutations()); len(b.Mutants[0]) < 100 || len(b.Mutants[0])+b.Refused != n {
		t.Errorf("%d mutants and %d refused of %d", len(b.Mutants[0]), b.Refused, n)
	}
	users, err := b.Users(ctx, 0, "avx2", []spec.Op{spec.OpDequant(spec.Q4_0), spec.OpDequant(spec.Q8_0), spec.OpExpF32})
	if err != nil || !slices.Equal(users, ops) {
		t.Errorf("used by %v, %v, want %v", users, err, ops)
	}
	judge := func(copy int) Verdict {
		v, err := b.Judge(ctx, 0, copy, "avx2", ops, 1)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := judge(correct); v.Killed {
		t.Errorf("the routine as it is: %+v", v)
	}
	if v := judge(trap); !v.Killed || v.By != Crash {
		t.Errorf("the trap: %+v", v)
	}
	ended := map[string]bool{}
	for i, m := range b.Mutants[0] {
		text := m.Kind + " " + parse(s.Routines[0].Body[m.Statement].Text).op
		switch {
		case strings.HasPrefix(text, "condition J"), strings.HasPrefix(text, "drop VMULPS"), strings.HasPrefix(text, "drop SUBQ"):
			ended[judge(firstMutant+i).By] = true
		}
	}
	if !ended["accuracy"] {
		t.Errorf("mutants ended by %v", ended)
	}
	// Another op does not run the routine: nothing is found.
	if v, err := b.Judge(ctx, 0, trap, "avx2", []spec.Op{spec.OpDequant(spec.Q4_0)}, 1); err != nil || v.Killed {
		t.Errorf("an op without the routine: %+v, %v", v, err)
	}
}

// TestOneFloat: which ops have so few arguments that all can be run.
func TestOneFloat(t *testing.T) {
	for op, want := range map[spec.Op]bool{
		spec.OpGeluF32: true, spec.OpConvertF32BF16: true,
		spec.OpSwigluF32: false, spec.OpConvertBF16F32: false, spec.OpRMSNormF32: false, spec.OpDotF32: false,
	} {
		if got := oneFloat([]spec.Op{spec.OpExpF32, op}); got != want {
			t.Errorf("%s: %v", op, got)
		}
	}
}

// TestHang: a call that does not return ends the child.
func TestHang(t *testing.T) {
	needAVX2(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "child")
	for text, want := range map[string]Verdict{
		`printf '\003' | dd of=$ASSAY_ASM_CALLS conv=notrunc 2>&1; sleep 9`:                   {Killed: true, By: Hang},
		`printf '\003' | dd of=$ASSAY_ASM_CALLS conv=notrunc 2>/dev/null; sleep 1; echo '{}'`: {},
		`echo '{"killed":true,"by":"x(y)"}'`:                                                  {Killed: true, By: "x(y)"},
		`echo '{"killed":true}'; exit 1`:                                                      {Killed: true, By: Crash},
		"echo x":                                                                              {Killed: true, By: Crash},
		"exit 2":                                                                              {Killed: true, By: Crash},
	} {
		if err := os.WriteFile(script, []byte("#!/bin/sh\n"+text+"\n"), 0o777); err != nil {
			t.Fatal(err)
		}
		b := &Build{Program: script}
		if v, err := b.Judge(t.Context(), 0, 0, "avx2", nil, 1); err != nil || v != want {
			t.Errorf("%s: %+v, %v, want %+v", text, v, err, want)
		}
	}
	b := &Build{Program: filepath.Join(dir, "none")}
	if v, err := b.Judge(t.Context(), 0, 0, "avx2", nil, 1); !errors.Is(err, fs.ErrNotExist) || v.Killed {
		t.Errorf("no program: %+v, %v", v, err)
	}
}

// TestCampaign: mutants are judged once, and not again when their results are known.
func TestCampaign(t *testing.T) {
	needAVX2(t)
	o := Options{Root: root, Routines: regexp.MustCompile("^scaleF32AVX2$"), Sample: 8, Seed: 1}
	var all []Result
	var begun string
	o.Begin = func(routine string, n int) { begun += routine }
	o.End = func(r Result) { all = append(all, r) }
	if err := Campaign(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if len(all) != 8 || begun != "scaleF32AVX2" {
		t.Errorf("%d results of %q", len(all), begun)
	}
	killed := 0
	for _, r := range all {
		if r.Status == Killed {
			killed++
		}
		if r.File == "" || r.Line == 0 || r.Routine != "scaleF32AVX2" || r.Before == "" || (r.Status == Killed) != (r.By != "") {
			t.Errorf("%+v", r)
		}
	}
	if killed < 5 {
		t.Errorf("%d of 8 killed", killed)
	}
	o.Known, all = slices.Clone(all), nil
	for i := range o.Known {
		o.Known[i].Status, o.Known[i].By = Killed, "an earlier run"
	}
	if err := Campaign(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.By != "an earlier run" {
			t.Errorf("judged again: %+v", r)
		}
	}
	o.Known = nil
	for _, bad := range []Options{{Root: root, Routines: regexp.MustCompile("^none$")}, {Root: t.TempDir()}} {
		bad.Begin, bad.End = o.Begin, o.End
		if err := Campaign(t.Context(), bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

func TestReadResults(t *testing.T) {
	const line = `{"routine":"f","status":"killed"}` + "\n"
	for text, want := range map[string]int{"": 0, line: 1, line + "\n" + line: 2, line + `{"rout`: 1} {
		if got, err := ReadResults([]byte(text)); err != nil || len(got) != want {
			t.Errorf("%q: %v, %v, want %d", text, got, err, want)
		}
	}
	if _, err := ReadResults([]byte("x\n" + line)); err == nil {
		t.Error("a line that is no JSON was accepted")
	}
	if runtime.GOARCH == "amd64" && tierOf("kernels/dot_q4k_q8k_avx512vnni_amd64.s") != "avx512vnni" {
		t.Error("tier")
	}
}
