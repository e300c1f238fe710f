package corpus

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

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

// mutantID is what names a mutant.
var mutantID = regexp.MustCompile(`^[A-LX][0-9]{2}(-[b-z])?$`)

// Decode reads the stored form. Unknown fields, ops and formats, operands of
// the wrong size, an id that is not the content's and whatever case.schema.json refuses are
// errors.
func Decode(data []byte) (*Entry, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("corpus: not UTF-8")
	}
	var f file
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("corpus: data after the case")
	}
	switch {
	case f.Source == "" || f.Note == "":
		return nil, errors.New("corpus: a case without a source or a note")
	case f.Mutant != "" && !mutantID.MatchString(f.Mutant):
		return nil, fmt.Errorf("corpus: %q is no mutant", f.Mutant)
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
	if err := written(data, e); err != nil {
		return nil, err
	}
	return e, nil
}

// written reports whether data is what Encode writes of e, but for spaces, the order of fields
// and the way in which characters are written: encoding/json takes a key in other letters, one
// that occurs twice and null for what was meant, and base64 lines.
func written(data []byte, e *Entry) error {
	usual, err := Encode(e)
	if err != nil {
		return err
	}
	got, err := tree(data)
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	want, err := tree(usual)
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	if !reflect.DeepEqual(got, want) {
		return errors.New("corpus: a field is missing, or is not written as it should be")
	}
	return nil
}

// tree returns JSON as maps, slices, strings and numbers as they are written. A key that
// occurs twice is an error.
func tree(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return value(d)
}

func value(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		out := map[string]any{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name := key.(string) // the decoder takes no other
			if _, twice := out[name]; twice {
				return nil, fmt.Errorf("%q occurs twice", name)
			}
			if out[name], err = value(d); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return out, err
	case json.Delim('['):
		out := []any{}
		for d.More() {
			v, err := value(d)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		_, err := d.Token()
		return out, err
	}
	return t, nil
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
