package assembly

import (
	"slices"
	"strings"
	"testing"
)

func TestMutations(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string // without dropping it
	}{
		{"VPSUBD Y1, Y2, Y3", []string{
			"swap VPSUBD Y2, Y1, Y3", "register VPSUBD Y2, Y2, Y3", "register VPSUBD Y0, Y2, Y3", "register VPSUBD Y1, Y3, Y3",
			"register VPSUBD Y1, Y1, Y3", "register VPSUBD Y1, Y2, Y4", "register VPSUBD Y1, Y2, Y2", "add/sub VPADDD Y1, Y2, Y3",
		}},
		{"VPADDD Y0, Y0, Y0", []string{ // commutes
			"register VPADDD Y1, Y0, Y0", "register VPADDD Y15, Y0, Y0", "register VPADDD Y0, Y1, Y0", "register VPADDD Y0, Y15, Y0",
			"register VPADDD Y0, Y0, Y1", "register VPADDD Y0, Y0, Y15", "add/sub VPSUBD Y0, Y0, Y0",
		}},
		{"VPSRLD $(1+3), Z0, Z31", []string{
			"swap VPSRLD Z0, $(1+3), Z31", "register VPSRLD $(1+3), Z1, Z31", "register VPSRLD $(1+3), Z31, Z31", "register VPSRLD $(1+3), Z0, Z0",
			"register VPSRLD $(1+3), Z0, Z30", "immediate VPSRLD $5, Z0, Z31", "immediate VPSRLD $3, Z0, Z31",
			"signed/unsigned VPSRAD $(1+3), Z0, Z31", "left/right VPSLLD $(1+3), Z0, Z31",
		}},
		{"VMOVDQU (16+32*1)(SI), X4", []string{
			"register VMOVDQU (16+32*1)(SI), X5", "register VMOVDQU (16+32*1)(SI), X3", "aligned VMOVDQA (16+32*1)(SI), X4",
			"displacement VMOVDQU 64(SI), X4", "displacement VMOVDQU 32(SI), X4", "displacement VMOVDQU 49(SI), X4",
		}},
		{"MOVL AX, local-8(SP)", []string{
			"register MOVL BX, local-8(SP)", "register MOVL R13, local-8(SP)",
			"displacement MOVL AX, local+0(SP)", "displacement MOVL AX, local-16(SP)", "displacement MOVL AX, local-7(SP)",
		}},
		{"MOVQ n+8(FP), CX", []string{
			"register MOVQ n+8(FP), DX", "register MOVQ n+8(FP), BX", "loop bound MOVQ n+8(FP), CX; INCQ CX", "loop bound MOVQ n+8(FP), CX; DECQ CX",
		}},
		{"DECQ CX", []string{"register DECQ DX", "register DECQ BX", "add/sub INCQ CX", "loop bound DECQ CX; DECQ CX"}},
		{"JGE loop", []string{"condition JGT loop", "condition JLT loop"}},
		{"VPMOVSXBW (SI)(CX*4), Y0", []string{
			"register VPMOVSXBW (SI)(CX*4), Y1", "register VPMOVSXBW (SI)(CX*4), Y15", "signed/unsigned VPMOVZXBW (SI)(CX*4), Y0",
			"displacement VPMOVSXBW 32(SI)(CX*4), Y0", "displacement VPMOVSXBW -32(SI)(CX*4), Y0", "displacement VPMOVSXBW 1(SI)(CX*4), Y0",
		}},
		{"VMOVUPS one<>(SB), Y15", []string{"register VMOVUPS one<>(SB), Y0", "register VMOVUPS one<>(SB), Y14", "aligned VMOVAPS one<>(SB), Y15"}},
		{"VCVTDQ2PS Y1, Y1", []string{ // the unsigned conversion is of AVX-512
			"register VCVTDQ2PS Y2, Y1", "register VCVTDQ2PS Y0, Y1", "register VCVTDQ2PS Y1, Y2", "register VCVTDQ2PS Y1, Y0",
		}},
		{"VCVTDQ2PS Z1, Z1", []string{
			"register VCVTDQ2PS Z2, Z1", "register VCVTDQ2PS Z0, Z1", "register VCVTDQ2PS Z1, Z2", "register VCVTDQ2PS Z1, Z0",
			"signed/unsigned VCVTUDQ2PS Z1, Z1",
		}},
		{"VPTESTMQ Z1, Z2, K1", []string{ // commutes
			"register VPTESTMQ Z2, Z2, K1", "register VPTESTMQ Z0, Z2, K1", "register VPTESTMQ Z1, Z3, K1", "register VPTESTMQ Z1, Z1, K1",
			"register VPTESTMQ Z1, Z2, K2", "register VPTESTMQ Z1, Z2, K0",
		}},
		{"VPMAXSB.Z Y1, Y2, K1, Y3", nil},
	} {
		var got []string
		for _, m := range (&Routine{Body: []Statement{{Text: tt.text}}}).Mutations() {
			if m.Text != "" {
				got = append(got, m.Kind+" "+m.Text)
			} else if m.Kind != "drop" {
				t.Errorf("%s: %q drops it", tt.text, m.Kind)
			}
		}
		if tt.want == nil {
			for _, kind := range []string{"max/min", "signed/unsigned", "register"} {
				if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, kind) }) {
					t.Errorf("%s: no %s in %q", tt.text, kind, got)
				}
			}
			continue
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.text, got, tt.want)
		}
	}
	// Labels and what is no instruction stay, and a return is not dropped.
	r := &Routine{Body: []Statement{{Text: "loop:"}, {Text: "PCALIGN $32"}, {Text: "RET"}}}
	if m := r.Mutations(); len(m) > 0 {
		t.Errorf("%v", m)
	}
}

