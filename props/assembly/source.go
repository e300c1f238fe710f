package assembly

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Source is a file of assembly with its macros expanded.
type Source struct {
	Path     string
	Data     []string // DATA and GLOBL statements
	Routines []Routine
}

// Routine is one TEXT.
type Routine struct {
	Name  string // without the dot
	Flags string // what follows the name: ", NOSPLIT, $0-40"
	Body  []Statement
}

// Statement is an instruction or a label.
type Statement struct {
	Text string
	// File and Line tell where it stands, which may be in a macro; Use is the line of
	// the routine that led there.
	File string
	Line int
	Use  int
}

// Label tells whether the statement is a label.
func (s Statement) Label() bool { return strings.HasSuffix(s.Text, ":") }

type macro struct {
	params   []string // nil for a macro without parentheses
	function bool
	body     []Statement
}

type expander struct {
	dir    string
	macros map[string]*macro
	source *Source
	within *Routine
}

// ReadSource reads a file of Go assembly. Conditions (#ifdef) are not understood and
// are errors; headers of the Go installation are passed over, for they define flags
// only.
func ReadSource(path string) (*Source, error) {
	e := &expander{dir: filepath.Dir(path), macros: map[string]*macro{}, source: &Source{Path: path}}
	if err := e.file(path); err != nil {
		return nil, err
	}
	e.end()
	if len(e.source.Routines) == 0 {
		return nil, fmt.Errorf("assembly: %s has no TEXT", path)
	}
	return e.source, nil
}

var comment = regexp.MustCompile(`(?s)/\*.*?\*/`)

