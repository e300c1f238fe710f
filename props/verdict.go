package props

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/x448/float16"

	"assay/oracle"
	"assay/spec"
)

// Finding is what is wrong with one output element, or with a call.
type Finding struct {
	Element string     // such as "7" or "block 1 quant 30"; empty if the call as a whole is at fault
	Class   spec.Class // required class, if one was
	Got     string
	Lo, Hi  string // enclosure of the correct results, if there is one
	Bound   string
	Ratio   float64 // error / bound; 0 where no error was measured
	Detail  string  // what was expected, in words
	Stopped bool    // the call did not return, or touched what is not its own
}

// Verdict is a finding with the row, the property and the case it belongs to.
type Verdict struct {
	Op       spec.Op
	Tier     spec.Tier
	Property string
	Case     string
	Finding  Finding
	Cases    int    // cases that the property had run, this one included
	Replay   string // a command that shows it again
}

// String returns the verdict as one line.
func (v Verdict) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "FAIL %s/%s %s:", v.Op, v.Tier, v.Property)
	f := v.Finding
	if f.Element != "" {
		fmt.Fprintf(&s, " element %s", f.Element)
	}
	if f.Class != 0 {
		fmt.Fprintf(&s, " class %v", f.Class)
	}
	if f.Got != "" {
		fmt.Fprintf(&s, " got %s", f.Got)
	}
	if f.Lo != "" {
		fmt.Fprintf(&s, " enclosure [%s, %s] bound %s ratio %.3g", f.Lo, f.Hi, f.Bound, f.Ratio)
	}
	if f.Detail != "" {
		fmt.Fprintf(&s, " (%s)", f.Detail)
	}
	fmt.Fprintf(&s, "; case %s; replay: %s", v.Case, v.Replay)
	return s.String()
}

// Judge compares a kernel's output with what the case requires. It returns the
// largest error/bound over the elements that have a bound, and the first
// finding, or nil.
func Judge(op spec.Op, want *oracle.Want, out []byte) (worst float64, f *Finding) {
	if want.Elements == nil {
		return 0, judgeBytes(op, want.Bytes, out)
	}
	for i, s := range want.Elements {
		ratio, bad := judgeElement(s, spec.F32Bits(out, i))
		worst = max(worst, ratio)
		if bad != nil && f == nil {
			bad.Element = fmt.Sprint(i)
			f = bad
		}
	}
	return worst, f
}

// judgeElement returns error/bound of one element, 0 where there is no bound.
func judgeElement(s oracle.Element, bits uint32) (ratio float64, f *Finding) {
	got := spec.ClassOf(bits)
	if got&s.Class == 0 {
		f = &Finding{Class: s.Class, Got: showBits(bits), Detail: "wrong class: " + got.String()}
		if s.Value != nil {
			f.Detail += ", exact value " + s.Value.Text('g', 9)
		}
		return 0, f
	}
	if minus := bits>>31 == 1; got != spec.ClassNaN && (s.Negative && !minus || s.Positive && minus) {
		return 0, &Finding{Class: s.Class, Got: showBits(bits), Detail: "wrong sign"}
	}
	if s.Value == nil || got&spec.ClassFinite == 0 || s.Class == spec.ClassUnspecified {
		return 0, nil
	}
	x := new(big.Float).SetFloat64(float64(math.Float32frombits(bits)))
	err := new(big.Float).SetPrec(s.Value.Prec()).Sub(x, s.Value)
	err.Abs(err)
	if err.Sign() == 0 {
		return 0, nil
	}
	ratio = math.Inf(1)
	if s.Bound.Sign() > 0 {
		ratio, _ = new(big.Float).Quo(err, s.Bound).Float64()
	}
	if err.Cmp(s.Bound) <= 0 {
		return ratio, nil
	}
	lo, hi := s.Enclosure()
	return ratio, &Finding{
		Class: s.Class, Got: showBits(bits), Ratio: ratio,
		Lo: lo.Text('g', 9), Hi: hi.Text('g', 9), Bound: s.Bound.Text('g', 4),
	}
}

