package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"assay/corpus"
	"assay/kernels"
	"assay/props"
	"assay/props/definition"
	"assay/spec"
)

// judgedFile is a reviewed file of deviations.
type judgedFile struct {
	Title      string            `yaml:"title"`   // of the report
	Release    string            `yaml:"release"` // what was audited
	Remarks    string            `yaml:"remarks"` // what the report does not cover, and other remarks
	Deviations []judgedDeviation `yaml:"deviations"`
}

// judgedDeviation is one way in which kernels differ from the ops that they are held to.
type judgedDeviation struct {
	ID      string   `yaml:"id"`
	Ops     []string `yaml:"ops"`     // patterns of path.Match
	Tiers   string   `yaml:"tiers"`   // regular expression of the tiers that have it; "" for any
	Finding string   `yaml:"finding"` // regular expression of the property and the finding; "" for any of rounding, class or formula
	// Worst is the largest error over bound that the deviation accounts for; 0 for any.
	Worst float64 `yaml:"worst"`
	// Quant is a quant of the activation that the deviation is about: a case without it shows another one.
	Quant *int8 `yaml:"quant"`
	// Holds is what the deviation is about, NaN or Inf: a failure that tells of none, on a case without one among its
	// f32 operands, shows another one.
	Holds string `yaml:"holds"`
	// Follows are the names of definitions (props/definition): a row that has the deviation must follow one of them,
	// where its op has them, to the Share of outputs (0: all), the rest being Apart by no more than so many units.
	Follows []string `yaml:"follows"`
	Share   float64  `yaml:"share"`
	Apart   float64  `yaml:"apart"`
	Verdict string   `yaml:"verdict"` // defect, choice, undefined or ours
	Text    string   `yaml:"text"`
	// Unstored says why no case can show it, where none can: what only two calls
	// together show, or the processor's state.
	Unstored string `yaml:"unstored"`

	tiers, finding *regexp.Regexp
	rows           map[string]bool // OP/TIER seen
	kinds          map[string]int
	worst          *libFailure // the one with the largest error over bound
	worstRow       string
	shown          []shownCase
	unshown        map[string]bool // rows on which no case fails
	idle           []string        // cases that fail on no row of this run
}

// shownCase is a case of the corpus, and what it gives on the rows that it fails on.
type shownCase struct {
	entry *corpus.Entry
	gives grouped
}

var deviationVerdicts = []string{"defect", "choice", "undefined", "ours"}

func readJudged(name string) (*judgedFile, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var f judgedFile
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	ids := map[string]bool{}
	for i := range f.Deviations {
		e := &f.Deviations[i]
		bad := func(format string, args ...any) error {
			return fmt.Errorf("%s: deviation %q: %s", name, e.ID, fmt.Sprintf(format, args...))
		}
		switch {
		case e.ID == "" || ids[e.ID]:
			return nil, bad("want an id of its own")
		case len(e.Ops) == 0 || strings.TrimSpace(e.Text) == "":
			return nil, bad("want ops and a text")
		case e.Finding == "" && e.Worst == 0 && len(e.Follows) == 0 && e.Holds == "":
			return nil, bad("want a finding, a worst error over bound, what cases hold, or a definition that it follows: else it takes anything")
		case e.Holds != "" && e.Holds != "NaN" && e.Holds != "Inf":
			return nil, bad("holds %q; want NaN or Inf", e.Holds)
		case !slices.Contains(deviationVerdicts, e.Verdict):
			return nil, bad("verdict %q; want one of %v", e.Verdict, deviationVerdicts)
		}
		ids[e.ID] = true
		for _, p := range e.Ops {
			if _, err := path.Match(p, ""); err != nil {
				return nil, bad("op %q: %v", p, err)
			}
		}
		if e.tiers, err = regexp.Compile("^(?:" + cmp.Or(e.Tiers, ".*") + ")$"); err != nil {
			return nil, bad("tiers: %v", err)
		}
		if e.finding, err = regexp.Compile(e.Finding); err != nil {
			return nil, bad("finding: %v", err)
		}
		if e.Share == 0 {
			e.Share = 1
		}
		for _, name := range e.Follows {
			if !slices.ContainsFunc(definition.All(), func(d definition.Definition) bool { return d.Name == name && e.ofOp(d.Op) }) {
				return nil, bad("its ops have no definition %q", name)
			}
		}
		for _, in := range spec.Ops() {
			if e.Quant != nil && e.ofOp(in.Op) && (len(in.In) < 2 || !slices.Contains([]spec.Format{spec.Q8_0, spec.Q8_1, spec.Q8K}, in.In[1].Format)) {
				return nil, bad("a quant, where %s has no activation of quants", in.Op)
			}
		}
		e.rows, e.kinds = map[string]bool{}, map[string]int{}
	}
	return &f, nil
}

