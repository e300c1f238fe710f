package assembly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assay/kernels/cpustate"
	"assay/spec"
)

// Build is a program that holds a source's mutants.
type Build struct {
	Program string
	Source  *Source
	// Mutants of each routine that assemble. The copy of mutant i is i + firstMutant.
	Mutants [][]Mutation
	Refused int // mutations that do not assemble
}

// Copies of a routine that come before those of its mutants.
const (
	correct     = 0
	trap        = 1 // an invalid instruction: whoever calls it ends
	firstMutant = 2
)

// soil is what a routine finds in its general registers, in each of four calls something
// else: no address and too many elements, or masks of 8 or 16 lanes that are all set. Vectors
// and masks hold cpustate.Soil. What the caller has left there, arguments among it, no routine
// may count upon; and one that is the second of its op finds what Go's code left by chance.
var soil = [len(cpustate.Soil)]struct {
	first, step uint64 // of the first register, and from one to the next
}{{0x5a5a5a5a5a5a5a00, 0x10}, {0xff, 0}, {0xffff, 0}, {0x5a5a5a5a5a5a5a00, 0x10}}

// soilWords is the length of a row of asmSoil, in words of 64 bits: the vectors' patterns,
// the masks and the general registers.
var soilWords = 2 + len(general)

// soilTable returns the DATA of asmSoil.
func soilTable() []string {
	var out []string
	word := func(v uint64) {
		out = append(out, fmt.Sprintf("DATA asmSoil<>+%d(SB)/8, $%#x", 8*len(out), v))
	}
	for turn, s := range cpustate.Soil {
		word(uint64(s.Odd)<<32 | uint64(s.Even))
		word(s.Masks)
		for i := range general {
			word(soil[turn].first + uint64(i)*soil[turn].step)
		}
	}
	return append(out, fmt.Sprintf("GLOBL asmSoil<>(SB), RODATA|NOPTR, $%d", 8*len(out)), "GLOBL asmTurn<>(SB), NOPTR, $8")
}

// soiling returns the instructions that fill the registers, those of AVX-512 too if wide.
func soiling(wide bool) []string {
	out := []string{
		"MOVQ asmTurn<>(SB), AX",
		"INCQ asmTurn<>(SB)",
		fmt.Sprintf("ANDQ $%d, AX", len(soil)-1),
		fmt.Sprintf("IMULQ $%d, AX", 8*soilWords),
		"LEAQ asmSoil<>(SB), R15",
		"ADDQ AX, R15",
	}
	vector, count := "Y", 16
	if wide {
		vector, count = "Z", 32
		for i := range 7 {
			out = append(out, fmt.Sprintf("KMOVQ 8(R15), K%d", i+1))
		}
	}
	for i := range count {
		out = append(out, fmt.Sprintf("VBROADCASTSS %d(R15), %s%d", 4*(i%2), vector, i))
	}
	for i, reg := range general {
		out = append(out, fmt.Sprintf("MOVQ %d(R15), %s", 16+8*i, reg))
	}
	return out
}

// selectEnv names the environment variable that takes a routine's jump to a copy of
// it: ROUTINE:COPY, both counted from 0.
const selectEnv = "ASSAY_ASM_COPY"

// selector is the Go file of the overlay.
const selector = `//go:build !purego

package kernels

import (
	"fmt"
	"os"
)

// asmSelect lets a routine's jump lead to a copy of it.
func asmSelect(routine, copy int)

func init() {
	if s := os.Getenv("` + selectEnv + `"); s != "" {
		var routine, copy int
		if _, err := fmt.Sscanf(s, "%d:%d", &routine, &copy); err != nil {
			panic("kernels: ` + selectEnv + `: " + err.Error())
		}
		asmSelect(routine, copy)
	}
}
`

