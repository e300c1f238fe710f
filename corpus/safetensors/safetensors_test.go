package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"assay/corpus/readertest"
	"assay/spec"
)

func small() *File {
	return &File{
		Metadata: map[string]string{"format": "pt", "": "é"},
		Tensors: []Tensor{
			{"a", spec.F32, []uint64{2, 3}, bytes.Repeat([]byte{1}, 24)},
			{"b", spec.BF16, []uint64{5}, bytes.Repeat([]byte{2}, 10)},
			{"e", spec.BF16, []uint64{3, 0}, []byte{}},
			{"c", spec.F16, []uint64{}, []byte{3, 3}},
		},
	}
}

// ignoreMapping compares files by their content.
var ignoreMapping = cmpopts.IgnoreUnexported(File{})

func mustBytes(t testing.TB, f *File) []byte {
	t.Helper()
	b, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	for _, want := range []*File{
		small(), {}, {Metadata: map[string]string{}},
		{Tensors: []Tensor{{Name: "", Format: spec.F32, Shape: []uint64{0}, Data: []byte{}}}},
	} {
		b := mustBytes(t, want)
		got, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got, ignoreMapping); d != "" {
			t.Error(d)
		}
		if !bytes.Equal(b, mustBytes(t, got)) {
			t.Error("writing what was read gives other bytes")
		}
	}
	if x := small().Tensor("b"); x == nil || x.Format != spec.BF16 {
		t.Errorf("tensor b is %+v", x)
	}
	if x := small().Tensor("x"); x != nil {
		t.Errorf("tensor x is %+v", x)
	}
}

// file is one with this header and these data.
func file(header, body string) []byte {
	return []byte(string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + body)
}

// Headers of other writers: other order, white space, no padding, data in another
// order than the names.
func TestParseLayouts(t *testing.T) {
	for _, data := range [][]byte{
		file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[2,1],"data_offsets":[4,8]}}`, "12345678"),
		file(`{"b":{"shape":[2,1],"dtype":"F16","data_offsets":[4,8]},"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}}`, "12345678"),
		file("{ \"\\u0061\" : {\"dtype\":\"F32\",\t\"shape\":[ 1 ],\"data_offsets\":[0,4]},\n\"b\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":[4,8]} } \n ", "12345678"),
	} {
		want := &File{Tensors: []Tensor{{"a", spec.F32, []uint64{1}, []byte("1234")}, {"b", spec.F16, []uint64{2, 1}, []byte("5678")}}}
		got, err := Parse(data)
		if err != nil {
			t.Errorf("%s: %v", data, err)
			continue
		}
		if d := cmp.Diff(want, got, ignoreMapping); d != "" {
			t.Error(d)
		}
	}
}