// find returns the first deviation that a failure matches, nil if there is none.
func (j *judgedFile) find(op spec.Op, tier spec.Tier, f libFailure) *judgedDeviation {
	return j.findOn(nil, op, tier, f)
}

// findOn is find where the failure's case is at hand: its id may be of none that is known yet.
func (j *judgedFile) findOn(c *spec.Case, op spec.Op, tier spec.Tier, f libFailure) *judgedDeviation {
	text := f.Property + ": " + f.text()
	for i := range j.Deviations {
		if e := &j.Deviations[i]; e.onRow(op, tier) && e.finding.MatchString(text) && e.accountsFor(c, f) {
			return e
		}
	}
	return nil
}

// accountsFor tells whether a failure is none that the deviation cannot explain; c is its case, or nil to look for it.
func (e *judgedDeviation) accountsFor(c *spec.Case, f libFailure) bool {
	switch {
	case e.Finding == "" && (f.Kind == "crash" || f.Kind == "memory" || f.Kind == "state"):
		return false
	case e.Worst > 0 && f.Ratio > e.Worst:
		return false
	case e.Finding == "" && e.Worst > 0 && len(e.Follows) == 0 && f.Ratio == 0: // no error was measured
		return false
	case e.Quant == nil && e.Holds == "", e.Holds != "" && plantedText.MatchString(f.Detail) && strings.Contains(f.Detail, e.Holds):
		return true
	}
	var err error
	if c == nil {
		c, _, err = findCase(context.Background(), f.Case, "", 0)
	}
	return err == nil && (e.Quant == nil || holdsQuant(c, *e.Quant)) && (e.Holds == "" || holdsFloat(c, e.Holds))
}

// plantedText is how findings tell of a special value that a property has put into its cases.
var plantedText = regexp.MustCompile(`holds the special value|in the rest of a vector's lane`)

// holdsFloat tells whether an operand of f32 has a NaN, or an infinity.
func holdsFloat(c *spec.Case, what string) bool {
	for k, o := range spec.MustLookup(c.Op).In {
		if o.Format == spec.F32 && slices.ContainsFunc(spec.Floats(c.In[k]), func(x float32) bool {
			return what == "NaN" && x != x || what == "Inf" && math.IsInf(float64(x), 0)
		}) {
			return true
		}
	}
	return false
}

// holdsQuant tells whether the second operand of a case, blocks of quants, has the quant q.
func holdsQuant(c *spec.Case, q int8) bool {
	f := spec.MustLookup(c.Op).In[1].Format
	for block := range slices.Chunk(c.In[1], f.BlockBytes()) {
		if _, quants := props.Quants(f, block); bytes.IndexByte(quants, byte(q)) >= 0 {
			return true
		}
	}
	return false
}

// strays returns what rows with the deviation follow none of its definitions.
func (e *judgedDeviation) strays(rows []*libRow) (bad []string) {
	for _, r := range rows {
		if len(e.Follows) == 0 || !e.rows[r.name()] {
			continue
		}
		known, follows, best := false, false, 0.0
		for _, d := range r.definitions {
			if slices.Contains(e.Follows, d.Name) && (d.Blocks > 0 || d.Fault != "") {
				share := float64(d.Equal) / float64(max(d.Blocks, 1))
				known, best = true, max(best, share)
				follows = follows || d.Fault == "" && share >= e.Share && (share == 1 || d.Apart <= e.Apart)
			}
		}
		if known && !follows {
			bad = append(bad, fmt.Sprintf("%s: %s follows none of %q, the nearest on %.4g %% of outputs", e.ID, r.name(), e.Follows, 100*best))
		}
	}
	return bad
}

