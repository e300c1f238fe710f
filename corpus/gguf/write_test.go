package gguf

import (
	"bytes"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func write(t *testing.T, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkRewrite checks that a file that Parse gave can be written, that parsing
// gives it again apart from the offsets, and that the layout is then stable.
func checkRewrite(t *testing.T, f *File) {
	t.Helper()
	data := write(t, f)
	again, err := Parse(data)
	if err != nil {
		t.Errorf("parsing what was written: %v", err)
		return
	}
	if diff := cmp.Diff(f, again, ignoreMapping, cmpopts.IgnoreFields(Tensor{}, "Offset"), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("after writing and parsing (-before +after):\n%s", diff)
	}
	if !bytes.Equal(write(t, again), data) {
		t.Error("written twice, the bytes differ")
	}
}

func TestWrite(t *testing.T) {
	for _, version := range []uint32{2, 3} {
		want, f := small()
		want[4] = byte(version)
		f.Version = version
		if diff := cmp.Diff(want, write(t, f)); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", version, diff)
		}
	}
}

func TestWriteZeroValues(t *testing.T) {
	want, f := small()
	f.Version, f.Alignment = 0, 0
	for i := range f.Tensors {
		f.Tensors[i].Offset = 12345
	}
	before, err := Parse(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(write(t, f), want) {
		t.Error("version and alignment 0 and wrong offsets give another file")
	}
	if f.Version != 0 || f.Alignment != 0 || f.Tensors[0].Offset != 12345 {
		t.Error("Write changed the file")
	}
	if diff := cmp.Diff(before.Metadata, f.Metadata); diff != "" {
		t.Errorf("Write changed the metadata:\n%s", diff)
	}
	if got, want := write(t, &File{}), header(0, 0).pad(32).b; !bytes.Equal(got, want) {
		t.Errorf("empty file % x, want % x", got, want)
	}
}

func TestRoundTripValues(t *testing.T) {
	f := &File{Version: 3, Alignment: 32, Metadata: []KV{
		{"u8", uint8(255)}, {"i8", int8(-128)}, {"u16", uint16(65535)}, {"i16", int16(-32768)},
		{"u32", uint32(math.MaxUint32)}, {"i32", int32(math.MinInt32)},
		{"u64", uint64(math.MaxUint64)}, {"i64", int64(math.MinInt64)},
		{"f32", float32(math.Copysign(0, -1))}, {"f64", math.SmallestNonzeroFloat64},
		{"nan", math.NaN()}, {"true", true}, {"false", false}, {"str", "日本\x00\xff"},
		{"[]u8", []uint8{0, 255}}, {"[]i8", []int8{-128, 127}}, {"[]u16", []uint16{65535, 1}}, {"[]i16", []int16{-1}},
		{"[]u32", []uint32{math.MaxUint32, 1}}, {"[]i32", []int32{-1, 1}}, {"[]u64", []uint64{1 << 63}}, {"[]i64", []int64{-1}},
		{"[]f32", []float32{float32(math.Inf(-1)), 1e-45}}, {"[]f64", []float64{math.NaN(), 1}},
		{"[]bool", []bool{true, false, true}}, {"[]str", []string{"", "x", "\xff"}},
		{"u8 none", []uint8{}}, {"i8 none", []int8{}}, {"u16 none", []uint16{}}, {"i16 none", []int16{}},
		{"u32 none", []uint32{}}, {"i32 none", []int32{}}, {"u64 none", []uint64{}}, {"i64 none", []int64{}},
		{"f32 none", []float32{}}, {"f64 none", []float64{}}, {"bool none", []bool{}}, {"str none", []string{}},
		{"arr none", []any{}}, {"arr", []any{[]any{[]any{[]uint8{1}, []string{"a"}}, []float32{}}, []bool{true}}},
	}}
	checkRewrite(t, f)
}

func TestRoundTripTypes(t *testing.T) {
	f := &File{Version: 3, Alignment: 32}
	for id := range types {
		typ := Type(id)
		if !typ.known() {
			continue
		}
		data := new(builder).data(6 * typ.BlockBytes()).b
		f.Tensors = append(f.Tensors, Tensor{Name: typ.String(), Dims: []uint64{2 * uint64(typ.BlockLen()), 3}, Type: typ, Data: data})
	}
	checkRewrite(t, f)
}

// The teacher was written by other code, in the canonical layout.
func TestRoundTripTeacher(t *testing.T) {
	const path = "../teacher/assay-teacher-q4_k_m.gguf"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(write(t, f), want) {
		t.Error("written again, the bytes differ")
	}

	if n, err := f.Uint("qwen2.block_count"); n != 8 || err != nil {
		t.Errorf("qwen2.block_count is %d, %v, want 8", n, err)
	}
	if s, err := f.String("general.architecture"); s != "qwen2" || err != nil {
		t.Errorf("general.architecture is %q, %v, want qwen2", s, err)
	}
	if s, err := f.Strings("tokenizer.ggml.tokens"); len(s) != 256 || err != nil {
		t.Errorf("%d tokens, %v, want 256", len(s), err)
	}
	for _, want := range []struct {
		name string
		typ  Type
		dims []uint64
	}{
		{"token_embd.weight", Q4K, []uint64{256, 256}},
		{"output.weight", Q6K, []uint64{256, 256}},
		{"output_norm.weight", F32, []uint64{256}},
		{"blk.0.ffn_down.weight", Q6K, []uint64{768, 256}},
		{"blk.1.ffn_gate.weight", Q4K, []uint64{256, 768}},
	} {
		got, err := f.Tensor(want.name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got.Type != want.typ || !cmp.Equal(got.Dims, want.dims) {
			t.Errorf("%s is %v %d, want %v %d", want.name, got.Type, got.Dims, want.typ, want.dims)
		}
		if n := got.Rows() * got.RowBytes(); n != uint64(len(got.Data)) {
			t.Errorf("%s has %d bytes of data, want %d", want.name, len(got.Data), n)
		}
	}
}

func TestWriteInvalid(t *testing.T) {
	metadata := func(kvs ...KV) *File { return &File{Metadata: kvs} }
	tensors := func(ts ...Tensor) *File { return &File{Tensors: ts} }
	for _, tt := range []struct {
		name   string
		file   *File
		field  string
		reason string
	}{
		{"version 1", &File{Version: 1}, "version", "is 1"},
		{"version 4", &File{Version: 4}, "version", "is 4"},
		{"alignment not in the metadata", &File{Alignment: 64}, "alignment", "is 64, but 32"},
		{"alignment not that of the metadata", &File{Alignment: 32, Metadata: []KV{{"general.alignment", uint32(64)}}}, "alignment", "is 32, but 64"},
		{"alignment 0", metadata(KV{"general.alignment", uint32(0)}), `metadata[0] "general.alignment" value`, "power of two"},
		{"alignment int", metadata(KV{"general.alignment", 32}), `metadata[0] "general.alignment" value`, "Go type int"},
		{"key empty", metadata(KV{"", uint8(0)}), "metadata[0] key", "empty"},
		{"key not UTF-8", metadata(KV{"\xff", uint8(0)}), "metadata[0] key", "UTF-8"},
		{"key too long", metadata(KV{strings.Repeat("k", 1<<16), uint8(0)}), "metadata[0] key", "65536 bytes"},
		{"key twice", metadata(KV{"a", uint8(0)}, KV{"a", uint8(1)}), `metadata[1] "a" key`, "metadata[0]"},
		{"value int", metadata(KV{"a", 1}), `metadata[0] "a" value`, "Go type int"},
		{"value nil", metadata(KV{"a", nil}), `metadata[0] "a" value`, "Go type <nil>"},
		{"array of scalars as []any", metadata(KV{"a", []any{[]uint8{}, uint8(1)}}), `metadata[0] "a" value[1]`, "of type uint8, want an array"},
		{"array of ints", metadata(KV{"a", []any{[]any{[]int{1}}}}), `metadata[0] "a" value[0][0]`, "Go type []int"},
		{"nesting too deep", metadata(KV{"a", []any{[]any{[]any{[]any{}}}}}), `metadata[0] "a" value[0][0][0]`, "level 4"},
		{"name empty", tensors(Tensor{Dims: []uint64{1}, Data: make([]byte, 4)}), "tensor[0] name", "empty"},
		{"name not UTF-8", tensors(Tensor{Name: "\xff", Dims: []uint64{1}, Data: make([]byte, 4)}), "tensor[0] name", "UTF-8"},
		{"name twice", tensors(Tensor{"a", []uint64{1}, I8, 0, []byte{1}}, Tensor{"a", []uint64{1}, I8, 0, []byte{1}}), `tensor[1] "a" name`, "tensor[0]"},
		{"dims none", tensors(Tensor{Name: "a"}), `tensor[0] "a" dims`, "are 0"},
		{"dims 5", tensors(Tensor{"a", []uint64{1, 1, 1, 1, 1}, I8, 0, []byte{1}}), `tensor[0] "a" dims`, "are 5"},
		{"dims 0", tensors(Tensor{"a", []uint64{0}, I8, 0, nil}), `tensor[0] "a" dims`, "none of them 0"},
		{"dims wrap", tensors(Tensor{"a", []uint64{1 << 32, 1 << 32}, I8, 0, nil}), `tensor[0] "a" dims`, "2^64"},
		{"row not whole blocks", tensors(Tensor{"a", []uint64{33}, Q8_0, 0, nil}), `tensor[0] "a" dims`, "block length 32"},
		{"type unknown", tensors(Tensor{"a", []uint64{1}, 99, 0, nil}), `tensor[0] "a" type`, "is 99"},
		{"data too short", tensors(Tensor{"a", []uint64{4}, I8, 0, []byte{1, 2, 3}}), `tensor[0] "a" data`, "3 bytes, want 4"},
		{"data too long", tensors(Tensor{"a", []uint64{2}, I8, 0, []byte{1, 2, 3}}), `tensor[0] "a" data`, "3 bytes, want 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			err := Write(&b, tt.file)
			var fe *FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("error %v, want a FormatError", err)
			}
			if fe.Field != tt.field || fe.Offset != -1 || !strings.Contains(fe.Reason, tt.reason) {
				t.Errorf("got %v (field %q, offset %d), want field %q, offset -1, reason %q", err, fe.Field, fe.Offset, tt.field, tt.reason)
			}
			if strings.Contains(err.Error(), "at byte") {
				t.Errorf("%v: names a position", err)
			}
			if b.Len() != 0 {
				t.Errorf("%d bytes written", b.Len())
			}
		})
	}
}

// A writer that fails after n bytes stops Write with its own error.
type failingWriter struct{ n int }

var errFull = errors.New("full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		n := w.n
		w.n = 0
		return n, errFull
	}
	w.n -= len(p)
	return len(p), nil
}

func TestWriteError(t *testing.T) {
	data, f := small()
	for n := range data {
		if err := Write(&failingWriter{n}, f); err != errFull {
			t.Fatalf("with room for %d of %d bytes: error %v, want %v", n, len(data), err, errFull)
		}
	}
	if err := Write(&failingWriter{len(data)}, f); err != nil {
		t.Error(err)
	}
}
