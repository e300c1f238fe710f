package apr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func small() *File {
	return &File{
		Flags:    RowMajor | Vocabulary,
		Metadata: []byte(`{"architecture": "llama", "num_layers": 1, "num_layers": 2}`),
		Tensors: []Tensor{
			{Name: "a", Type: F32, Dims: []uint64{3}, Data: make([]byte, 12)},
			{Name: "b", Type: Q4K, Dims: []uint64{2, 256}, Data: bytes.Repeat([]byte{7}, 288)},
			{Name: "c", Type: I8, Dims: []uint64{0, 5}, Data: []byte{}},
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
	b := mustBytes(t, small())
	f, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(small(), f, ignoreMapping); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(b, mustBytes(t, f)) {
		t.Error("writing what was read gives other bytes")
	}
}

// seal sets both checksums right, so that what they guard is what is tested.
func seal(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[40:], headerSum(b))
	end := len(b) - 4
	binary.LittleEndian.PutUint32(b[end:], crc32.ChecksumIEEE(b[:end]))
	return b
}

// TestHazards: files whose checksums match and whose content lies.
func TestHazards(t *testing.T) {
	le := binary.LittleEndian
	good := mustBytes(t, small())
	index := int(le.Uint64(good[24:]))
	name := func(b []byte, s string) { copy(b[index+2:], s) }
	for what, tt := range map[string]struct {
		change func(b []byte)
		says   string
	}{
		"magic":              {func(b []byte) { b[3] = 'X' }, "magic"},
		"version":            {func(b []byte) { b[4] = 1 }, "version"},
		"sharded":            {func(b []byte) { b[6] |= 0x10 }, "shard"},
		"signed":             {func(b []byte) { b[6] |= 8 }, "signed"},
		"LZ4":                {func(b []byte) { b[6] |= 1 }, "LZ4"},
		"minor version":      {func(b []byte) { b[5] = 1 }, "version"},
		"column-major":       {func(b []byte) { b[7] |= 8 }, "column-major"},
		"compressed":         {func(b []byte) { b[6] |= 2 }, "Zstandard"},
		"encrypted":          {func(b []byte) { b[6] |= 4 }, "encrypted"},
		"unknown flag":       {func(b []byte) { b[7] |= 0x80 }, "unknown"},
		"reserved":           {func(b []byte) { b[50] = 1 }, "reserved"},
		"tensor count":       {func(b []byte) { le.PutUint32(b[8:], 1<<32-1) }, "tensor count"},
		"one tensor less":    {func(b []byte) { le.PutUint32(b[8:], 2) }, "padding"},
		"metadata size":      {func(b []byte) { le.PutUint32(b[20:], 1<<32-1) }, "metadata size"},
		"metadata cut":       {func(b []byte) { le.PutUint32(b[20:], 10) }, "padding"},
		"index offset":       {func(b []byte) { le.PutUint64(b[24:], 1<<63) }, "index offset"},
		"index not aligned":  {func(b []byte) { le.PutUint64(b[24:], uint64(index+1)) }, "index offset"},
		"data offset":        {func(b []byte) { le.PutUint64(b[32:], 1<<63) }, "data offset"},
		"data before index":  {func(b []byte) { le.PutUint64(b[32:], 64) }, "data offset"},
		"name length":        {func(b []byte) { le.PutUint16(b[index:], 65535) }, "want 1 to 256"},
		"name outside":       {func(b []byte) { le.PutUint16(b[index:], 256) }, "index"},
		"empty name":         {func(b []byte) { le.PutUint16(b[index:], 0) }, "name"},
		"not UTF-8":          {func(b []byte) { name(b, "\xff") }, "UTF-8"},
		"duplicate name":     {func(b []byte) { name(b, "b") }, "tensor[0] too"},
		"unsorted":           {func(b []byte) { name(b, "z") }, "ascend"},
		"unknown type":       {func(b []byte) { b[index+3] = 77 }, "no known type"},
		"AprQ4":              {func(b []byte) { b[index+3] = 128 }, "not specified"},
		"ndim 255":           {func(b []byte) { b[index+4] = 255 }, "dims"},
		"dims that wrap":     {func(b []byte) { le.PutUint64(b[index+5:], 1<<62+3) }, "size"},
		"size":               {func(b []byte) { le.PutUint64(b[index+5+8+8:], 13) }, "size"},
		"offset outside":     {func(b []byte) { le.PutUint64(b[index+5+8:], 1<<40) }, "offset"},
		"offset wraps":       {func(b []byte) { le.PutUint64(b[index+5+8:], 1<<64-4) }, "offset"},
		"two tensors' data":  {func(b []byte) { le.PutUint64(b[index+5+8:], 64) }, "two tensors"},
		"offset not aligned": {func(b []byte) { le.PutUint64(b[index+5+8:], 4) }, "multiple of 64"},
		"metadata not UTF-8": {func(b []byte) { b[64+3] = 0xff }, "UTF-8"},
		"metadata a number":  {func(b []byte) { copy(b[64:], "7"+strings.Repeat(" ", len(small().Metadata)-1)) }, "object"},
		"metadata not JSON":  {func(b []byte) { b[64] = 'x' }, "JSON"},
		"metadata empty":     {func(b []byte) { le.PutUint32(b[20:], 0); clear(b[64:128]) }, "JSON"},
	} {
		b := bytes.Clone(good)
		tt.change(b)
		_, err := Parse(seal(b))
		var fe *FormatError
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want a FormatError with %q", what, err, tt.says)
		} else if fe.Offset < 0 || fe.Offset >= int64(len(b)) {
			t.Errorf("%s: %v: at byte %d of %d", what, err, fe.Offset, len(b))
		}
	}
	// The checksums themselves.
	for what, change := range map[string]func(b []byte) []byte{
		"data":              func(b []byte) []byte { b[len(b)-5] ^= 1; return b },
		"no footer":         func(b []byte) []byte { return b[:len(b)-4] },
		"zero header sum":   func(b []byte) []byte { copy(b[40:], make([]byte, 4)); return b },
		"zero checksum":     func(b []byte) []byte { copy(b[len(b)-4:], make([]byte, 4)); return b },
		"more at the end":   func(b []byte) []byte { return append(b, 0) },
		"nothing":           func([]byte) []byte { return nil },
		"header and no CRC": func(b []byte) []byte { return b[:66] },
	} {
		if _, err := Parse(change(bytes.Clone(good))); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestBytesRefuses(t *testing.T) {
	for what, change := range map[string]func(f *File){
		"metadata":    func(f *File) { f.Metadata = []byte("[]") },
		"flags":       func(f *File) { f.Flags |= ColumnMajor },
		"twice":       func(f *File) { f.Tensors[1].Name = "a" },
		"size":        func(f *File) { f.Tensors[0].Data = nil },
		"type":        func(f *File) { f.Tensors[0].Type = 9 },
		"name":        func(f *File) { f.Tensors[0].Name = "" },
		"long name":   func(f *File) { f.Tensors[0].Name = strings.Repeat("x", 257) },
		"block":       func(f *File) { f.Tensors[1].Dims = []uint64{256, 2} },
		"many dims":   func(f *File) { f.Tensors[0].Dims = make([]uint64, 9) },
		"no dims":     func(f *File) { f.Tensors[1].Dims = nil },
		"dims wrap":   func(f *File) { f.Tensors[0].Dims = []uint64{1 << 33, 1 << 33} },
		"bytes wrap":  func(f *File) { f.Tensors[0].Dims = []uint64{1 << 63} },
		"other flags": func(f *File) { f.Flags |= 1 << 14 },
	} {
		f := small()
		change(f)
		if _, err := f.Bytes(); err == nil {
			t.Errorf("%s: written", what)
		}
	}
}