func (e *judgedDeviation) onRow(op spec.Op, tier spec.Tier) bool {
	return e.tiers.MatchString(string(tier)) && e.ofOp(op)
}

func (e *judgedDeviation) ofOp(op spec.Op) bool {
	return slices.ContainsFunc(e.Ops, func(p string) bool {
		ok, _ := path.Match(p, string(op))
		return ok
	})
}

// assign gives each failure to its deviation, and returns those that have none.
func (j *judgedFile) assign(rows []*libRow) (unjudged []string) {
	for _, r := range rows {
		for _, f := range r.Failures {
			e := f.deviation
			if e == nil {
				unjudged = append(unjudged, fmt.Sprintf("%s %s (%s): %s", r.name(), f.Property, f.Kind, f.text()))
				continue
			}
			e.rows[r.name()] = true
			e.kinds[f.Kind] += f.Fails
			if e.worst == nil || f.Ratio > e.worst.Ratio {
				e.worst, e.worstRow = &f, r.name()
			}
		}
	}
	return unjudged
}

// deviationDir is where the cases of deviations lie, in folders by id.
const deviationDir = "corpus/deviations"

// source is a case's source, by which it is found again.
func (j *judgedFile) source(e *judgedDeviation) string { return j.Release + ", deviation " + e.ID }

// reproduce runs the stored cases of each deviation on the rows that have it. Each op must have one; with
// keep, one is looked for on every row on which none fails, and stored.
func (j *judgedFile) reproduce(cmd *cobra.Command, rows []spec.Row, entries []*corpus.Entry, keep bool) (bad []string, err error) {
	for i := range j.Deviations {
		e := &j.Deviations[i]
		if len(e.rows) == 0 || e.Unstored != "" {
			continue
		}
		e.unshown = maps.Clone(e.rows)
		for _, c := range entries {
			if c.Source == j.source(e) {
				j.show(e, c, rows)
			}
		}
		if keep {
			for _, row := range rows {
				if !e.unshown[row.Name()] {
					continue
				}
				c, err := j.findCase(cmd, e, row)
				if err != nil {
					return nil, err
				}
				if c != nil {
					j.show(e, c, rows)
				}
			}
		}
		ops := map[spec.Op]bool{}
		for _, c := range e.shown {
			ops[c.entry.Case.Op] = true
		}
		for _, row := range rows {
			if e.rows[row.Name()] && !ops[row.Op] {
				ops[row.Op] = true
				bad = append(bad, fmt.Sprintf("%s: no case in the corpus shows it for %s (-keep looks for one)", e.ID, row.Op))
			}
		}
	}
	return bad, nil
}

// show runs a case on the rows that have the deviation.
func (j *judgedFile) show(e *judgedDeviation, c *corpus.Entry, rows []spec.Row) {
	var found grouped
	for _, row := range rows {
		if row.Op == c.Case.Op && e.rows[row.Name()] {
			v := props.CheckCase(row, &c.Case)
			f := failureOf(row.Op, v.Verdict)
			if v.Failed && j.findOn(&c.Case, row.Op, row.Tier, f) == e {
				found.add(strings.TrimSpace(strings.TrimSuffix(f.text(), f.Case)), string(row.Tier))
				delete(e.unshown, row.Name())
			}
		}
	}
	if len(found) == 0 {
		e.idle = append(e.idle, c.Path)
		return
	}
	e.shown = append(e.shown, shownCase{c, found})
}