// text writes the file with all copies. It returns, for each line, the routine and
// mutant that it belongs to, or −1.
func (b *Build) text() (string, [][2]int) {
	var w strings.Builder
	var owners [][2]int
	owner := [2]int{-1, -1}
	line := func(format string, args ...any) {
		fmt.Fprintf(&w, format+"\n", args...)
		owners = append(owners, owner)
	}
	line("//go:build !purego")
	line(``)
	line(`#include "textflag.h"`)
	for _, d := range b.Source.Data {
		for _, d := range walled(d) {
			line("%s", d)
		}
	}
	for _, d := range soilTable() {
		line("%s", d)
	}
	entries := 0
	var first []int // of each routine's copies in the table
	for k, r := range b.Source.Routines {
		owner = [2]int{-1, -1}
		line("TEXT ·%s(SB)%s", r.Name, trampoline(r.Flags))
		for _, s := range soiling(tierOf(b.Source.Path) != spec.TierAVX2) {
			line("\t%s", s)
		}
		line("\tMOVQ asmTargets<>+%d(SB), R15", 8*k)
		line("\tJMP R15")
		line("DATA asmTargets<>+%d(SB)/8, $·%s__%d(SB)", 8*k, r.Name, correct)
		first = append(first, entries)
		for n := range firstMutant + len(b.Mutants[k]) {
			line("DATA asmCopies<>+%d(SB)/8, $·%s__%d(SB)", 8*(entries+n), r.Name, n)
		}
		entries += firstMutant + len(b.Mutants[k])
		for n := range firstMutant + len(b.Mutants[k]) {
			if n >= firstMutant {
				owner = [2]int{k, n - firstMutant}
			}
			line("TEXT ·%s__%d(SB)%s", r.Name, n, r.Flags)
			if n == trap {
				line("\tUNDEF")
				continue
			}
			for i, s := range r.Body {
				text := s.Text
				if n >= firstMutant && b.Mutants[k][n-firstMutant].Statement == i {
					text = b.Mutants[k][n-firstMutant].Text
				}
				line("\t%s", text)
			}
		}
	}
	owner = [2]int{-1, -1}
	for k, n := range first {
		line("DATA asmFirst<>+%d(SB)/8, $%d", 8*k, n)
	}
	line("GLOBL asmTargets<>(SB), NOPTR, $%d", 8*len(first))
	line("GLOBL asmFirst<>(SB), RODATA|NOPTR, $%d", 8*len(first))
	line("GLOBL asmCopies<>(SB), RODATA|NOPTR, $%d", 8*entries)
	line("TEXT ·asmSelect(SB), NOSPLIT, $0-16")
	line("\tMOVQ routine+0(FP), AX")
	line("\tLEAQ asmFirst<>(SB), BX")
	line("\tMOVQ (BX)(AX*8), CX")
	line("\tADDQ copy+8(FP), CX")
	line("\tLEAQ asmCopies<>(SB), BX")
	line("\tMOVQ (BX)(CX*8), CX")
	line("\tLEAQ asmTargets<>(SB), BX")
	line("\tMOVQ CX, (BX)(AX*8)")
	line("\tRET")
	return w.String(), owners
}

var table = regexp.MustCompile(`^GLOBL (\S+)\(SB\), (\S+), \$([0-9]+)$`)

// walled makes a table longer, with bytes whose signs are set: what reads behind a table,
// or before the next one, must not find what another table happens to hold there.
func walled(data string) []string {
	m := table.FindStringSubmatch(data)
	if m == nil {
		return []string{data}
	}
	size, _ := strconv.Atoi(m[3])
	var out []string
	for n := 0; n < wall; n += 8 {
		out = append(out, fmt.Sprintf("DATA %s+%d(SB)/8, $%#x", m[1], size+n, uint64(0xa5a5a5a5a5a5a5a5)))
	}
	return append(out, fmt.Sprintf("GLOBL %s(SB), %s, $%d", m[1], m[2], size+wall))
}

// wall is the length of a vector.
const wall = 64

