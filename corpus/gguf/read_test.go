package gguf

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// ignoreMapping compares files by their content.
var ignoreMapping = cmpopts.IgnoreUnexported(File{})

func TestParse(t *testing.T) {
	data, want := small()
	got, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, ignoreMapping); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestParseVersion2(t *testing.T) {
	data, want := small()
	data[4] = 2
	want.Version = 2
	got, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, ignoreMapping); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestParseValues(t *testing.T) {
	b := header(0, 0)
	var want []KV
	add := func(key string, value any) *builder {
		want = append(want, KV{key, value})
		vt, elem, _ := typeOf(value)
		b.kv(key, vt)
		if vt == typeArray {
			b.u32(uint32(elem))
		}
		return b
	}
	add("u8", uint8(200)).u8(200)
	add("i8", int8(-2)).u8(0xfe)
	add("u16", uint16(0x1234)).u8(0x34).u8(0x12)
	add("i16", int16(-2)).u16(0xfffe)
	add("u32", uint32(1<<31)).u32(1 << 31)
	add("i32", int32(-2)).u32(0xfffffffe)
	add("f32", float32(-0.5)).u32(0xbf000000)
	add("bool", true).u8(1)
	add("str", "é\x00\xff").u64(4).u8(0xc3).u8(0xa9).u8(0).u8(0xff)
	add("u64", uint64(1<<63)).u64(1 << 63)
	add("i64", int64(math.MinInt64)).u64(1 << 63)
	add("f64", math.Inf(1)).u64(0x7ff0000000000000)
	add("[]u8", []uint8{1, 2}).u64(2).u8(1).u8(2)
	add("[]i8", []int8{-1}).u64(1).u8(0xff)
	add("[]u16", []uint16{1}).u64(1).u16(1)
	add("[]i16", []int16{-1}).u64(1).u16(0xffff)
	add("[]u32", []uint32{1}).u64(1).u32(1)
	add("[]i32", []int32{-1}).u64(1).u32(0xffffffff)
	add("[]f32", []float32{1}).u64(1).u32(0x3f800000)
	add("[]bool", []bool{true, false}).u64(2).u8(1).u8(0)
	add("[]str", []string{"a"}).u64(1).str("a")
	add("[]u64", []uint64{1}).u64(1).u64(1)
	add("[]i64", []int64{-1}).u64(1).u64(math.MaxUint64)
	add("[]f64", []float64{1}).u64(1).u64(0x3ff0000000000000)
	add("[]arr", []any{}).u64(0)
	add("deep", []any{[]any{[]any{[]uint8{7}}}}).u64(1).
		arr(typeArray, 1).arr(typeArray, 1).arr(typeUint8, 1).u8(7)
	add("empty", []string{}).u64(0)
	b.b[16] = uint8(len(want))

	got, err := Parse(b.b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&File{Version: 3, Alignment: 32, Metadata: want}, got, ignoreMapping); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

// Files in use have gaps, tensors out of order, no padding after the last
// tensor, or bytes after it.
func TestParseLayouts(t *testing.T) {
	for _, tt := range []struct {
		name string
		file *builder
	}{
		{"gap", header(2, 0).tensor("a", I8, 0, 1).tensor("b", I8, 96, 1).pad(32).data(97)},
		{"first tensor not at 0", header(1, 0).tensor("a", I8, 32, 1).pad(32).data(33)},
		{"out of order", header(2, 0).tensor("a", I8, 32, 32).tensor("b", I8, 0, 32).pad(32).data(64)},
		{"no last padding", header(1, 0).tensor("a", I8, 0, 1).pad(32).data(1)},
		{"bytes after the last tensor", header(1, 0).tensor("a", I8, 0, 1).pad(32).data(1000)},
		{"no tensors, no padding", header(0, 1).kv("a", typeUint8).u8(1)},
		{"nothing", header(0, 0)},
		{"alignment 1", header(2, 1).kv("general.alignment", typeUint32).u32(1).
			tensor("a", I8, 0, 3).tensor("b", I8, 3, 2).data(5)},
		{"alignment 64 KiB", header(1, 1).kv("general.alignment", typeUint32).u32(1<<16).
			tensor("a", I8, 0, 3).pad(1 << 16).data(3)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Parse(tt.file.b)
			if err != nil {
				t.Fatal(err)
			}
			checkRewrite(t, f)
		})
	}
}

// The data of a tensor are a slice of the input that appending cannot leave.
func TestParseAliasesData(t *testing.T) {
	data, _ := small()
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range f.Tensors {
		if len(tensor.Data) != cap(tensor.Data) {
			t.Errorf("%s: data of length %d have capacity %d", tensor.Name, len(tensor.Data), cap(tensor.Data))
		}
	}
	last := f.Tensors[len(f.Tensors)-1].Data
	if &last[len(last)-1] != &data[len(data)-1] {
		t.Error("data are a copy")
	}
}

func TestOpen(t *testing.T) {
	data, want := small()
	path := filepath.Join(t.TempDir(), "small.gguf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, ignoreMapping); diff != "" {
		t.Errorf("Open (-want +got):\n%s", diff)
	}
	for range 2 {
		if err := got.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := want.Close(); err != nil {
		t.Errorf("Close of a file that was not opened: %v", err)
	}

	if err := os.WriteFile(path, data[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	var fe *FormatError
	if _, err := Open(path); !errors.As(err, &fe) || fe.Field != "tensor count" {
		t.Errorf("Open of a truncated file: error %v, want a FormatError of the tensor count", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of no file: error %v, want fs.ErrNotExist", err)
	}
}

// A tensor of 1 GiB costs nothing.
func TestOpenLarge(t *testing.T) {
	const size = 1 << 30
	b := header(1, 0).tensor("x", I8, 0, size).pad(32)
	path := filepath.Join(t.TempDir(), "large.gguf")
	if err := os.WriteFile(path, b.b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(b.b))+size); err != nil { // a hole
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
	data := f.Tensors[0].Data
	if len(data) != size || data[size-1] != 0 {
		t.Errorf("%d bytes of data", len(data))
	}
}
