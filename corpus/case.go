package corpus

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"assay/spec"
)

// Entry is a case with its history.
type Entry struct {
	Case spec.Case
	Path string // where it was read from, below the corpus directory
	// Source tells where the case comes from, and Note why it is worth keeping.
	Source, Note string
	// Mutant is the id of the mutant of Op that has the public defect, in a case that
	// shows one.
	Mutant string
}

// file is the stored form.
type file struct {
	ID       string     `json:"id"`
	Op       spec.Op    `json:"op"`
	Shape    spec.Shape `json:"shape"`
	Operands []operand  `json:"operands"`
	Source   string     `json:"source"`
	Note     string     `json:"note"`
	Mutant   string     `json:"mutant,omitempty"`
}

type operand struct {
	Format string `json:"format"`
	Base64 string `json:"base64"`
}

// ID returns the content hash that names a case: the first 16 hexadecimal
// digits of SHA-256 over op, shape and operands.
func ID(c *spec.Case) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %v", c.Op, c.Shape)
	for _, b := range c.In {
		fmt.Fprintf(h, " %d ", len(b))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Encode returns the stored form of an entry. The case must be valid.
func Encode(e *Entry) ([]byte, error) {
	if err := e.Case.Check(); err != nil {
		return nil, err
	}
	f := file{ID: ID(&e.Case), Op: e.Case.Op, Shape: e.Case.Shape, Source: e.Source, Note: e.Note, Mutant: e.Mutant}
	for k, b := range e.Case.In {
		f.Operands = append(f.Operands, operand{spec.MustLookup(e.Case.Op).In[k].Format.String(), base64.StdEncoding.EncodeToString(b)})
	}
	out, err := json.MarshalIndent(f, "", "  ")
	return append(out, '\n'), err
}

// Decode reads the stored form. Unknown fields, ops and formats, operands of
// the wrong size and an id that is not the content's are errors.
func Decode(data []byte) (*Entry, error) {
	var f file
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	if d.More() {
		return nil, fmt.Errorf("corpus: data after the case")
	}
	in, err := spec.Lookup(f.Op)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	if len(f.Operands) != len(in.In) {
		return nil, fmt.Errorf("corpus: %s has %d operands, the file %d", f.Op, len(in.In), len(f.Operands))
	}
	e := &Entry{Case: spec.Case{ID: f.ID, Op: f.Op, Shape: f.Shape}, Source: f.Source, Note: f.Note, Mutant: f.Mutant}
	for k, o := range f.Operands {
		if o.Format != in.In[k].Format.String() {
			return nil, fmt.Errorf("corpus: operand %d is %q, %s wants %v", k, o.Format, f.Op, in.In[k].Format)
		}
		b, err := base64.StdEncoding.DecodeString(o.Base64)
		if err != nil {
			return nil, fmt.Errorf("corpus: operand %d: %w", k, err)
		}
		e.Case.In = append(e.Case.In, b)
	}
	if err := e.Case.Check(); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	if id := ID(&e.Case); id != f.ID {
		return nil, fmt.Errorf("corpus: id is %q, the content's is %q", f.ID, id)
	}
	return e, nil
}

//go:embed cases fixedbugs deviations worst/fuzz
var stored embed.FS

// All returns every stored case.
func All() ([]*Entry, error) { return Read(stored) }

// Read returns every case below the root of fsys. Anything but case files and
// folders is an error.
func Read(fsys fs.FS) ([]*Entry, error) {
	var out []*Entry
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Ext(name) != ".json" {
			return fmt.Errorf("corpus: %s: not a case", name)
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		e, err := Decode(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if base := strings.TrimSuffix(path.Base(name), ".json"); base != e.Case.ID {
			return fmt.Errorf("corpus: %s: file is not named after its id %s", name, e.Case.ID)
		}
		e.Path = name
		out = append(out, e)
		return nil
	})
	return out, err
}
