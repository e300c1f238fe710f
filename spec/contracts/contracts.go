// Package contracts holds what the project claims, as data: each claim with the
// tests that its truth hangs on and the rule that a recorded figure must keep. The
// status of a claim is computed from a run's evidence (see assay contracts); none
// is written down.
package contracts

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Contract is one claim.
type Contract struct {
	ID    string `yaml:"id" json:"id"`
	Claim string `yaml:"claim" json:"claim"`
	// Tests are those that must run and pass: PACKAGE Test/Subtest, the package
	// below the module.
	Tests []string `yaml:"tests" json:"tests"`
	// Rule is what a recorded figure must keep, if the claim has one.
	Rule *Rule `yaml:"rule" json:"rule,omitempty"`

	File string `yaml:"-" json:"-"` // where it was read from
}

// Rule compares a recorded figure with a limit.
type Rule struct {
	File  string  `yaml:"file" json:"file"`   // JSON, below the module
	Field string  `yaml:"field" json:"field"` // of its object
	Op    string  `yaml:"op" json:"op"`       // <=, >= or ==
	Limit float64 `yaml:"limit" json:"limit"`
}

// Holds tells whether a figure keeps the rule. NaN keeps none.
func (r Rule) Holds(x float64) bool {
	switch r.Op {
	case "<=":
		return x <= r.Limit
	case ">=":
		return x >= r.Limit
	}
	return x == r.Limit
}

//go:embed *.yaml
var stored embed.FS

// All returns the project's contracts.
func All() ([]Contract, error) { return Read(stored) }

var (
	idForm   = regexp.MustCompile(`^[A-Z0-9]+(-[A-Z0-9]+)*$`)
	testForm = regexp.MustCompile(`^[a-z0-9_/]+ Test[A-Za-z0-9_]*(/[^ ]+)?$`)
)

// Read returns the contracts in the .yaml files of fsys. Unknown fields, ids that
// occur twice, claims without a test, and rules without an operator are errors.
func Read(fsys fs.FS) ([]Contract, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	var out []Contract
	seen := map[string]bool{}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		var list []Contract
		d := yaml.NewDecoder(bytes.NewReader(data))
		d.KnownFields(true)
		if err := d.Decode(&list); err != nil {
			return nil, fmt.Errorf("contracts: %s: %w", name, err)
		}
		for _, c := range list {
			if err := c.check(); err != nil {
				return nil, fmt.Errorf("contracts: %s: %q: %w", name, c.ID, err)
			}
			if seen[c.ID] {
				return nil, fmt.Errorf("contracts: %s: %q occurs twice", name, c.ID)
			}
			seen[c.ID], c.File = true, name
			out = append(out, c)
		}
	}
	return out, nil
}

func (c Contract) check() error {
	switch {
	case !idForm.MatchString(c.ID):
		return errors.New("id: want capitals, digits and dashes")
	case strings.TrimSpace(c.Claim) == "":
		return errors.New("no claim")
	case len(c.Tests) == 0:
		return errors.New("no test")
	}
	for _, t := range c.Tests {
		if !testForm.MatchString(t) {
			return fmt.Errorf("test %q: want PACKAGE TestName", t)
		}
	}
	if r := c.Rule; r != nil {
		if r.Op != "<=" && r.Op != ">=" && r.Op != "==" {
			return fmt.Errorf("rule: operator %q: want <=, >= or ==", r.Op)
		}
		if r.Field == "" || !fs.ValidPath(r.File) || path.Ext(r.File) != ".json" {
			return fmt.Errorf("rule: want a field of a JSON file below the module")
		}
	}
	return nil
}
