package apr

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/corpus/gguf"
	"assay/corpus/teacher"
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
	if d := cmp.Diff(small(), f); d != "" {
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
		"magic":               {func(b []byte) { b[3] = 'X' }, "magic"},
		"version":             {func(b []byte) { b[4] = 1 }, "version"},
		"column-major":        {func(b []byte) { b[7] |= 8 }, "column-major"},
		"compressed":          {func(b []byte) { b[6] |= 2 }, "Zstandard"},
		"encrypted":           {func(b []byte) { b[6] |= 4 }, "encrypted"},
		"unknown flag":        {func(b []byte) { b[7] |= 0x80 }, "unknown"},
		"reserved":            {func(b []byte) { b[50] = 1 }, "reserved"},
		"tensor count":        {func(b []byte) { le.PutUint32(b[8:], 1<<32-1) }, "tensor count"},
		"one tensor less":     {func(b []byte) { le.PutUint32(b[8:], 2) }, "padding"},
		"metadata size":       {func(b []byte) { le.PutUint32(b[20:], 1<<32-1) }, "metadata size"},
		"metadata cut":        {func(b []byte) { le.PutUint32(b[20:], 10) }, ""},
		"index offset":        {func(b []byte) { le.PutUint64(b[24:], 1<<63) }, "index offset"},
		"index not aligned":   {func(b []byte) { le.PutUint64(b[24:], uint64(index+1)) }, "index offset"},
		"data offset":         {func(b []byte) { le.PutUint64(b[32:], 1<<63) }, "data offset"},
		"data before index":   {func(b []byte) { le.PutUint64(b[32:], 64) }, "data offset"},
		"name length":         {func(b []byte) { le.PutUint16(b[index:], 65535) }, "index"},
		"empty name":          {func(b []byte) { le.PutUint16(b[index:], 0) }, "name"},
		"not UTF-8":           {func(b []byte) { name(b, "\xff") }, "UTF-8"},
		"duplicate name":      {func(b []byte) { name(b, "b") }, "ascend"},
		"unsorted":            {func(b []byte) { name(b, "z") }, "ascend"},
		"unknown type":        {func(b []byte) { b[index+3] = 77 }, "no known type"},
		"AprQ4":               {func(b []byte) { b[index+3] = 128 }, "not specified"},
		"ndim 255":            {func(b []byte) { b[index+4] = 255 }, "dims"},
		"dims that wrap":      {func(b []byte) { le.PutUint64(b[index+5:], 1<<62+3) }, "size"},
		"size":                {func(b []byte) { le.PutUint64(b[index+5+8+8:], 13) }, "size"},
		"offset outside":      {func(b []byte) { le.PutUint64(b[index+5+8:], 1<<40) }, "offset"},
		"offset wraps":        {func(b []byte) { le.PutUint64(b[index+5+8:], 1<<64-4) }, "offset"},
		"two tensors' data":   {func(b []byte) { le.PutUint64(b[index+5+8:], 64) }, "two tensors"},
		"metadata not JSON":   {func(b []byte) { b[64] = 'x' }, "JSON"},
		"metadata not object": {func(b []byte) { copy(b[64:], `"`); b[64+len(small().Metadata)-1] = '"' }, ""},
	} {
		b := bytes.Clone(good)
		tt.change(b)
		_, err := Parse(seal(b))
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", what, err, tt.says)
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

// TestDamaged: every truncation and every changed byte is an error or a file that
// can be written again, and never a panic.
func TestDamaged(t *testing.T) {
	good := mustBytes(t, small())
	for n := range good {
		if n >= header+4 {
			Parse(seal(bytes.Clone(good[:n])))
		}
		if _, err := Parse(good[:n]); err == nil {
			t.Errorf("%d bytes of it were accepted", n)
		}
	}
	for i := range good {
		for _, by := range []byte{1, 0x80, 0xff} {
			b := bytes.Clone(good)
			b[i] ^= by
			f, err := Parse(seal(b))
			if err != nil {
				continue
			}
			if _, err := f.Bytes(); err != nil {
				t.Errorf("byte %d ^ %02x: an accepted file cannot be written: %v", i, by, err)
			}
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

// TestGGUF: GGUF → APR → file → GGUF → APR keeps every tensor's bytes, names and
// dims.
func TestGGUF(t *testing.T) {
	g, err := gguf.Parse(teacher.GGUF())
	if err != nil {
		t.Fatal(err)
	}
	first, err := FromGGUF(g)
	if err != nil {
		t.Fatal(err)
	}
	stored := mustBytes(t, first)
	read, err := Parse(stored)
	if err != nil {
		t.Fatal(err)
	}
	back, err := read.ToGGUF()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range g.Tensors {
		got, err := back.Tensor(want.Name)
		if err != nil || got.Type != want.Type || !cmp.Equal(got.Dims, want.Dims) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s: not the same after the way there and back (%v)", want.Name, err)
		}
	}
	again, err := FromGGUF(back)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range read.Tensors {
		got := again.Tensors[i]
		if got.Name != want.Name || got.Type != want.Type || !cmp.Equal(got.Dims, want.Dims) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s: not the same after the way through GGUF", want.Name)
		}
	}
	if read.Tensor("model.layers.3.mlp.down_proj.weight") == nil || read.Tensor("lm_head.weight") == nil {
		t.Error("names are not APR's")
	}
	for _, key := range []string{"block_count", "attention.head_count_kv", "embedding_length"} {
		a, _ := g.String("general.architecture")
		x, err1 := g.Uint(a + "." + key)
		y, err2 := back.Uint(a + "." + key)
		if x != y || err1 != nil || err2 != nil {
			t.Errorf("%s: %d, then %d (%v, %v)", key, x, y, err1, err2)
		}
	}
}

func TestToGGUFRefuses(t *testing.T) {
	for meta, says := range map[string]string{
		`{}`: "neither", `{"rope_type": 1}`: "rope_type", `{"architecture": "llama", "rope_type": 2}`: "rope_type", `{"architecture": 7}`: "metadata",
	} {
		f := &File{Metadata: []byte(meta)}
		if _, err := f.ToGGUF(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", meta, err, says)
		}
	}
	f := &File{Metadata: []byte(`{"rope_type": 0}`), Tensors: []Tensor{{Name: "u", Type: U8}}}
	if _, err := f.ToGGUF(); err == nil {
		t.Error("U8 became GGUF")
	}
	if got := toGGUFName("layers.12.ffn_down_weight"); got != "blk.12.ffn_down.weight" {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(mustBytes(f, small()))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= header+4 {
			data = seal(bytes.Clone(data)) // or nothing would come past the checksums
		}
		file, err := Parse(data)
		if err != nil {
			return
		}
		b, err := file.Bytes()
		if err != nil {
			t.Fatalf("an accepted file cannot be written: %v", err)
		}
		if _, err := Parse(b); err != nil {
			t.Fatalf("a written file cannot be read: %v", err)
		}
	})
}

func TestActivation(t *testing.T) {
	a := &Activation{Layer: WholeModel, Dim: 2, Data: []float32{1, 2, 3, 4}}
	got, err := ParseActivation(a.Bytes())
	if d := cmp.Diff(a, got); d != "" || err != nil {
		t.Error(d, err)
	}
	b := a.Bytes()
	zero := bytes.Clone(b)
	copy(zero[8:], make([]byte, 4))
	for _, bad := range [][]byte{nil, b[:11], b[:13], b[:16], zero, append([]byte("X"), b[1:]...)} {
		if _, err := ParseActivation(bad); err == nil {
			t.Errorf("%x was accepted", bad)
		}
	}
}
