package fuzz

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"

	"assay/corpus"
	"assay/spec"
)

var (
	caseID     = regexp.MustCompile(`^[0-9a-f]{16}$`)
	caseMutant = regexp.MustCompile(`^[A-LX][0-9][0-9](-[b-z])?$`)
	caseBase64 = regexp.MustCompile(`^[A-Za-z0-9+/]*={0,2}$`)
	caseNumber = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)
)

// plainCase reads a case of the corpus, as corpus/README.md and case.schema.json have it.
func plainCase(data []byte) (text string, ok bool) {
	c, fields, ok := caseFields(data)
	if !ok {
		return "", false
	}
	id, _ := fields["id"].(string)
	return textCase(&corpus.Entry{Case: c, Source: fields["source"].(string), Note: fields["note"].(string), Mutant: mutantOf(fields)}),
		caseID.MatchString(id) && id == idOf(&c)
}

func mutantOf(fields map[string]any) string {
	s, _ := fields["mutant"].(string)
	return s
}

// idOf is the id of a case, by corpus/README.md.
func idOf(c *spec.Case) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %dx%dx%d", c.Op, c.Shape.Rows, c.Shape.Cols, c.Shape.Batch)
	if c.Shape.Heads > 0 {
		fmt.Fprintf(&b, "x%dx%d", c.Shape.Heads, c.Shape.KVHeads)
	}
	for _, x := range c.In {
		fmt.Fprintf(&b, " %d %s", len(x), x)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b.Bytes()))[:16]
}

// caseFields reads all but the id.
func caseFields(data []byte) (c spec.Case, fields map[string]any, ok bool) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return c, nil, false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	all, isObject := readJSON(d).(object)
	fields = all.fields()
	if !isObject || fields == nil {
		return c, nil, false
	}
	text := func(key string) bool {
		s, isString := fields[key].(string)
		return isString && s != ""
	}
	op, _ := fields["op"].(string)
	shape, isShape := fields["shape"].(object)
	list, isList := fields["operands"].([]any)
	known := 6
	if _, has := fields["mutant"]; has {
		known++
		if !caseMutant.MatchString(mutantOf(fields)) {
			return c, nil, false
		}
	}
	in, err := spec.Lookup(spec.Op(op))
	if len(fields) != known || !text("id") || !text("source") || !text("note") || !isShape || !isList || err != nil || len(list) != len(in.In) {
		return c, nil, false
	}
	c.Op = in.Op
	sizes := shape.fields()
	if sizes == nil {
		return c, nil, false
	}
	for key, at := range map[string]*int{
		"rows": &c.Shape.Rows, "cols": &c.Shape.Cols, "batch": &c.Shape.Batch, "heads": &c.Shape.Heads, "kvheads": &c.Shape.KVHeads,
	} {
		v, has := sizes[key]
		delete(sizes, key)
		number, isNumber := v.(json.Number)
		n, err := strconv.Atoi(string(number))
		switch heads := key == "heads" || key == "kvheads"; {
		case heads && !has:
		case !isNumber || err != nil || !caseNumber.MatchString(string(number)) || heads && n < 1:
			return c, nil, false
		default:
			*at = n
		}
	}
	if len(sizes) > 0 {
		return c, nil, false
	}
	for k, v := range list {
		o, isObject := v.(object)
		operand := o.fields()
		format, _ := operand["format"].(string)
		encoded, isString := operand["base64"].(string)
		b, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if !isObject || len(operand) != 2 || format != in.In[k].Format.String() || !isString || !caseBase64.MatchString(encoded) || err != nil {
			return c, nil, false
		}
		c.In = append(c.In, b)
	}
	return c, fields, c.Check() == nil
}

func textCase(e *corpus.Entry) string {
	return fmt.Sprintf("%s %+v %x %q %q %q", e.Case.Op, e.Case.Shape, e.Case.In, e.Source, e.Note, e.Mutant)
}