// judgeBytes compares the output of an exact op; a NaN stands for any NaN.
func judgeBytes(op spec.Op, want, out []byte) *Finding {
	f := spec.MustLookup(op).Out
	if f == spec.F32 {
		for i := range len(want) / 4 {
			if w, g := spec.F32Bits(want, i), spec.F32Bits(out, i); !sameF32(w, g) {
				return &Finding{Element: fmt.Sprint(i), Class: spec.ClassOf(w), Got: showBits(g), Detail: "want exactly " + showBits(w)}
			}
		}
		return nil
	}
	if f.Float() {
		for i := 0; i < len(want); i += 2 {
			w, g := binary.LittleEndian.Uint16(want[i:]), binary.LittleEndian.Uint16(out[i:])
			if w != g && !(isNaN16(f, w) && isNaN16(f, g)) {
				return &Finding{Element: fmt.Sprint(i / 2), Got: fmt.Sprintf("%04x", g), Detail: fmt.Sprintf("want exactly %04x", w)}
			}
		}
		return nil
	}
	for b := range len(want) / f.BlockBytes() {
		w, g := want[b*f.BlockBytes():][:f.BlockBytes()], out[b*f.BlockBytes():][:f.BlockBytes()]
		if bytes.Equal(w, g) {
			continue
		}
		if bad := blockFinding(f, w, g); bad != nil {
			bad.Element = fmt.Sprintf("block %d %s", b, bad.Element)
			return bad
		}
	}
	return nil
}

// isNaN16 tells whether a pattern of F16 or BF16 is a NaN.
func isNaN16(f spec.Format, h uint16) bool {
	if f == spec.BF16 {
		return h&0x7fff > 0x7f80
	}
	return h&0x7fff > 0x7c00
}

// blockFinding names the first field of a block that differs; nil if only NaNs do.
func blockFinding(f spec.Format, want, got []byte) *Finding {
	l := spec.LayoutOf(f)
	differs := func(name string, field *spec.Field, nan func(v uint32) bool, show func(v uint32) string) *Finding {
		for i := range field.Count {
			w, g := field.Get(want, i), field.Get(got, i)
			if w == g || nan(w) && nan(g) {
				continue
			}
			if field.Count > 1 {
				name = fmt.Sprintf("%s %d", name, i)
			}
			return &Finding{Element: name, Got: show(g), Detail: "want exactly " + show(w)}
		}
		return nil
	}
	half := func(v uint32) bool { return isNaN16(spec.F16, uint16(v)) }
	hex := func(v uint32) string { return fmt.Sprintf("%g (%04x)", float16.Frombits(uint16(v)).Float32(), v) }
	if l.DKind == spec.ScaleF32 {
		half = func(v uint32) bool { return spec.ClassOf(v) == spec.ClassNaN }
		hex = showBits
	}
	if bad := differs("d", &l.D, half, hex); bad != nil {
		return bad
	}
	if bad := differs("quant", &l.Quant, func(uint32) bool { return false }, func(v uint32) string { return fmt.Sprint(int8(v)) }); bad != nil {
		return bad
	}
	if f != spec.Q8K {
		return differs("sum", &l.M, half, hex)
	}
	for k := range spec.Q8KBsums {
		at := spec.Q8KOffBsums + 2*k
		if w, g := int16(binary.LittleEndian.Uint16(want[at:])), int16(binary.LittleEndian.Uint16(got[at:])); w != g {
			return &Finding{Element: fmt.Sprintf("bsum %d", k), Got: fmt.Sprint(g), Detail: fmt.Sprintf("want exactly %d", w)}
		}
	}
	return nil
}

// sameF32 tells whether two f32 patterns are equal, all NaNs being one.
func sameF32(a, b uint32) bool {
	return a == b || spec.ClassOf(a) == spec.ClassNaN && spec.ClassOf(b) == spec.ClassNaN
}

// sameOutput compares two outputs of an op, all NaNs being one.
func sameOutput(op spec.Op, want, got []byte, detail string) *Finding {
	f := judgeBytes(op, want, got)
	if f != nil {
		f.Class = 0
		f.Detail = detail + ": " + f.Detail
	}
	return f
}

func showBits(b uint32) string {
	return fmt.Sprintf("%g (%08x)", math.Float32frombits(b), b)
}

// note adds a circumstance to the detail.
func (f *Finding) note(format string, args ...any) {
	if f.Detail != "" {
		f.Detail += "; "
	}
	f.Detail += fmt.Sprintf(format, args...)
}
