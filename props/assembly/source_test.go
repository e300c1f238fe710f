package assembly

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// read writes files to a folder and reads the first one as a source.
func read(t *testing.T, files ...string) (*Source, error) {
	t.Helper()
	dir := t.TempDir()
	for i, text := range files {
		name := "x.s"
		if i > 0 {
			name = "x.h"
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return ReadSource(filepath.Join(dir, "x.s"))
}

func TestReadSource(t *testing.T) {
	s, err := read(t, `// Comment.
#include "textflag.h"
#include "x.h"
#define DST DI
#define N 3 /* a comment
over two lines */
#define STEP(r, k) \
	ADDQ $(N*k), r; \
	TWICE(r)

CONSTANT(one, $1)

TEXT ·f(SB), NOSPLIT, $8-16 // comment
	MOVQ x+0(FP), DST; MOVQ DST, R8
loop: STEP(DST, 2)
	JMP loop
	RET

TEXT ·g(SB), NOSPLIT, $0-0
	RET
`, `#define TWICE(r) SHLQ $1, r
#define CONSTANT(name, v) DATA name<>+0(SB)/8, v; GLOBL name<>(SB), RODATA|NOPTR, $8
`)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"DATA one<>+0(SB)/8, $1", "GLOBL one<>(SB), RODATA|NOPTR, $8"}; !slices.Equal(s.Data, want) {
		t.Errorf("data %q, want %q", s.Data, want)
	}
	if len(s.Routines) != 2 || s.Routines[0].Name != "f" || s.Routines[0].Flags != ", NOSPLIT, $8-16" || s.Routines[1].Name != "g" {
		t.Fatalf("%+v", s.Routines)
	}
	want := []Statement{
		{"MOVQ x+0(FP), DI", "x.s", 14, 14}, {"MOVQ DI, R8", "x.s", 14, 14}, {"loop:", "x.s", 15, 15},
		{"ADDQ $(3*2), DI", "x.s", 8, 15}, {"SHLQ $1, DI", "x.h", 1, 15}, {"JMP loop", "x.s", 16, 16}, {"RET", "x.s", 17, 17},
	}
	if got := s.Routines[0].Body; !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestReadSourceErrors(t *testing.T) {
	const f = "TEXT ·f(SB), NOSPLIT, $0-0\n"
	for text, want := range map[string]string{
		"":                          "no TEXT",
		"#ifdef X\n" + f:            "not understood",
		"#include \"none.h\"\n" + f: "none.h",
		"#define A(x) x \\":         "no end",
		"#define A(x) INCQ x\n" + f + "A(AX, BX)":         "2 arguments, want 1",
		"#define A(x) INCQ x\n" + f + "A(AX":              "parenthesis",
		"#define A A\n" + f + "A":                         "lead to each other",
		"#define A INCQ AX; INCQ BX\n" + f + "MOVQ A, CX": "within one",
		"#define 1\n": "no macro",
	} {
		if _, err := read(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestSources: every file of the project's assembly is understood, and its routines
// have enough mutations.
func TestSources(t *testing.T) {
	files, err := filepath.Glob("../../kernels/*_amd64.s")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		s, err := ReadSource(name)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, r := range s.Routines {
			least := 80 // the shortest routine has 18 instructions
			if strings.HasPrefix(r.Name, "dotQ4KQ8K") {
				least = 500
			}
			if n := len(r.Mutations()); n < least {
				t.Errorf("%s: %d mutations, want at least %d", r.Name, n, least)
			}
		}
	}
}