// findCase looks for a small case that shows a deviation on a row, and that our own kernel does not
// fail on, and stores it; nil if it finds none.
func (j *judgedFile) findCase(cmd *cobra.Command, e *judgedDeviation, row spec.Row) (*corpus.Entry, error) {
	c := props.SmallestWhere(cmd.Context(), row, kernels.For(row.Op)[0], 300, 1, func(v props.Verdict) bool {
		return j.find(row.Op, row.Tier, failureOf(row.Op, v)) == e
	})
	if c == nil {
		return nil, nil
	}
	text, _, _ := strings.Cut(strings.TrimSpace(e.Text), "\n")
	entry := &corpus.Entry{Case: *c, Source: j.source(e), Note: text}
	out, err := corpus.Encode(entry)
	if err != nil {
		return nil, err
	}
	entry.Case.ID = corpus.ID(c)
	entry.Path = path.Join("deviations", e.ID, entry.Case.ID+".json")
	return entry, store(cmd, filepath.Join(deviationDir, e.ID, entry.Case.ID+".json"), out)
}

// hold holds the findings to the reviewed file, and writes the report.
func (j *judgedFile) hold(cmd *cobra.Command, results []*libRow, rows []spec.Row, entries []*corpus.Entry, o libOptions) error {
	var bad []string
	for _, u := range j.assign(results) {
		bad = append(bad, "not judged: "+u)
	}
	for _, r := range results {
		if r.Verdict == "incomplete" {
			bad = append(bad, fmt.Sprintf("%s: %s", r.name(), r.Skipped))
		}
	}
	// What could not be loaded has no rows.
	results = slices.DeleteFunc(slices.Clone(results), func(r *libRow) bool { return r.Op == "" })
	for i := range j.Deviations {
		e := &j.Deviations[i]
		bad = append(bad, e.strays(results)...)
		seen := slices.ContainsFunc(results, func(r *libRow) bool { return r.Verdict != "skipped" && e.onRow(r.Op, r.Tier) })
		if seen && len(e.rows) == 0 {
			bad = append(bad, e.ID+": judged, and not seen")
		}
		if e.Verdict == "ours" {
			bad = append(bad, e.ID+": our own error, to be fixed")
		}
	}
	more, err := j.reproduce(cmd, rows, entries, o.keep)
	if err != nil {
		return err
	}
	bad = append(bad, more...)
	if o.report != "" {
		if err := os.WriteFile(o.report, j.markdown(results, o), 0o666); err != nil {
			return err
		}
	}
	for _, line := range bad {
		fmt.Fprintln(cmd.ErrOrStderr(), "FAIL", line)
	}
	if len(bad) > 0 {
		return errFailed
	}
	return nil
}