func (e *expander) file(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	// A comment over several lines keeps its line ends.
	text := comment.ReplaceAllStringFunc(string(data), func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) })
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		at := Statement{File: filepath.Base(path), Line: i + 1, Use: i + 1}
		line := strip(lines[i])
		switch {
		case strings.HasPrefix(line, "#define"):
			first := i
			parts := []string{strings.TrimPrefix(line, "#define")}
			for strings.HasSuffix(parts[len(parts)-1], `\`) {
				if i++; i == len(lines) {
					return fmt.Errorf("assembly: %s:%d: the macro has no end", path, first+1)
				}
				parts[len(parts)-1] = strings.TrimSuffix(parts[len(parts)-1], `\`)
				parts = append(parts, strip(lines[i]))
			}
			if err := e.define(parts, at); err != nil {
				return err
			}
		case strings.HasPrefix(line, "#include"):
			name := strings.Trim(strings.TrimSpace(strings.TrimPrefix(line, "#include")), `"`)
			if name == "textflag.h" {
				continue
			}
			if err := e.file(filepath.Join(e.dir, name)); err != nil {
				return err
			}
		case strings.HasPrefix(line, "#undef"):
			delete(e.macros, strings.TrimSpace(strings.TrimPrefix(line, "#undef")))
		case strings.HasPrefix(line, "#"):
			return fmt.Errorf("assembly: %s:%d: %q is not understood", path, i+1, line)
		default:
			for _, part := range strings.Split(line, ";") {
				s := at
				s.Text = part
				if err := e.statement(s, 0); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// strip removes a line's comment and the space around it.
func strip(line string) string {
	if i := strings.Index(line, "//"); i >= 0 {
		line = line[:i]
	}
	return strings.TrimSpace(line)
}

var definition = regexp.MustCompile(`^\s*([\pL_][\pL\pN_]*)(\(([^)]*)\))?\s*(.*)$`)

// define reads a macro from its lines, the first of which stands at the statement's.
func (e *expander) define(parts []string, at Statement) error {
	m := definition.FindStringSubmatch(parts[0])
	if m == nil {
		return fmt.Errorf("assembly: %s:%d: %q is no macro", at.File, at.Line, parts[0])
	}
	d := &macro{function: m[2] != ""}
	if strings.TrimSpace(m[3]) != "" {
		for _, p := range strings.Split(m[3], ",") {
			d.params = append(d.params, strings.TrimSpace(p))
		}
	}
	parts[0] = m[4]
	for i, part := range parts {
		for _, text := range strings.Split(part, ";") {
			if text = strings.TrimSpace(text); text != "" {
				d.body = append(d.body, Statement{Text: text, File: at.File, Line: at.Line + i})
			}
		}
	}
	e.macros[m[1]] = d
	return nil
}

var (
	identifier = regexp.MustCompile(`[\pL_][\pL\pN_]*`)
	labelled   = regexp.MustCompile(`^([\pL_][\pL\pN_]*:)\s*(.*)$`)
	header     = regexp.MustCompile(`^TEXT\s+·([\pL_][\pL\pN_]*)\(SB\)\s*(,.*)$`)
)

const deepest = 32 // macros within macros

// statement expands a statement and files what comes out.
func (e *expander) statement(s Statement, depth int) error {
	if depth > deepest {
		return fmt.Errorf("assembly: %s:%d: macros lead to each other", s.File, s.Line)
	}
	s.Text = strings.TrimSpace(s.Text)
	if m := labelled.FindStringSubmatch(s.Text); m != nil && m[2] != "" {
		label := s
		label.Text = m[1]
		e.add(label)
		s.Text = m[2]
	}
	for at := 0; ; {
		loc := identifier.FindStringIndex(s.Text[at:])
		if loc == nil {
			break
		}
		from, to := at+loc[0], at+loc[1]
		m := e.macros[s.Text[from:to]]
		if m == nil || m.function && (to == len(s.Text) || s.Text[to] != '(') {
			at = to
			continue
		}
		var args []string
		if m.function {
			var err error
			if args, to, err = arguments(s.Text, to); err != nil {
				return fmt.Errorf("assembly: %s:%d: %w", s.File, s.Line, err)
			}
			if len(args) != len(m.params) {
				return fmt.Errorf("assembly: %s:%d: %d arguments, want %d", s.File, s.Line, len(args), len(m.params))
			}
		}
		body := m.expand(args)
		if len(body) == 1 && !(from == 0 && to == len(s.Text)) {
			s.Text = s.Text[:from] + body[0].Text + s.Text[to:]
			at = from
			if depth++; depth > deepest*8 {
				return fmt.Errorf("assembly: %s:%d: macros lead to each other", s.File, s.Line)
			}
			continue
		}
		if from != 0 || to != len(s.Text) {
			return fmt.Errorf("assembly: %s:%d: several instructions within one", s.File, s.Line)
		}
		for _, b := range body {
			b.Use = s.Use
			if err := e.statement(b, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	e.add(s)
	return nil
}

// arguments reads a macro's arguments, whose parenthesis is at text[at].
func arguments(text string, at int) (args []string, end int, err error) {
	depth, from := 0, at+1
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				if a := strings.TrimSpace(text[from:i]); a != "" || len(args) > 0 {
					args = append(args, a)
				}
				return args, i + 1, nil
			}
		case ',':
			if depth == 1 {
				args = append(args, strings.TrimSpace(text[from:i]))
				from = i + 1
			}
		}
	}
	return nil, 0, fmt.Errorf("%q: a parenthesis is missing", text)
}

func (m *macro) expand(args []string) []Statement {
	var out []Statement
	for _, s := range m.body {
		s.Text = identifier.ReplaceAllStringFunc(s.Text, func(name string) string {
			for i, p := range m.params {
				if p == name {
					return args[i]
				}
			}
			return name
		})
		out = append(out, s)
	}
	return out
}

func (e *expander) add(s Statement) {
	switch {
	case s.Text == "":
	case strings.HasPrefix(s.Text, "DATA") || strings.HasPrefix(s.Text, "GLOBL"):
		e.source.Data = append(e.source.Data, s.Text)
	default:
		if m := header.FindStringSubmatch(s.Text); m != nil {
			e.end()
			e.within = &Routine{Name: m[1], Flags: m[2]}
			return
		}
		if e.within != nil {
			e.within.Body = append(e.within.Body, s)
		}
	}
}

func (e *expander) end() {
	if e.within != nil {
		e.source.Routines = append(e.source.Routines, *e.within)
	}
	e.within = nil
}
