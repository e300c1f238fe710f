package assembly

import (
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Mutation is one change of one instruction.
type Mutation struct {
	Statement int    // of the routine's body
	Kind      string // of change, see the operators below
	// Text replaces the instruction; several are separated by semicolons, none means
	// that it is dropped.
	Text string
}

// Mutations returns all mutations of a routine, some of which may not assemble.
func (r *Routine) Mutations() []Mutation {
	var out []Mutation
	wide := slices.ContainsFunc(r.Body, func(s Statement) bool { return avx512.MatchString(s.Text) })
	for i, s := range r.Body {
		if s.Label() {
			continue
		}
		in := parse(s.Text)
		if in.op == "PCALIGN" {
			continue
		}
		seen := map[string]bool{in.String(): true}
		add := func(kind string, text string) {
			if !seen[text] && (wide || !strings.HasPrefix(text, "VCVTUDQ2PS")) {
				seen[text] = true
				out = append(out, Mutation{i, kind, text})
			}
		}
		if in.op != "RET" {
			add("drop", "")
		}
		for _, f := range []func(instruction, func(kind, text string)){
			swapped, neighbours, immediates, exchanged, jumps, loaded, displaced,
		} {
			f(in, add)
		}
	}
	return out
}

// avx512 finds an instruction that AVX2 does not have: a mutation to such a one would
// need another tier.
var avx512 = regexp.MustCompile(`\b[ZK][0-9]+\b`)

// instruction is an operation with its operands.
type instruction struct {
	op   string
	args []string
}

func parse(text string) instruction {
	op, rest, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
	in := instruction{op: op}
	depth, from := 0, 0
	rest = strings.TrimSpace(rest)
	for i, c := range rest {
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				in.args = append(in.args, strings.TrimSpace(rest[from:i]))
				from = i + 1
			}
		}
	}
	if from < len(rest) {
		in.args = append(in.args, strings.TrimSpace(rest[from:]))
	}
	return in
}

func (in instruction) String() string {
	if len(in.args) == 0 {
		return in.op
	}
	return in.op + " " + strings.Join(in.args, ", ")
}

func (in instruction) with(i int, arg string) string {
	args := slices.Clone(in.args)
	args[i] = arg
	return instruction{in.op, args}.String()
}

// commutes are operations whose two sources may be exchanged: the result is the same,
// NaNs' payloads aside.
var commutes = regexp.MustCompile(`^(V?P?(ADD|MUL|AND|OR|XOR|MULL|MULH|ADDUS|ADDS)(B|W|D|Q|PS|PD|SS|SD|L)?|VPMADDWD|VPSADBW|VPMULLW|VPMULLD|VP(AND|OR|XOR)[DQ]?|VPCMPEQ[BWDQ]|VPTESTM[BWDQ]|VP(MIN|MAX)[SU][BWDQ]|` +
	`VFN?M(ADD|SUB)231[PS][SD]|(ADD|AND|OR|XOR|IMUL)[LQ])(\.Z)?$`)

// swapped exchanges two neighbouring operands, the last one, which is written, aside.
func swapped(in instruction, add func(kind, text string)) {
	if commutes.MatchString(in.op) {
		return
	}
	for i := 0; i+2 < len(in.args); i++ {
		args := slices.Clone(in.args)
		args[i], args[i+1] = args[i+1], args[i]
		add("swap", instruction{in.op, args}.String())
	}
}

var (
	vector  = regexp.MustCompile(`^([XYZK])([0-9]+)$`)
	general = []string{"AX", "BX", "CX", "DX", "SI", "DI", "R8", "R9", "R10", "R11", "R12", "R13"}
)

// neighbours puts the register before or after in an operand's place.
func neighbours(in instruction, add func(kind, text string)) {
	for i, arg := range in.args {
		if m := vector.FindStringSubmatch(arg); m != nil {
			n, _ := strconv.Atoi(m[2])
			size := map[string]int{"X": 16, "Y": 16, "Z": 32, "K": 8}[m[1]]
			for _, d := range []int{1, size - 1} {
				add("register", in.with(i, m[1]+strconv.Itoa((n+d)%size)))
			}
		}
		if k := slices.Index(general, arg); k >= 0 {
			for _, d := range []int{1, len(general) - 1} {
				add("register", in.with(i, general[(k+d)%len(general)]))
			}
		}
	}
}

