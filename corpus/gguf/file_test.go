package gguf

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestLookups(t *testing.T) {
	f := &File{
		Metadata: []KV{
			{"u8", uint8(8)}, {"u16", uint16(16)}, {"u32", uint32(32)}, {"u64", uint64(64)}, {"max", uint64(math.MaxUint64)},
			{"i8", int8(8)}, {"i16", int16(16)}, {"i32", int32(32)}, {"i64", int64(64)}, {"minus", int16(-1)},
			{"f32", float32(0.5)}, {"f64", 0.25}, {"bool", true}, {"str", "s"}, {"strs", []string{"a", "b"}},
			{"alien", struct{}{}},
		},
		Tensors: []Tensor{{Name: "a"}, {Name: "b", Offset: 32}},
	}
	get := map[string]func(string) (any, error){
		"Uint":    func(k string) (any, error) { return f.Uint(k) },
		"Int":     func(k string) (any, error) { return f.Int(k) },
		"Float":   func(k string) (any, error) { return f.Float(k) },
		"Bool":    func(k string) (any, error) { return f.Bool(k) },
		"String":  func(k string) (any, error) { return f.String(k) },
		"Strings": func(k string) (any, error) { return f.Strings(k) },
	}
	for _, tt := range []struct {
		method, key string
		want        string // value, or part of the error after "!"
	}{
		{"Uint", "u8", "8"}, {"Uint", "u16", "16"}, {"Uint", "u32", "32"}, {"Uint", "u64", "64"},
		{"Uint", "i8", "8"}, {"Uint", "i16", "16"}, {"Uint", "i32", "32"}, {"Uint", "i64", "64"},
		{"Uint", "max", "18446744073709551615"},
		{"Uint", "minus", `!metadata "minus": is -1, want no negative number`},
		{"Uint", "f32", "!is of type float32, want an integer"},
		{"Uint", "alien", "!is of Go type struct {}"},
		{"Int", "u8", "8"}, {"Int", "u16", "16"}, {"Int", "u32", "32"}, {"Int", "u64", "64"},
		{"Int", "i8", "8"}, {"Int", "i16", "16"}, {"Int", "i32", "32"}, {"Int", "i64", "64"}, {"Int", "minus", "-1"},
		{"Int", "max", "!is 18446744073709551615, want less than 2^63"},
		{"Int", "strs", "!is an array of string, want an integer"},
		{"Float", "f32", "0.5"}, {"Float", "f64", "0.25"}, {"Float", "u8", "!is of type uint8, want a float"},
		{"Bool", "bool", "true"}, {"Bool", "u8", "!is of type uint8, want a bool"},
		{"String", "str", "s"}, {"String", "strs", "!is an array of string, want a string"},
		{"Strings", "strs", "[a b]"}, {"Strings", "str", "!is of type string, want an array of strings"},
	} {
		got, err := get[tt.method](tt.key)
		if want, isErr := strings.CutPrefix(tt.want, "!"); isErr {
			if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrNotFound) {
				t.Errorf("%s(%q): error %v, want %q in it", tt.method, tt.key, err, want)
			}
		} else if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s(%q) = %v, %v, want %s", tt.method, tt.key, got, err, want)
		}
	}
	for method, get := range get {
		_, err := get("none")
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `"none"`) {
			t.Errorf("%s of a key that is not there: error %v, want ErrNotFound and the key", method, err)
		}
	}

	if v, ok := f.Get("str"); v != "s" || !ok {
		t.Errorf("Get = %v, %v, want s, true", v, ok)
	}
	if v, ok := f.Get("none"); v != nil || ok {
		t.Errorf("Get = %v, %v, want nil, false", v, ok)
	}
	if tensor, err := f.Tensor("b"); err != nil || tensor != &f.Tensors[1] {
		t.Errorf("Tensor = %v, %v, want the second tensor", tensor, err)
	}
	if _, err := f.Tensor("c"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Tensor: error %v, want ErrNotFound", err)
	}
}

func TestTensorRows(t *testing.T) {
	for _, tt := range []struct {
		tensor         Tensor
		rowBytes, rows uint64
	}{
		{Tensor{Dims: []uint64{512}, Type: Q4K}, 288, 1},
		{Tensor{Dims: []uint64{256, 3}, Type: Q6K}, 210, 3},
		{Tensor{Dims: []uint64{5, 2, 3, 4}, Type: F16}, 10, 24},
		{Tensor{Dims: nil, Type: F16}, 0, 0},
		{Tensor{Dims: []uint64{5, 2}, Type: 99}, 0, 2},
	} {
		if b, n := tt.tensor.RowBytes(), tt.tensor.Rows(); b != tt.rowBytes || n != tt.rows {
			t.Errorf("%v %d: %d rows of %d bytes, want %d of %d", tt.tensor.Type, tt.tensor.Dims, n, b, tt.rows, tt.rowBytes)
		}
	}
}

func TestType(t *testing.T) {
	// The ids, elements and bytes of the format's definition, once more.
	for _, tt := range []struct {
		typ          Type
		id           uint32
		name         string
		elems, bytes int
	}{
		{F32, 0, "F32", 1, 4}, {F16, 1, "F16", 1, 2}, {BF16, 30, "BF16", 1, 2}, {F64, 28, "F64", 1, 8},
		{I8, 24, "I8", 1, 1}, {I16, 25, "I16", 1, 2}, {I32, 26, "I32", 1, 4}, {I64, 27, "I64", 1, 8},
		{Q4_0, 2, "Q4_0", 32, 2 + 16}, {Q4_1, 3, "Q4_1", 32, 2 + 2 + 16},
		{Q5_0, 6, "Q5_0", 32, 2 + 4 + 16}, {Q5_1, 7, "Q5_1", 32, 2 + 2 + 4 + 16},
		{Q8_0, 8, "Q8_0", 32, 2 + 32}, {Q8_1, 9, "Q8_1", 32, 2 + 2 + 32},
		{Q2K, 10, "Q2_K", 256, 16 + 64 + 2 + 2}, {Q3K, 11, "Q3_K", 256, 32 + 64 + 12 + 2},
		{Q4K, 12, "Q4_K", 256, 2 + 2 + 12 + 128}, {Q5K, 13, "Q5_K", 256, 2 + 2 + 12 + 32 + 128},
		{Q6K, 14, "Q6_K", 256, 128 + 64 + 16 + 2}, {Q8K, 15, "Q8_K", 256, 4 + 256 + 32},
		{IQ4NL, 20, "IQ4_NL", 32, 2 + 16}, {IQ4XS, 23, "IQ4_XS", 256, 2 + 2 + 4 + 128},
		{MXFP4, 39, "MXFP4", 32, 1 + 16}, {NVFP4, 40, "NVFP4", 64, 4 + 32},
		{4, 4, "Type(4)", 0, 0}, {31, 31, "Type(31)", 0, 0}, {41, 41, "Type(41)", 0, 0},
		{math.MaxUint32, math.MaxUint32, "Type(4294967295)", 0, 0},
	} {
		if uint32(tt.typ) != tt.id || tt.typ.String() != tt.name || tt.typ.BlockLen() != tt.elems || tt.typ.BlockBytes() != tt.bytes {
			t.Errorf("%d is %v, %d elements in %d bytes, want %d, %s, %d, %d",
				uint32(tt.typ), tt.typ, tt.typ.BlockLen(), tt.typ.BlockBytes(), tt.id, tt.name, tt.elems, tt.bytes)
		}
	}
}