var frame = regexp.MustCompile(`\$[0-9]+-`)

// trampoline is a routine's flags without its frame, which the copy makes.
func trampoline(flags string) string { return frame.ReplaceAllString(flags, "$$0-") }

// NewBuild builds the program with the mutants of a source that lies in the kernels
// package of the module at root, in the folder dir. What does not assemble is left
// out.
func NewBuild(ctx context.Context, root, dir string, s *Source) (*Build, error) {
	b := &Build{Program: filepath.Join(dir, "child"), Source: s}
	for i := range s.Routines {
		b.Mutants = append(b.Mutants, s.Routines[i].Mutations())
	}
	file := filepath.Join(dir, filepath.Base(s.Path))
	if err := b.prune(ctx, file); err != nil {
		return nil, err
	}
	goFile := filepath.Join(dir, "select_amd64.go")
	if err := os.WriteFile(goFile, []byte(selector), 0o666); err != nil {
		return nil, err
	}
	pkg := filepath.Join(root, "kernels")
	overlay, err := WriteOverlay(dir, map[string]string{
		filepath.Join(pkg, filepath.Base(s.Path)):  file,
		filepath.Join(pkg, "asm_mutants_amd64.go"): goFile,
	})
	if err != nil {
		return nil, err
	}
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", b.Program, "./props/assembly/child")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("assembly: %s: go build: %w\n%.2000s", filepath.Base(s.Path), err, out)
	}
	return b, nil
}

// WriteOverlay writes a file for -overlay: what is read in each file's place. It returns
// its path.
func WriteOverlay(dir string, replace map[string]string) (string, error) {
	text, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o666)
}

// Complaints of the assembler: where its parser stands, or in which copy. The line of the
// latter is of no use, for it ends at 2^20.
var (
	inCopy   = regexp.MustCompile(`(?m)^asm: assay/kernels\.(\w+)__([0-9]+): .*$`)
	position = regexp.MustCompile(`\.s:([0-9]+)[:)]`)
)

// complaints returns the routines and mutants that an assembler complains of.
func (b *Build) complaints(out string, owners [][2]int) map[[2]int]bool {
	refused := map[[2]int]bool{}
	for _, m := range inCopy.FindAllStringSubmatch(out, -1) {
		k := slices.IndexFunc(b.Source.Routines, func(r Routine) bool { return r.Name == m[1] })
		n, err := strconv.Atoi(m[2])
		if k >= 0 && err == nil && n >= firstMutant {
			refused[[2]int{k, n - firstMutant}] = true
		}
	}
	for _, m := range position.FindAllStringSubmatch(inCopy.ReplaceAllString(out, ""), -1) {
		n, err := strconv.Atoi(m[1])
		if err == nil && n >= 1 && n <= len(owners) && owners[n-1][0] >= 0 {
			refused[owners[n-1]] = true
		}
	}
	return refused
}

// prune writes the file, and drops mutants until it assembles.
func (b *Build) prune(ctx context.Context, file string) error {
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("assembly: go env: %w", err)
	}
	include := filepath.Join(strings.TrimSpace(string(goroot)), "pkg", "include")
	for {
		text, owners := b.text()
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			return err
		}
		asm := exec.CommandContext(ctx, "go", "tool", "asm", "-e", "-p", "assay/kernels", "-I", include, "-D", "GOOS_linux", "-D", "GOARCH_amd64", "-o", file+".o", file)
		out, err := asm.CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		refused := b.complaints(string(out), owners)
		if len(refused) == 0 {
			return fmt.Errorf("assembly: %s: %w\n%.2000s", file, errors.Join(err), out)
		}
		b.Refused += len(refused)
		for k := range b.Mutants {
			var kept []Mutation
			for i, m := range b.Mutants[k] {
				if !refused[[2]int{k, i}] {
					kept = append(kept, m)
				}
			}
			b.Mutants[k] = kept
		}
	}
}
