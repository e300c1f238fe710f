package mutants

import (
	_ "embed"
	"slices"
	"strings"
)

// Defect is a row of the catalogue of public defects.
type Defect struct {
	ID     string `json:"id"`
	Same   bool   `json:"same"` // in a kernel of a kind that is here, not a neighbouring one
	Class  string `json:"class"`
	Source string `json:"source"`
	// Mutants are the ids of those that re-create it. Where a defect is the same function
	// of its operands as another one, they are the other's.
	Mutants []string `json:"mutants"`
	// Reason says why it has none.
	Reason string `json:"reason,omitempty"`
}

// Dispatch tells whether the defect is one of which kernel runs, or of what a call
// leaves in registers: no kernel can be made that has it, and a census finds it.
func (d Defect) Dispatch() bool { return d.Class == "DISP" || d.Class == "ABI" }

// catalogue has the id, S for the same kind of kernel or N for a neighbouring one, the
// class and the source of each defect.
//
//go:embed catalogue.tsv
var catalogue string

// Catalogue returns the public defects.
func Catalogue() []Defect {
	made := map[string][]string{}
	for _, m := range All() {
		if row := m.ID[:3]; !slices.Contains(made[row], m.ID) {
			made[row] = append(made[row], m.ID)
		}
	}
	var out []Defect
	for _, line := range strings.Split(strings.TrimSpace(catalogue), "\n") {
		f := strings.Split(line, "\t")
		d := Defect{ID: f[0], Same: f[1] == "S", Class: f[2], Source: f[3], Mutants: made[f[0]]}
		if d.Mutants == nil && shared[d.ID] != "" {
			d.Mutants = made[shared[d.ID]]
		}
		if d.Mutants == nil {
			d.Reason = reasons[d.ID]
			if d.Dispatch() {
				d.Reason = "a census of rows, tiers and registers"
			}
		}
		out = append(out, d)
	}
	return out
}

// shared names, for a row without a mutant of its own, the row whose mutants have the
// same mechanism.
var shared = map[string]string{
	"A32": "A31", "A33": "A31", // a changed struct field, in kernels for another ISA or format
	"B12": "B11", "B38": "B11", // neighbours for halves, in other formats and in the encoder
	"B27": "B04",                             // half the distance between the elements of a byte
	"C08": "C37",                             // signed for unsigned
	"C21": "C20",                             // the stored sum overflows, in one tier
	"C27": "C26", "C28": "C26", "C39": "C26", // sums of two byte products saturate
	"C38": "A05", // two products in 16 bits
	"C40": "K09", "C45": "D20", "C46": "E25", "C47": "B30", "C49": "C43",
	"D05": "D01", // a zero denominator
	"D06": "D03", // a guard against zero alone, and near-zero maxima
	"D07": "D01", "D21": "B26", "D28": "C55",
	"E06": "L07", // the operands of a fused multiply-add
	"E07": "C11", "E14": "E47", "E15": "E47", "E40": "E39", "E41": "E13", "E42": "E26", "E44": "E03", "E45": "E13", "E46": "E13",
	"F22": "E13",                             // a vector's width at the tail
	"I02": "I01",                             // for another ISA
	"K12": "D24",                             // threads split within a block
	"L01": "E16",                             // a count too large, which reads beyond the shorter operand
	"L03": "C50",                             // a count too large, which writes beyond the output
	"L05": "C18",                             // one accumulator of the maximum is not taken
	"L06": "C12", "L08": "E37", "L15": "C11", // half of the lanes
	"L19": "A36",
}

// reasons say why other rows have no mutant.
var reasons = map[string]string{
	"C32": "the shift by 128 of a signed operand, which no kernel here uses",
	"C33": "the alignment of an operand that is addressed in words of four bytes, which Go's slices of bytes are not",
	"C36": "the shift by 128 of a signed operand, which no kernel here uses",
	"C44": "a fixed-point multiplier, which no op here has",
	"C48": "a zero point of activations, which no format here has",
	"C54": "a clamp of the output, which no op here has",
	"C56": "a size that is asked for, which no kernel here reports",
	"D17": "a zero point of activations, which no format here has",
	"L18": "the matrix of a GFNI instruction, which no kernel here uses",
}
