package gguf

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"assay/corpus/readertest"
)

// Each file is broken at one field, which the error must name together with its
// position and the reason.
func TestParseHostile(t *testing.T) {
	const maxUint64 = math.MaxUint64
	alignment := func(t valueType) *builder { return header(1, 1).kv("general.alignment", t).here() }
	one := func(t Type, offset uint64, dims ...uint64) *builder {
		return header(1, 0).str("x").dims(dims...).u32(uint32(t)).here().u64(offset)
	}
	shape := func(t Type, dims ...uint64) *builder {
		b := header(1, 0).str("x").u32(uint32(len(dims))).here()
		for _, d := range dims {
			b.u64(d)
		}
		return b.u32(uint32(t)).u64(0).pad(32).data(4096)
	}
	arrayValue := func(b *builder) *builder { return b.kv("k", typeArray) }

	for _, tt := range []struct {
		name   string
		file   *builder
		field  string
		reason string // part of it
	}{
		{"empty file", &builder{}, "magic", "needs 4 bytes, 0 remain"},
		{"other magic", (&builder{b: []byte("GGML")}).data(60), "magic", `is "GGML", want "GGUF"`},
		{"swapped magic", (&builder{b: []byte("FUGG")}).data(60), "magic", "big-endian"},
		{"version 0", (&builder{b: []byte("GGUF")}).here().u32(0).u64(0).u64(0), "version", "is 0, want 2 or 3"},
		{"version 1", (&builder{b: []byte("GGUF")}).here().u32(1).u64(0).u64(0), "version", "32-bit lengths"},
		{"version 4", (&builder{b: []byte("GGUF")}).here().u32(4).u64(0).u64(0), "version", "is 4, want 2 or 3"},
		{"big-endian 3", (&builder{b: []byte("GGUF")}).here().u32(3 << 24).u64(0).u64(0), "version", "big-endian"},
		{"big-endian 2", (&builder{b: []byte("GGUF")}).here().u32(2 << 24).u64(0).u64(0), "version", "big-endian"},

		{"tensor count of all bits", (&builder{b: []byte("GGUF")}).u32(3).here().u64(maxUint64).u64(0).data(100), "tensor count", "108 bytes remain"},
		{"tensor count beyond the file", (&builder{b: []byte("GGUF")}).u32(3).here().u64(4).u64(0).data(100), "tensor count", "is 4, at 33 bytes"},
		{"tensor count beyond the metadata", (&builder{b: []byte("GGUF")}).u32(3).here().u64(3).u64(1).kv("k", typeString).str(strings.Repeat("v", 99)), "tensor count", "0 bytes remain"},
		{"metadata count of all bits", (&builder{b: []byte("GGUF")}).u32(3).u64(0).here().u64(maxUint64).data(100), "metadata count", "100 bytes remain"},
		{"metadata count 2^63", (&builder{b: []byte("GGUF")}).u32(3).u64(0).here().u64(1 << 63).data(100), "metadata count", "100 bytes remain"},
		{"metadata count beyond the file", (&builder{b: []byte("GGUF")}).u32(3).u64(0).here().u64(8).data(100), "metadata count", "is 8, at 14 bytes"},

		{"key length of all bits", header(0, 1).here().u64(maxUint64).data(100), `metadata[0] key length`, "100 bytes remain"},
		{"key length beyond the file", header(0, 1).here().u64(101).data(100), `metadata[0] key length`, "is 101, 100 bytes remain"},
		{"key empty", header(0, 1).here().kv("", typeUint8).u8(0).data(9), `metadata[0] key`, "empty"},
		{"key not UTF-8", header(0, 1).here().kv("a\xffb", typeUint8).u8(0), `metadata[0] key`, "UTF-8"},
		{"key too long", header(0, 1).here().kv(strings.Repeat("k", 1<<16), typeUint8).u8(0), `metadata[0] key`, "is 65536 bytes long"},
		{"key twice", header(0, 3).kv("a", typeUint8).u8(1).kv("b", typeUint8).u8(1).here().kv("a", typeUint8).u8(2), `metadata[2] "a" key`, "metadata[0]"},
		{"value type 13", header(0, 1).str("k").here().u32(13).u64(0), `metadata[0] "k" type`, "is 13, want 0 to 12"},
		{"value type of all bits", header(0, 1).str("k").here().u32(math.MaxUint32).u64(0), `metadata[0] "k" type`, "want 0 to 12"},
		{"bool 2", header(0, 1).kv("k", typeBool).here().u8(2).data(9), `metadata[0] "k" value`, "is 2, want 0 or 1"},
		{"bool 255", header(0, 1).kv("k", typeBool).here().u8(255).data(9), `metadata[0] "k" value`, "is 255, want 0 or 1"},
		{"bool cut", header(0, 1).kv("kk", typeBool).here(), `metadata[0] "kk" value`, "needs 1 bytes, 0 remain"},
		{"value cut", header(0, 1).kv("k", typeUint64).here().u32(1), `metadata[0] "k" value`, "needs 8 bytes, 4 remain"},
		{"string length 2^63", header(0, 1).kv("k", typeString).here().u64(1 << 63).data(9), `metadata[0] "k" value length`, "9 bytes remain"},
		{"string length beyond the file", header(0, 1).kv("k", typeString).here().u64(10).data(9), `metadata[0] "k" value length`, "is 10, 9 bytes remain"},

		{"array of type 13", arrayValue(header(0, 1)).here().arr(13, 1).data(9), `metadata[0] "k" value element type`, "is 13"},
		{"array count of all bits", arrayValue(header(0, 1)).u32(uint32(typeUint8)).here().u64(maxUint64).data(9), `metadata[0] "k" value count`, "9 bytes remain"},
		{"array count that wraps", arrayValue(header(0, 1)).u32(uint32(typeUint64)).here().u64(1<<61 + 1).data(9), `metadata[0] "k" value count`, "9 bytes remain"},
		{"array count beyond the file", arrayValue(header(0, 1)).u32(uint32(typeUint32)).here().u64(3).data(11), `metadata[0] "k" value count`, "is 3, at 4 bytes"},
		{"strings beyond the file", arrayValue(header(0, 1)).u32(uint32(typeString)).here().u64(3).data(23), `metadata[0] "k" value count`, "is 3, at 8 bytes"},
		{"bad bool in an array", arrayValue(header(0, 1)).arr(typeBool, 3).u8(0).u8(1).here().u8(3).data(9), `metadata[0] "k" value[2]`, "is 3, want 0 or 1"},
		{"bad string in an array", arrayValue(header(0, 1)).arr(typeString, 2).str("a").here().u64(1 << 40), `metadata[0] "k" value[1] length`, "0 bytes remain"},
		{"bad string in an array of arrays", arrayValue(header(0, 1)).arr(typeArray, 2).arr(typeUint8, 0).arr(typeString, 2).str("a").here().u64(9), `metadata[0] "k" value[1][1] length`, "0 bytes remain"},
		{"bad element after an inner array", arrayValue(header(0, 1)).arr(typeArray, 2).arr(typeString, 1).str("a").u32(uint32(typeUint8)).here().u64(9), `metadata[0] "k" value[1] count`, "0 bytes remain"},
		{"bad value after an array", header(0, 2).kv("k", typeArray).arr(typeString, 1).str("a").kv("l", typeBool).here().u8(7), `metadata[1] "l" value`, "is 7"},
		{"nesting too deep", arrayValue(header(0, 1)).arr(typeArray, 1).arr(typeArray, 1).arr(typeArray, 1).here().arr(typeArray, 1).arr(typeUint8, 0), `metadata[0] "k" value[0][0][0] element type`, "level 4"},
		{"nesting without end", &builder{b: bytes.Join([][]byte{arrayValue(header(0, 1)).b, bytes.Repeat(new(builder).arr(typeArray, 1).b, 10000)}, nil), mark: 24 + 8 + 1 + 4 + 3*12}, `metadata[0] "k" value[0][0][0] element type`, "level 4"},

		{"alignment 0", alignment(typeUint32).u32(0).tensor("x", I8, 0, 1).pad(32).data(99), `metadata[0] "general.alignment" value`, "is 0, not a power of two"},
		{"alignment 24", alignment(typeUint32).u32(24).tensor("x", I8, 0, 1).pad(32).data(99), `metadata[0] "general.alignment" value`, "is 24, not a power of two"},
		{"alignment 2^31", alignment(typeUint32).u32(1<<31).tensor("x", I8, 0, 1).pad(32).data(99), `metadata[0] "general.alignment" value`, "more than 65536"},
		{"alignment of all bits", alignment(typeUint32).u32(math.MaxUint32).tensor("x", I8, 0, 1).pad(32).data(99), `metadata[0] "general.alignment" value`, "not a power of two"},
		{"alignment uint64", alignment(typeUint64).u64(32).tensor("x", I8, 0, 1).pad(32).data(99), `metadata[0] "general.alignment" value`, "is of type uint64, want type uint32"},
		{"alignment string", alignment(typeString).str("32").tensor("x", I8, 0, 1).pad(32).data(99), `metadata[0] "general.alignment" value`, "is of type string"},
		{"alignment array", alignment(typeArray).arr(typeUint32, 1).u32(32).tensor("x", I8, 0, 1).pad(32).data(99), `metadata[0] "general.alignment" value`, "is an array of uint32"},

		{"name length of all bits", header(1, 0).here().u64(maxUint64).data(99), `tensor[0] name length`, "99 bytes remain"},
		{"name empty", header(1, 0).here().tensor("", I8, 0, 1).pad(32).data(99), `tensor[0] name`, "empty"},
		{"name not UTF-8", header(1, 0).here().tensor("\xc3\x28", I8, 0, 1).pad(32).data(99), `tensor[0] name`, "UTF-8"},
		{"name twice", header(2, 0).tensor("x", I8, 0, 1).here().tensor("x", I8, 32, 1).pad(32).data(99), `tensor[1] "x" name`, "tensor[0]"},
		{"dims none", header(1, 0).str("x").here().u32(0).u32(0).u64(0).data(99), `tensor[0] "x" dims count`, "is 0, want 1 to 4"},
		{"dims 5", header(1, 0).str("x").here().dims(1, 1, 1, 1, 1).u32(0).u64(0).pad(32).data(99), `tensor[0] "x" dims count`, "is 5, want 1 to 4"},
		{"dims of all bits", header(1, 0).str("x").here().u32(math.MaxUint32).u64(1).u32(0).u64(0).data(99), `tensor[0] "x" dims count`, "want 1 to 4"},
		{"dims cut", header(1, 0).str("x").u32(4).here().u64(1).u64(1).u64(1), `tensor[0] "x" dims`, "needs 32 bytes, 24 remain"},
		{"dims[0] 0", shape(F32, 0, 1), `tensor[0] "x" dims`, "want none of them 0"},
		{"dims[3] 0", shape(F32, 1, 1, 1, 0), `tensor[0] "x" dims`, "want none of them 0"},
		{"row not whole blocks", shape(Q4K, 128, 2), `tensor[0] "x" dims`, "multiple of Q4_K's block length 256"},
		{"row not whole blocks of 64", shape(NVFP4, 96), `tensor[0] "x" dims`, "multiple of NVFP4's block length 64"},
		{"dims product wraps to 0", shape(F32, 1<<31, 1<<31, 4), `tensor[0] "x" dims`, "2^64 bytes or more"},
		{"dims product wraps to a little", shape(I8, 1<<32+1, 1<<32), `tensor[0] "x" dims`, "2^64 bytes or more"},
		{"dims product wraps, then is small", shape(I8, 1<<32, 1<<32, 1, 1), `tensor[0] "x" dims`, "2^64 bytes or more"},
		{"bytes wrap", shape(F64, 1<<61), `tensor[0] "x" dims`, "2^64 bytes or more"},
		{"type 4, withdrawn", header(1, 0).str("blk.0").dims(32).here().u32(4).u64(0).data(99), `tensor[0] "blk.0" type`, "is 4, which is no known type"},
		{"type 41", header(1, 0).str("x").dims(32).here().u32(41).u64(0).data(99), `tensor[0] "x" type`, "is 41, which is no known type"},
		{"type of all bits", header(1, 0).str("x").dims(32).here().u32(math.MaxUint32).u64(0).data(99), `tensor[0] "x" type`, "is 4294967295"},

		{"no data section", header(1, 0).tensor("x", I8, 0, 1).here(), "data section padding", "0 remain"},
		{"padding cut", header(1, 0).tensor("x", I8, 0, 1).here().u8(0), "data section padding", "1 remain"},
		{"offset unaligned", one(I8, 8, 1).pad(32).data(99), `tensor[0] "x" offset`, "not a multiple of the alignment 32"},
		{"offset at the end", one(I8, 96, 1).pad(32).data(96), `tensor[0] "x" offset`, "96 bytes of the data section"},
		{"offset beyond the file", one(I8, 1<<40, 1).pad(32).data(96), `tensor[0] "x" offset`, "96 bytes of the data section"},
		{"offset that wraps", one(I8, maxUint64-31, 64).pad(32).data(96), `tensor[0] "x" offset`, "96 bytes of the data section"},
		{"size beyond the file", one(I8, 64, 33).pad(32).data(96), `tensor[0] "x" offset`, "33 bytes from there"},
		{"size near 2^64", one(I8, 32, maxUint64).pad(32).data(96), `tensor[0] "x" offset`, "96 bytes of the data section"},
		{"tensors overlap", header(2, 0).tensor("a", I8, 0, 33).str("b").dims(1).u32(uint32(I8)).here().u64(32).pad(32).data(96), `tensor[1] "b" offset`, "tensor[0] takes bytes 0 to 32"},
		{"tensors overlap, later first", header(2, 0).str("a").dims(1).u32(uint32(I8)).here().u64(32).tensor("b", I8, 0, 33).pad(32).data(96), `tensor[0] "a" offset`, "tensor[1] takes bytes 0 to 32"},
		{"tensors at one place", header(3, 0).tensor("a", I8, 0, 1).tensor("b", I8, 32, 1).str("c").dims(1).u32(uint32(I8)).here().u64(32).pad(32).data(96), `tensor[2] "c" offset`, "tensor[1] takes bytes 32 to 32"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Parse(tt.file.b)
			if err == nil {
				t.Fatalf("accepted as %+v", f)
			}
			var fe *FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("error %v of type %T, want *FormatError", err, err)
			}
			if fe.Field != tt.field {
				t.Errorf("field %q, want %q (%v)", fe.Field, tt.field, err)
			}
			if fe.Offset != int64(tt.file.mark) {
				t.Errorf("at byte %d, want %d (%v)", fe.Offset, tt.file.mark, err)
			}
			if !strings.Contains(fe.Reason, tt.reason) {
				t.Errorf("reason %q, want %q in it", fe.Reason, tt.reason)
			}
		})
	}
}