func TestEquivalences(t *testing.T) {
	if _, err := Equivalences(); err != nil {
		t.Error(err)
	}
	e := Equivalence{Routines: []string{"dot*"}, Instruction: "VPSRLD $2, Y*, Y1", Mutation: "drop"}
	for _, tt := range []struct {
		r    Result
		want bool
	}{
		{Result{Routine: "dotX", Before: "VPSRLD\t$2,  Y1, Y1"}, true},
		{Result{Routine: "axpy", Before: "VPSRLD $2, Y1, Y1"}, false},
		{Result{Routine: "dotX", Before: "VPSRLD $3, Y1, Y1"}, false},
		{Result{Routine: "dotX", Before: "VPSRLD $2, Y1, Y1", Mutation: "VPSRLD $3, Y1, Y1"}, false},
	} {
		if e.Covers(tt.r) != tt.want {
			t.Errorf("%+v: %v", tt.r, !tt.want)
		}
	}
	for text, want := range map[string]string{
		"- {routines: [f], instruction: a, mutation: drop}":              "no proof",
		"- {instruction: a, mutation: drop, proof: x}":                   "no routine",
		"- {routines: [f], instruction: '[', mutation: drop, proof: x}":  "pattern",
		"- {routines: [f], instruction: a, proof: x}":                    "pattern",
		"- {routines: [f], instruction: a, mutation: b, because: of it}": "because",
	} {
		if _, err := readEquivalences([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestWalled: a table is followed by bytes of another kind.
func TestWalled(t *testing.T) {
	got := walled("GLOBL mask<>(SB), RODATA|NOPTR, $24")
	want := "DATA mask<>+24(SB)/8, $0xa5a5a5a5a5a5a5a5"
	if n := len(got); n != wall/8+1 || got[0] != want || got[n-1] != "GLOBL mask<>(SB), RODATA|NOPTR, $88" {
		t.Errorf("%q", got)
	}
	data := "DATA mask<>+0(SB)/8, $1"
	if got := walled(data); !slices.Equal(got, []string{data}) {
		t.Errorf("%q", got)
	}
}
