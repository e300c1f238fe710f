package assembly

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Equivalence says of mutants that they compute what the correct routine does. The
// texts are patterns of path.Match, for instructions with single spaces.
type Equivalence struct {
	Routines    []string `yaml:"routines"` // names
	Instruction string   `yaml:"instruction"`
	Mutation    string   `yaml:"mutation"`   // "drop" for a dropped instruction
	Kind        string   `yaml:"kind"`       // of change; "" for all
	Occurrence  int      `yaml:"occurrence"` // of the instruction in the routine, from 1; 0 for all
	Proof       string   `yaml:"proof"`
}

//go:embed equivalent.yaml
var reviewed []byte

// Equivalences returns the reviewed list.
func Equivalences() ([]Equivalence, error) { return readEquivalences(reviewed) }

func readEquivalences(data []byte) ([]Equivalence, error) {
	var out []Equivalence
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("assembly: equivalent.yaml: %w", err)
	}
	for i, e := range out {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("assembly: equivalent.yaml: entry %d: %w", i+1, err)
		}
	}
	return out, nil
}

func (e Equivalence) check() error {
	for _, p := range append([]string{e.Instruction, e.Mutation}, e.Routines...) {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return fmt.Errorf("pattern %q: %w", p, errors.Join(err))
		}
	}
	switch {
	case len(e.Routines) == 0:
		return errors.New("no routine")
	case strings.TrimSpace(e.Proof) == "":
		return errors.New("no proof")
	}
	return nil
}

// Covers tells whether a mutant is one of those that e is about.
func (e Equivalence) Covers(r Result) bool {
	match := func(pattern, text string) bool {
		ok, _ := path.Match(pattern, text)
		return ok
	}
	mutation := "drop"
	if r.Mutation != "" {
		mutation = parse(r.Mutation).String()
	}
	if e.Occurrence != 0 && e.Occurrence != r.Occurrence || e.Kind != "" && e.Kind != r.Kind {
		return false
	}
	return match(e.Instruction, parse(r.Before).String()) && match(e.Mutation, mutation) &&
		slices.ContainsFunc(e.Routines, func(name string) bool { return match(name, r.Routine) })
}