func TestFormatErrorMessage(t *testing.T) {
	b := header(1, 0).tensor("blk.0.attn_q.weight", I8, 8, 1).pad(32).data(99)
	_, err := Parse(b.b)
	const want = `gguf: tensor[0] "blk.0.attn_q.weight" offset at byte 67: is 8, not a multiple of the alignment 32`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}

	// A name of a megabyte does not make a message of megabytes.
	b = header(1, 0).tensor(strings.Repeat("\x01", 1<<20), I8, 8, 1).pad(32).data(99)
	if _, err = Parse(b.b); err == nil || len(err.Error()) > 1000 {
		t.Errorf("message of %d bytes", len(fmt.Sprint(err)))
	}
}

func TestParseTruncated(t *testing.T) {
	data, _ := small()
	for n := range data {
		// Cut the capacity too: reading beyond the length would go unseen.
		f, err := Parse(data[:n:n])
		var fe *FormatError
		if !errors.As(err, &fe) {
			t.Fatalf("the first %d of %d bytes: got %+v, error %v, want a FormatError", n, len(data), f, err)
		}
		if fe.Offset < 0 || fe.Offset > int64(n) {
			t.Errorf("the first %d of %d bytes: error at byte %d: %v", n, len(data), fe.Offset, err)
		}
	}
}