func TestParseHostile(t *testing.T) {
	one := func(fields, body string) []byte { return file(`{"a":{`+fields+`}}`, body) }
	two := func(a, b, body string) []byte {
		const head = `{"dtype":"F32","shape":[1],"data_offsets":`
		return file(`{"a":`+head+a+`},"b":`+head+b+`}}`, body)
	}
	le := binary.LittleEndian
	for _, tt := range []struct {
		data []byte
		says string
	}{
		{nil, "takes 8"}, {[]byte("1234567"), "takes 8"},
		{[]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "2 bytes remain"}, {[]byte("\x00\x00\x00\x00\x00\x00\x00\x80{}"), "2 bytes remain"},
		{append(le.AppendUint64(nil, 3), "{}"...), "2 bytes remain"},
		{append(le.AppendUint64(nil, maxHeader+1), make([]byte, maxHeader+1)...), "at most 100000000"},
		{file("", ""), "begin with {"}, {file("[]", ""), "begin with {"}, {file(" {}", ""), "begin with {"}, {file("null", ""), "begin with {"},
		{file("{", ""), "no JSON"}, {file("{\xff", ""), "UTF-8"}, {file("{\"\xc3\x28\":1}", ""), "UTF-8"}, {file("{} x", ""), "goes on"}, {file("{}{}", ""), "goes on"}, {file("{}\x00", ""), "goes on"},
		{file("{,}", ""), "no JSON"}, {file(`{"a":{},}`, ""), "lacks"}, {file(`{1:2}`, ""), "no JSON"}, {file(`{"a"}`, ""), "no JSON"},
		{file(`{"a":null}`, ""), "no object"}, {file(`{"a":7}`, ""), "no object"}, {file(`{"a":[]}`, ""), "no object"}, {file(`{"a":`+strings.Repeat("[", 20000)+`}`, ""), "no object"},

		{one(`"dtype":"I8","shape":[1],"data_offsets":[0,1]`, "1"), `type "I8"`},
		{one(`"dtype":"f32","shape":[1],"data_offsets":[0,4]`, "1234"), `type "f32"`},
		{one(`"dtype":32,"shape":[1],"data_offsets":[0,4]`, "1234"), "no string"}, {one(`"dtype":null,"shape":[1],"data_offsets":[0,4]`, "1234"), "no string"},
		{one(`"DType":"F32","shape":[1],"data_offsets":[0,4]`, "1234"), `"DType"`},
		{one(`"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1`, "1234"), `"x"`},
		{one(`"shape":[1],"data_offsets":[0,4]`, "1234"), "lacks dtype"}, {one(`"dtype":"F32","data_offsets":[0,4]`, "1234"), "lacks shape"}, {one(`"dtype":"F32","shape":[0]`, ""), "lacks data_offsets"},
		{one(`"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]`, "1234"), "twice"},
		{one(`"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]`, "1234"), "twice"},

		{one(`"dtype":"F32","shape":[-1],"data_offsets":[0,4]`, "1234"), "shape"}, {one(`"dtype":"F32","shape":[1.0],"data_offsets":[0,4]`, "1234"), "shape"},
		{one(`"dtype":"F32","shape":[null],"data_offsets":[0,4]`, "1234"), "null"}, {one(`"dtype":"F32","shape":null,"data_offsets":[0,4]`, "1234"), "no array"}, {one(`"dtype":"F32","shape":1,"data_offsets":[0,4]`, "1234"), "no array"},
		{one(`"dtype":"F32","shape":["1"],"data_offsets":[0,4]`, "1234"), "shape"}, {one(`"dtype":"F32","shape":[[1]],"data_offsets":[0,4]`, "1234"), "shape"},
		{one(`"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]`, "1234"), "shape"},
		{one(`"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]`, "1234"), "wraps"}, {one(`"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]`, ""), "wraps"},
		{one(`"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]`, ""), "wraps"},

		{one(`"dtype":"F32","shape":[1],"data_offsets":[0,3]`, "123"), "takes 4 bytes"}, {one(`"dtype":"F32","shape":[2],"data_offsets":[0,4]`, "1234"), "takes 8 bytes"}, {one(`"dtype":"F16","shape":[2],"data_offsets":[0,8]`, "12345678"), "takes 4 bytes"},
		{one(`"dtype":"F32","shape":[1],"data_offsets":[4,0]`, "1234"), "data have 4"}, {one(`"dtype":"F32","shape":[1],"data_offsets":[4,8]`, "1234"), "data have 4"},
		{one(`"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,0]`, "1234"), "data have 4"}, {one(`"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]`, "1234"), "data have 4"},
		{one(`"dtype":"F32","shape":[1],"data_offsets":[0]`, "1234"), "1 numbers"}, {one(`"dtype":"F32","shape":[1],"data_offsets":[0,4,4]`, "1234"), "3 numbers"}, {one(`"dtype":"F32","shape":[1],"data_offsets":[0,-4]`, "1234"), "data_offsets"},
		{one(`"dtype":"F32","shape":[1],"data_offsets":[0,4]`, "12345678"), "tensors take 4"}, {file("{}", "1"), "tensors take 0"},
		{one(`"dtype":"F32","shape":[1],"data_offsets":[4,8]`, "12345678"), "nobody's"},
		{two("[0,4]", "[0,4]", "1234"), "overlap"}, {two("[0,4]", "[2,6]", "123456"), "overlap"}, {two("[6,10]", "[0,4]", "1234567890"), "nobody's"}, {two("[4,8]", "[0,4]", "1234567"), "data have 7"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "12345678"), "twice"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0],"data_offsets":[2,2]}}`, "1234"), "overlap"},

		{file(`{"__metadata__":7}`, ""), "no object"}, {file(`{"__metadata__":{"a":1}}`, ""), "no string"}, {file(`{"__metadata__":{"a":"","a":""}}`, ""), "twice"},
		{file(`{"__metadata__":{},"__metadata__":{}}`, ""), "twice"}, {file(`{"__metadata__":{"a":{}}}`, ""), "no string"}, {file(`{"__metadata__":{"a"`, ""), "no JSON"},
	} {
		got, err := Parse(tt.data)
		var fe *FormatError
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.200q: %+v, %v, want a FormatError with %q", tt.data, got, err, tt.says)
		} else if fe.Offset < 0 || fe.Offset > int64(len(tt.data)) {
			t.Errorf("%.200q: %v: at byte %d of %d", tt.data, err, fe.Offset, len(tt.data))
		}
	}
}

func TestFormatErrorMessage(t *testing.T) {
	_, err := Parse(file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, "1234"))
	const want = `safetensors: tensor "a" data_offsets at byte 12 are [0, 4], F32 of this shape takes 8 bytes`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	// A name or number of a megabyte does not make a message of megabytes.
	for _, header := range []string{
		`{"` + strings.Repeat("x", 1<<20) + `":{"` + strings.Repeat("y", 1<<20) + `":1}}`,
		`{"a":{"shape":[` + strings.Repeat("1", 1<<20) + `]}}`,
	} {
		_, err = Parse(file(header, ""))
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("message of %d bytes", len(fmt.Sprint(err)))
		}
	}
}

func TestBytesRefuses(t *testing.T) {
	for what, change := range map[string]func(f *File){
		"type":         func(f *File) { f.Tensors[0].Format = spec.Q4_0 },
		"other type":   func(f *File) { f.Tensors[0].Format = 250 },
		"name":         func(f *File) { f.Tensors[0].Name = "\xff" },
		"reserved":     func(f *File) { f.Tensors[0].Name = "__metadata__" },
		"twice":        func(f *File) { f.Tensors[0].Name = "b" },
		"size":         func(f *File) { f.Tensors[0].Data = nil },
		"shape wraps":  func(f *File) { f.Tensors[0].Shape = []uint64{1 << 62, 4} },
		"metadata":     func(f *File) { f.Metadata["a"] = "\xff" },
		"metadata key": func(f *File) { f.Metadata["\xff"] = "" },
	} {
		f := small()
		change(f)
		var fe *FormatError
		if b, err := f.Bytes(); !errors.As(err, &fe) || fe.Offset != -1 || b != nil {
			t.Errorf("%s: %v, want a FormatError without a position", what, err)
		}
	}
}

// TestTruncated: no proper prefix is a file.
func TestTruncated(t *testing.T) {
	good := mustBytes(t, small())
	for n := range good {
		var fe *FormatError
		if f, err := Parse(good[:n:n]); !errors.As(err, &fe) || fe.Offset < 0 || fe.Offset > int64(n) {
			t.Fatalf("the first %d of %d bytes: %+v, %v", n, len(good), f, err)
		}
	}
}

// TestMutated: every change of one byte is refused, or gives a file that can be
// written and read again.
func TestMutated(t *testing.T) {
	good := mustBytes(t, small())
	refused, accepted := 0, 0
	for i := range good {
		for v := range 256 {
			b := bytes.Clone(good)
			b[i] = byte(v)
			f, err := Parse(b)
			if err != nil {
				refused++
				continue
			}
			accepted++
			again, err := Parse(mustBytes(t, f))
			if err != nil {
				t.Fatalf("byte %d = %#x: what was written: %v", i, v, err)
			}
			if !bytes.Equal(mustBytes(t, f), mustBytes(t, again)) {
				t.Fatalf("byte %d = %#x: written twice, the bytes differ", i, v)
			}
		}
	}
	if refused == 0 || accepted == 0 {
		t.Errorf("%d refused, %d accepted: one of them never happened", refused, accepted)
	}
}

// The headers that are densest in Go values for their size stay within the factor
// that the package documents.
func TestDenseAllocation(t *testing.T) {
	var tensors, metadata strings.Builder
	tensors.WriteByte('{')
	metadata.WriteString(`{"__metadata__":{`)
	for i := range 5000 {
		if i > 0 {
			tensors.WriteByte(',')
			metadata.WriteByte(',')
		}
		fmt.Fprintf(&tensors, `"%x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, i)
		fmt.Fprintf(&metadata, `"%x":""`, i)
	}
	tensors.WriteByte('}')
	metadata.WriteString(`}}`)
	shape := `{"a":{"dtype":"F32","shape":[` + strings.Repeat("0,", 5000) + `0],"data_offsets":[0,0]}}`
	for what, header := range map[string]string{
		"tensors": tensors.String(), "metadata": metadata.String(), "shape": shape,
		"half of the tensors": tensors.String()[:tensors.Len()/2], "half of the shape": shape[:len(shape)/2],
		"a long name": `{"` + strings.Repeat("x", 1<<16), "a long number": `{"a":{"shape":[` + strings.Repeat("1", 1<<16),
		"escapes": `{"` + strings.Repeat(`\u0001`, 1<<14) + `":1}`, "spaces": "{" + strings.Repeat(" ", 1<<16), "nested": `{"a":{"shape":[` + strings.Repeat("[", 1<<16),
	} {
		data := file(header, "")
		got := readertest.Allocated(Parse, data, 64*uint64(len(data)))
		if got > 64*uint64(len(data)) {
			t.Errorf("%s: %d bytes allocated for %d", what, got, len(data))
		}
		t.Logf("%s: %.1f bytes allocated for one read", what, float64(got)/float64(len(data)))
	}
	// What is promised, and tensor data, cost nothing.
	const room = 4 << 20
	body := strings.Repeat("x", room)
	for what, data := range map[string][]byte{
		"header length": append([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f"), body...),
		"no header":     file("", body),
		"data":          file(fmt.Sprintf(`{"a":{"dtype":"F16","shape":[%d],"data_offsets":[0,%d]}}`, room/2, room), body),
		"shape":         file(`{"a":{"dtype":"F16","shape":[9223372036854775807],"data_offsets":[0,18446744073709551614]}}`, body),
	} {
		if n := readertest.Allocated(Parse, data, 8192); n > 8192 {
			t.Errorf("%s: %d bytes allocated for a file of %d, want at most 8192", what, n, len(data))
		}
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.safetensors")
	good := mustBytes(t, small())
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(small(), f, ignoreMapping); d != "" {
		t.Error(d)
	}
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if f.Tensors[0].Name != "a" || f.Metadata["format"] != "pt" {
		t.Error("names and metadata are gone after Close")
	}
	if err := small().Close(); err != nil {
		t.Errorf("Close of a file that was not opened: %v", err)
	}

	if err := os.WriteFile(path, good[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	var fe *FormatError
	if _, err := Open(path); !errors.As(err, &fe) {
		t.Errorf("Open of a truncated file: %v, want a FormatError", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of no file: %v, want fs.ErrNotExist", err)
	}
}

// A tensor of 1 GiB costs nothing.
func TestOpenLarge(t *testing.T) {
	const size = 1 << 30
	head := file(fmt.Sprintf(`{"a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, size/4, size), "")
	path := filepath.Join(t.TempDir(), "large.safetensors")
	if err := os.WriteFile(path, head, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(head))+size); err != nil { // a hole
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := Open(path)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
		t.Errorf("%d bytes allocated", n)
	}
	if data := f.Tensors[0].Data; len(data) != size || data[size-1] != 0 {
		t.Errorf("%d bytes of data", len(data))
	}
}