func (j *judgedFile) markdown(results []*libRow, o libOptions) []byte {
	var s bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	p("# %s", j.Title)
	p("")
	p("Audited: %s. Written by `make audit-llama.cpp` (seed %d, budget %g); it holds the", j.Release, o.seed, o.budget)
	p("findings to `%s` and fails on one that is not judged there, or is judged and not", filepath.ToSlash(o.judged))
	p("seen. Each kernel ran in a child process, on the same properties, generators and corpus as our own, for any")
	p("order of summation.")
	p("")
	p("%s", strings.TrimSpace(j.Remarks))
	p("")

	// Libraries.
	p("## Libraries")
	p("")
	p("| library | rows | pass | deviate | cases | |")
	p("|---|---|---|---|---|---|")
	var libs []string
	for _, r := range results {
		if !slices.Contains(libs, r.Library) {
			libs = append(libs, r.Library)
		}
	}
	var tiers []spec.Tier
	for _, lib := range libs {
		var n, pass, fail, cases int
		skipped := ""
		for _, r := range results {
			if r.Library != lib {
				continue
			}
			n++
			cases += r.Cases
			switch r.Verdict {
			case "pass":
				pass++
			case "fail":
				fail++
			case "skipped":
				skipped = "not run: " + r.Skipped
			}
			if r.Verdict != "skipped" && !slices.Contains(tiers, r.Tier) {
				tiers = append(tiers, r.Tier)
			}
		}
		p("| %s | %d | %d | %d | %d | %s |", lib, n, pass, fail, cases, skipped)
	}
	p("")
	p("The machine: %s/%s, %s family %d model %d; its own tiers: %s.", runtime.GOOS, runtime.GOARCH, cpuid.CPU.BrandName, cpuid.CPU.Family, cpuid.CPU.Model, ownTiers())
	p("")

	// Worst error over bound.
	p("## Worst error over bound")
	p("")
	p("Of all cases, those included that fail. 0: bit for bit what the op requires. A number in")
	p("bold: the row deviates, see below; for exact ops, which have no bound, `≠`. Tiers with the same")
	p("numbers share a column.")
	p("")
	var ops []spec.Op
	at := map[spec.Op]map[spec.Tier]*libRow{}
	for _, r := range results {
		if r.Verdict == "skipped" {
			continue
		}
		if at[r.Op] == nil {
			ops = append(ops, r.Op)
			at[r.Op] = map[spec.Tier]*libRow{}
		}
		at[r.Op][r.Tier] = r
	}
	for _, way := range []string{"", ":generic", ":graph", ":gemv", ":gemm", "base"} {
		var cols []spec.Tier
		for _, t := range tiers {
			_, suffix, _ := strings.Cut(string(t), ":")
			if way == "base" && t == "base" || t != "base" && way == strings.TrimSuffix(":"+suffix, ":") {
				cols = append(cols, t)
			}
		}
		if len(cols) == 0 {
			continue
		}
		lines := slices.DeleteFunc(slices.Clone(ops), func(op spec.Op) bool {
			return !slices.ContainsFunc(cols, func(t spec.Tier) bool { return at[op][t] != nil })
		})
		var same grouped // tiers by their columns
		for _, t := range cols {
			var column []string
			for _, op := range lines {
				column = append(column, worstText(at[op][t]))
			}
			same.add(strings.Join(column, "|"), string(t))
		}
		header := "| op |"
		for _, g := range same {
			header += " " + strings.Join(g.members, ", ") + " |"
		}
		p("%s", header)
		p("|---|%s", strings.Repeat("---|", len(same)))
		for k, op := range lines {
			text := "| " + string(op) + " |"
			for _, g := range same {
				text += " " + strings.Split(g.text, "|")[k] + " |"
			}
			p("%s", text)
		}
		p("")
	}

	// The inputs of the worst.
	p("The inputs on which they were met, for the rows with an error over bound; the others' failures are below: `go run ./cmd/assay lib -case 'CASE' LIBRARY`, with")
	p("`-property PROPERTY` for a recipe. Rows whose worst is the same, met on the same input, are together.")
	p("")
	p("| op | error over bound, case, property: tiers |")
	p("|---|---|")
	for _, op := range ops {
		var met grouped
		for _, t := range tiers {
			if r := at[op][t]; r != nil && r.WorstRatio > 0 {
				met.add(fmt.Sprintf("%.3g `%s` %s", r.WorstRatio, r.WorstCase, r.WorstProperty), string(t))
			}
		}
		if len(met) > 0 {
			p("| %s | %s |", op, met.list("; ", ": ", ""))
		}
	}
	p("")

	// Deviations.
	p("## Deviations")
	p("")
	p("Verdicts: **defect**, wrong by ggml's own definition; **choice**, another definition or accuracy than")
	p("ours, consistently; **undefined**, input for which ggml promises nothing. The cases are in the")
	p("corpus (`%s`), where our own kernels replay them.", deviationDir)
	for _, e := range j.Deviations {
		if len(e.rows) == 0 {
			continue
		}
		p("")
		p("### %s: %s", e.ID, e.Verdict)
		p("")
		p("%s", strings.TrimSpace(e.Text))
		p("")
		p("- rows: %s", groupRows(e.rows))
		p("- kinds of finding: %s", counts(e.kinds))
		if e.worst != nil {
			p("- the largest: %s, `%s` of %s", e.worst.text(), e.worst.Property, e.worstRow)
		}
		switch {
		case e.Unstored != "":
			p("- no case in the corpus: %s", e.Unstored)
		default:
			for _, c := range e.shown {
				p("- case `%s` (`go run ./cmd/assay lib -case %s LIBRARY`), %s: %s", c.entry.Path, c.entry.Case.ID, c.entry.Case.Op, c.gives.list("; ", " (", ")"))
			}
			if len(e.idle) > 0 {
				p("- cases that no row of this run fails on: %s", strings.Join(e.idle, ", "))
			}
			if len(e.unshown) > 0 {
				p("- by no single case in the corpus, but by the properties: %s", groupRows(e.unshown))
			}
		}
		if e.Unstored != "" && e.worst != nil {
			property := "-property " + e.worst.Property + " "
			if e.worst.Property == corpusProperty {
				property = ""
			}
			p("- again: `go run ./cmd/assay lib -rows '^%s$' %s-case '%s' LIBRARY`", e.worstRow, property, e.worst.Case)
		}
	}
	p("")

	// Definitions.
	p("## Whose definition")
	p("")
	p("Each definition in the field, written as a plain loop (`props/definition`), against what the")
	p("kernels return: the share of outputs that are equal bit for bit, and for f32 the largest difference in units of")
	p("2^−24 of the call's largest output. Our own rows first.")
	p("")
	p("| op | definition | known user | equal, apart: kernels |")
	p("|---|---|---|---|")
	for _, d := range definition.All() {
		var follow grouped // kernels by what was found
		add := func(kernel string, all []definition.Evidence) {
			for _, e := range all {
				if e.Name != d.Name || e.Blocks == 0 {
					continue
				}
				found := fmt.Sprintf("%.4g %%", 100*float64(e.Equal)/float64(e.Blocks))
				if e.Equal < e.Blocks && spec.MustLookup(d.Op).Out == spec.F32 && e.Apart > 0 {
					found += fmt.Sprintf(", %.3g", e.Apart)
				}
				follow.add(found, kernel)
			}
		}
		add("**assay**", definition.Compare(kernels.For(d.Op)[0], definitionCases, o.seed))
		for _, r := range results {
			if r.Op == d.Op {
				add(string(r.Tier), r.definitions)
			}
		}
		var text []string
		for _, g := range follow {
			text = append(text, fmt.Sprintf("%s: %s", g.text, strings.Join(g.members, " ")))
		}
		p("| %s | %s: %s | %s | %s |", d.Op, d.Name, d.Text, d.Who, strings.Join(text, "; "))
	}
	return s.Bytes()
}