// eval returns the value of a constant expression.
func eval(text string) (int64, bool) {
	if text == "" {
		return 0, true
	}
	v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text)
	if err != nil || v.Value == nil {
		return 0, false
	}
	n, ok := constant.Int64Val(constant.ToInt(v.Value))
	return n, ok
}

// immediates adds and subtracts one.
func immediates(in instruction, add func(kind, text string)) {
	for i, arg := range in.args {
		text, ok := strings.CutPrefix(arg, "$")
		if !ok {
			continue
		}
		if n, ok := eval(text); ok {
			add("immediate", in.with(i, fmt.Sprintf("$%d", n+1)))
			add("immediate", in.with(i, fmt.Sprintf("$%d", n-1)))
		}
	}
}

// pairs are parts of operations' names that are exchanged for each other.
var pairs = []struct {
	kind string
	a, b *regexp.Regexp
	to   [2]string
}{
	pair("add/sub", `^(V?P?)ADD([SU]*[BWDQLPS]+[SD]?)`, "${1}SUB$2", `^(V?P?)SUB([SU]*[BWDQLPS]+[SD]?)`, "${1}ADD$2"),
	pair("add/sub", `^VFMADD`, "VFMSUB", `^VFMSUB`, "VFMADD"),
	pair("add/sub", `^VFMADD`, "VFNMADD", `^VFNMADD`, "VFMADD"),
	pair("add/sub", `^INC`, "DEC", `^DEC`, "INC"),
	pair("operands of fma", `^(VFN?M(?:ADD|SUB))231`, "${1}213", `^(VFN?M(?:ADD|SUB))213`, "${1}231"),
	pair("mul/add", `^VMULP`, "VADDP", `^VDIVP`, "VMULP"),
	pair("signed/unsigned", `^VPMOVSX`, "VPMOVZX", `^VPMOVZX`, "VPMOVSX"),
	pair("signed/unsigned", `^VPSRA`, "VPSRL", `^VPSRL([WD])`, "VPSRA$1"),
	pair("signed/unsigned", `^VP(MAX|MIN)S`, "VP${1}U", `^VP(MAX|MIN)U`, "VP${1}S"),
	pair("signed/unsigned", `^VPACKSS`, "VPACKUS", `^VPACKUS`, "VPACKSS"),
	pair("signed/unsigned", `^(SAR|SHR)([LQ])`, "SHR$2", `^SHR([LQ])`, "SAR$1"),
	pair("signed/unsigned", `^VCVTDQ2PS`, "VCVTUDQ2PS", `^VCVTUDQ2PS`, "VCVTDQ2PS"),
	pair("left/right", `^VPS(?:RL|RA)([WDQ])`, "VPSLL$1", `^VPSLL([WDQ])`, "VPSRL$1"),
	pair("left/right", `^VPSLLV`, "VPSRLV", `^VPSRLV`, "VPSLLV"),
	pair("left/right", `^VPSLLDQ`, "VPSRLDQ", `^VPSRLDQ`, "VPSLLDQ"),
	pair("max/min", `^VPMAX`, "VPMIN", `^VPMIN`, "VPMAX"),
	pair("max/min", `^VMAX`, "VMIN", `^VMIN`, "VMAX"),
	pair("low/high", `^VPUNPCKL`, "VPUNPCKH", `^VPUNPCKH`, "VPUNPCKL"),
	pair("low/high", `^VUNPCKL`, "VUNPCKH", `^VUNPCKH`, "VUNPCKL"),
	pair("low/high", `^VMOVSLDUP`, "VMOVSHDUP", `^VMOVSHDUP`, "VMOVSLDUP"),
	pair("low/high", `^VMOVLHPS`, "VMOVHLPS", `^VMOVHLPS`, "VMOVLHPS"),
	pair("logic", `^VPAND([DQ]?)$`, "VPOR$1", `^VPOR([DQ]?)$`, "VPAND$1"),
	pair("logic", `^VPXOR([DQ]?)$`, "VPOR$1", `^VANDNP`, "VANDP"),
	pair("logic", `^VANDP`, "VANDNP", `^VORP`, "VANDP"),
	pair("logic", `^VXORP`, "VORP", `^VPANDN`, "VPAND"),
	pair("aligned", `^VMOVUPS`, "VMOVAPS", `^VMOVDQU$`, "VMOVDQA"),
	pair("aligned", `^VMOVUPD`, "VMOVAPD", `^VMOVDQU(8|16|32|64)`, "VMOVDQA64"),
}