// Every change of one byte is refused, or gives a file that can be written and
// read again.
func TestParseMutated(t *testing.T) {
	data, _ := small()
	refused, accepted := 0, 0
	var once, twice bytes.Buffer
	for i, old := range data {
		for v := range 256 {
			data[i] = byte(v)
			f, err := Parse(data)
			if err != nil {
				refused++
				continue
			}
			accepted++
			once.Reset()
			twice.Reset()
			if err := Write(&once, f); err != nil {
				t.Fatalf("byte %d = %#x: writing what was parsed: %v", i, v, err)
			}
			again, err := Parse(once.Bytes())
			if err != nil {
				t.Fatalf("byte %d = %#x: parsing what was written: %v", i, v, err)
			}
			if err := Write(&twice, again); err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
				t.Fatalf("byte %d = %#x: written twice, the bytes differ; error %v", i, v, err)
			}
		}
		data[i] = old
	}
	if refused == 0 || accepted == 0 {
		t.Errorf("%d refused, %d accepted: one of them never happened", refused, accepted)
	}
}

// A count or length that the file has room for, but not the items, costs
// nothing, however large the file is.
func TestParseHostileCountAllocation(t *testing.T) {
	const room = 4 << 20
	// What follows the count are bytes of all ones, which are no item.
	ones := func(b *builder) []byte { return append(b.b, bytes.Repeat([]byte{0xff}, room)...) }
	for _, tt := range []struct {
		name string
		file []byte
	}{
		{"tensors", ones(header(room/minTensorBytes, 0))},
		{"metadata", ones(header(0, room/minKVBytes))},
		{"strings", ones(header(0, 1).kv("k", typeArray).arr(typeString, room/8))},
		{"arrays", ones(header(0, 1).kv("k", typeArray).arr(typeArray, room/12))},
		{"bools", ones(header(0, 1).kv("k", typeArray).arr(typeBool, room))},
		{"tensors, all bits", ones(header(math.MaxUint64, 0))},
		{"metadata, all bits", ones(header(0, math.MaxUint64))},
		{"numbers, all bits", ones(header(0, 1).kv("k", typeArray).arr(typeFloat64, math.MaxUint64))},
		{"strings, all bits", ones(header(0, 1).kv("k", typeArray).arr(typeString, math.MaxUint64))},
		{"string, all bits", ones(header(0, 1).kv("k", typeString).u64(math.MaxUint64))},
		{"key, all bits", ones(header(0, 1).u64(math.MaxUint64))},
		{"dims, all bits", ones(header(1, 0).str("x").u32(math.MaxUint32))},
		{"dims that fit 2^64", ones(header(1, 0).tensor("x", I8, 0, math.MaxUint64))},
	} {
		if _, err := Parse(tt.file); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
		if n := readertest.Allocated(Parse, tt.file, 4096); n > 4096 {
			t.Errorf("%s: %d bytes allocated for a file of %d, want at most 4096", tt.name, n, len(tt.file))
		}
		if n := testing.AllocsPerRun(10, func() { Parse(tt.file) }); n > 32 {
			t.Errorf("%s: %v allocations, want at most 32", tt.name, n)
		}
	}
}

