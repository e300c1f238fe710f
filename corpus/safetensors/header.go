package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readHeader reads the metadata, and the tensors without their data. The objects
// are read key by key, for a map or a struct would hide a key that occurs twice, and
// a struct would take a key in other case.
func (f *File) readHeader(header []byte) ([]placed, error) {
	var tensors []placed
	seen := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(header))
	err := object(d, func(name string) error {
		at := lengthBytes + d.InputOffset()
		if seen[name] {
			return bad(fieldOf(name, ""), at, "occurs twice")
		}
		seen[name] = true
		if name == metadataKey {
			if err := f.readMetadata(d); err != nil {
				return bad("metadata", at, "%.300v", err)
			}
			return nil
		}
		t := placed{at: at}
		t.Name = name
		if err := t.read(d); err != nil {
			return bad(fieldOf(name, ""), at, "%.300v", err) // which may quote the file
		}
		tensors = append(tensors, t)
		return nil
	})
	if err == nil {
		// Only white space may follow.
		if _, end := d.Token(); end != io.EOF {
			err = errors.New("goes on after its end")
		}
	}
	var fe *FormatError
	if err != nil && !errors.As(err, &fe) {
		return nil, bad("header", lengthBytes+d.InputOffset(), "%.300v", err)
	}
	return tensors, err
}

// readMetadata reads an object of strings.
func (f *File) readMetadata(d *json.Decoder) error {
	f.Metadata = map[string]string{}
	return object(d, func(key string) error {
		if _, ok := f.Metadata[key]; ok {
			return fmt.Errorf("%.64q occurs twice", key)
		}
		v, err := d.Token()
		if err != nil {
			return broken(err)
		}
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("%.64q is no string", key)
		}
		f.Metadata[key] = s
		return nil
	})
}

// read reads the object of a tensor.
func (t *placed) read(d *json.Decoder) error {
	seen := map[string]bool{}
	err := object(d, func(field string) error {
		if seen[field] {
			return fmt.Errorf("%.64q occurs twice", field)
		}
		seen[field] = true
		switch field {
		case "dtype":
			v, err := d.Token()
			if err != nil {
				return broken(err)
			}
			name, ok := v.(string)
			if !ok {
				return errors.New("dtype is no string")
			}
			if t.Format, ok = formats[name]; !ok {
				return fmt.Errorf("is of type %.20q, want F32, F16 or BF16", name)
			}
			return nil
		case "shape":
			var err error
			t.Shape, err = numbers(d, field)
			return err
		case "data_offsets":
			x, err := numbers(d, field)
			if err != nil {
				return err
			}
			if len(x) != 2 {
				return fmt.Errorf("data_offsets are %d numbers, want 2", len(x))
			}
			t.from, t.to = x[0], x[1]
			return nil
		}
		return fmt.Errorf("has a field %.64q, which is unknown", field)
	})
	if err != nil {
		return err
	}
	for _, field := range []string{"dtype", "shape", "data_offsets"} {
		if !seen[field] {
			return errors.New("lacks " + field)
		}
	}
	return nil
}

// object reads an object and calls read for the value of each key.
func object(d *json.Decoder, read func(key string) error) error {
	open, err := d.Token()
	if err != nil {
		return broken(err)
	}
	if open != json.Delim('{') {
		return errors.New("is no object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return broken(err)
		}
		if err := read(key.(string)); err != nil { // in an object a key is a string
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return broken(err)
	}
	return nil
}

// numbers reads an array of integers that are not negative.
func numbers(d *json.Decoder, field string) ([]uint64, error) {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return nil, broken(err)
	}
	switch {
	case raw[0] != '[':
		return nil, errors.New(field + " is no array")
	case bytes.Contains(raw, []byte("null")): // which would become 0
		return nil, errors.New(field + " has a null")
	}
	out := []uint64{}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return out, nil
}

// broken is the error of a header that is no JSON.
func broken(err error) error { return fmt.Errorf("is no JSON: %w", err) }