func pair(kind, a, toB, b, toA string) struct {
	kind string
	a, b *regexp.Regexp
	to   [2]string
} {
	return struct {
		kind string
		a, b *regexp.Regexp
		to   [2]string
	}{kind, regexp.MustCompile(a), regexp.MustCompile(b), [2]string{toB, toA}}
}

// exchanged takes another operation.
func exchanged(in instruction, add func(kind, text string)) {
	for _, p := range pairs {
		for k, re := range []*regexp.Regexp{p.a, p.b} {
			if re.MatchString(in.op) {
				add(p.kind, instruction{re.ReplaceAllString(in.op, p.to[k]), in.args}.String())
			}
		}
	}
}

// Conditions that differ where both sides are equal, or at the end of a loop.
var conditions = map[string][]string{
	"JGE": {"JGT", "JLT"}, "JGT": {"JGE"}, "JLT": {"JLE", "JGE"}, "JLE": {"JLT"}, "JNZ": {"JZ"}, "JZ": {"JNZ"}, "JNE": {"JEQ"}, "JEQ": {"JNE"},
	"JHI": {"JCC"}, "JCC": {"JHI"}, "JCS": {"JLS"}, "JLS": {"JCS"},
}

func jumps(in instruction, add func(kind, text string)) {
	for _, to := range conditions[in.op] {
		add("condition", instruction{to, in.args}.String())
	}
	if in.op == "DECQ" || in.op == "DECL" { // a loop that takes another number of turns
		add("loop bound", in.String()+"; "+in.String())
	}
}

var argument = regexp.MustCompile(`^[\pL_][\pL\pN_]*\+[0-9]+\(FP\)$`)

// loaded changes an argument by one after it was loaded: a loop's bound, or where an
// operand starts.
func loaded(in instruction, add func(kind, text string)) {
	if in.op == "MOVQ" && len(in.args) == 2 && argument.MatchString(in.args[0]) {
		add("loop bound", in.String()+"; INCQ "+in.args[1])
		add("loop bound", in.String()+"; DECQ "+in.args[1])
	}
}

var memory = regexp.MustCompile(`^(.*?)(\((?:[A-Z][A-Z0-9]*)\)(?:\([A-Z][A-Z0-9]*\*[1248]\))?)$`)

// displaced moves an operand in memory by one vector.
func displaced(in instruction, add func(kind, text string)) {
	size := int64(8)
	for _, arg := range in.args {
		if m := vector.FindStringSubmatch(arg); m != nil && m[1] != "K" {
			size = max(size, map[string]int64{"X": 16, "Y": 32, "Z": 64}[m[1]])
		}
	}
	for i, arg := range in.args {
		m := memory.FindStringSubmatch(arg)
		if m == nil || strings.HasSuffix(m[2], "(SB)") || strings.HasSuffix(m[2], "(FP)") {
			continue
		}
		name, offset := "", m[1]
		if k := strings.LastIndex(offset, "-"); strings.HasPrefix(m[2], "(SP)") && k >= 0 {
			name, offset = offset[:k], offset[k:] // a local variable
		}
		n, ok := eval(offset)
		if !ok {
			continue
		}
		for _, d := range []int64{size, -size, 1} {
			at := strconv.FormatInt(n+d, 10)
			if name != "" && n+d >= 0 {
				at = "+" + at
			}
			add("displacement", in.with(i, name+at+m[2]))
		}
	}
}