// The files that are densest in Go values for their size stay within the factor
// that the package documents, whether they are valid or break off at the end.
func TestParseDenseAllocation(t *testing.T) {
	const n = 5000
	kvs := header(0, n)
	for i := range n {
		kvs.kv(fmt.Sprintf("%x", i), typeUint8).u8(1)
	}
	values := header(0, n)
	for i := range n {
		values.kv(fmt.Sprintf("%x", i), typeArray).arr(typeUint8, 0)
	}
	strs := header(0, 1).kv("k", typeArray).arr(typeString, n)
	for range n {
		strs.str("ab")
	}
	empty := header(0, 1).kv("k", typeArray).arr(typeString, n)
	for range n {
		empty.str("")
	}
	arrays := header(0, 1).kv("k", typeArray).arr(typeArray, n)
	for range n {
		arrays.arr(typeUint8, 0)
	}
	numbers := header(0, 1).kv("k", typeArray).arr(typeUint8, n).data(n)
	tensors := header(n, 1).kv("general.alignment", typeUint32).u32(1)
	for i := range n {
		tensors.tensor(fmt.Sprintf("%x", i), I8, uint64(i), 1)
	}
	tensors.data(n)

	for _, tt := range []struct {
		name string
		file []byte
	}{
		{"metadata", kvs.b}, {"empty arrays as values", values.b}, {"strings", strs.b}, {"empty strings", empty.b},
		{"arrays", arrays.b}, {"numbers", numbers.b}, {"tensors", tensors.b},
	} {
		if _, err := Parse(tt.file); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		worst := 0.0
		check := func(file []byte) {
			t.Helper()
			read := len(file)
			var fe *FormatError
			if _, err := Parse(file); errors.As(err, &fe) {
				read = int(fe.Offset)
			}
			got := readertest.Allocated(Parse, file, 32*uint64(read))
			worst = max(worst, float64(got)/float64(read))
			if got > 32*uint64(read) {
				t.Errorf("%s: %d bytes allocated for %d read", tt.name, got, read)
			}
		}
		check(tt.file)
		for n := 1024; n < len(tt.file); n += n / 4 {
			broken := slices.Clone(tt.file)
			for i := n; i < len(broken); i++ {
				broken[i] = 0xff
			}
			check(broken)
		}
		t.Logf("%s: at most %.1f bytes allocated for one read", tt.name, worst)
	}
}