// grouped are members by what is true of them, in the order in which they came.
type grouped []struct {
	text    string
	members []string
}

func (g *grouped) add(text, member string) {
	for i := range *g {
		if (*g)[i].text == text {
			(*g)[i].members = append((*g)[i].members, member)
			return
		}
	}
	*g = append(*g, struct {
		text    string
		members []string
	}{text, []string{member}})
}

// list is the text of all, with the members of each behind it.
func (g grouped) list(between, before, after string) string {
	var out []string
	for _, one := range g {
		out = append(out, one.text+before+strings.Join(one.members, ", ")+after)
	}
	return strings.Join(out, between)
}

// worstText is a row's worst error over bound in the report.
func worstText(r *libRow) string {
	switch {
	case r == nil:
		return "–"
	case r.Verdict == "fail" && spec.MustLookup(r.Op).Exact:
		return "**≠**"
	case r.Verdict == "fail":
		return fmt.Sprintf("**%.3g**", r.WorstRatio)
	}
	return fmt.Sprintf("%.3g", r.WorstRatio)
}

// definitionCases is how many cases a row is compared with the definitions on.
const definitionCases = 60

// ownTiers lists the tiers of our own kernels that the machine can run.
func ownTiers() string {
	var out []string
	for _, row := range kernels.For(spec.OpDotQ4KQ8K) {
		if row.CanRun() {
			out = append(out, string(row.Tier))
		}
	}
	return strings.Join(out, ", ")
}

// groupRows lists OP/TIER rows, the tiers of an op together.
func groupRows(rows map[string]bool) string {
	tiers := map[string][]string{}
	var ops []string
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		op, tier, _ := strings.Cut(name, "/")
		if tiers[op] == nil {
			ops = append(ops, op)
		}
		tiers[op] = append(tiers[op], tier)
	}
	var out []string
	for _, op := range ops {
		out = append(out, fmt.Sprintf("%s (%s)", op, strings.Join(tiers[op], ", ")))
	}
	return strings.Join(out, "; ")
}

func counts(m map[string]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(out, ", ")
}

var errNoJudged = errors.New("lib: -report and -keep need -judged")
