package apr

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"assay/corpus/readertest"
)

// TestTruncated: no proper prefix is a file, not even one whose checksums are set
// right.
func TestTruncated(t *testing.T) {
	good := mustBytes(t, small())
	for n := range good {
		check := func(b []byte) {
			var fe *FormatError
			if f, err := Parse(b); !errors.As(err, &fe) || fe.Offset < 0 || fe.Offset > int64(n) {
				t.Fatalf("the first %d of %d bytes: %+v, %v", n, len(good), f, err)
			}
		}
		check(good[:n:n]) // reading beyond the length would go unseen
		// Sealed, what lacks nothing but padding at its end is a file.
		if last := len(good) - 4; n >= header+4 && n < last-64 {
			check(seal(bytes.Clone(good[:n])))
		}
	}
}

// TestMutated: every change of one byte is noticed by a checksum; where the
// checksums are set right again, it is refused, or gives a file that can be
// written and read again.
func TestMutated(t *testing.T) {
	good := mustBytes(t, small())
	refused, accepted := 0, 0
	for i, old := range good {
		for v := range 256 {
			if byte(v) == old {
				continue
			}
			b := bytes.Clone(good)
			b[i] = byte(v)
			if _, err := Parse(b); err == nil {
				t.Fatalf("byte %d = %#x: accepted", i, v)
			}
			f, err := Parse(seal(b))
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

// A count or size that the file has room for, but not the items, costs nothing,
// however large the file is.
func TestHostileCountAllocation(t *testing.T) {
	le := binary.LittleEndian
	big := mustBytes(t, &File{Metadata: []byte("{}"), Tensors: []Tensor{{Name: "a", Type: U8, Dims: []uint64{4 << 20}, Data: bytes.Repeat([]byte{0xff}, 4<<20)}}})
	for what, change := range map[string]func(b []byte){
		"tensors":                  func(b []byte) { le.PutUint32(b[8:], math.MaxUint32) },
		"tensors that fit, barely": func(b []byte) { le.PutUint32(b[8:], 2); le.PutUint64(b[32:], 4<<20) },
		"an index of all the file": func(b []byte) {
			le.PutUint32(b[8:], 4<<20/leastEntry)
			le.PutUint64(b[24:], 192)
			le.PutUint64(b[32:], 4<<20)
		},
		"metadata": func(b []byte) { le.PutUint32(b[20:], math.MaxUint32) },
		"dims":     func(b []byte) { b[128+4] = 255 },
		"dims that wrap": func(b []byte) {
			b[128+4] = 8
			for i := range 8 {
				le.PutUint64(b[128+5+8*i:], math.MaxUint64)
			}
		},
	} {
		b := bytes.Clone(big)
		change(b)
		seal(b)
		if _, err := Parse(b); err == nil {
			t.Errorf("%s: accepted", what)
		}
		if n := readertest.Allocated(Parse, b, 4096); n > 4096 {
			t.Errorf("%s: %d bytes allocated for a file of %d, want at most 4096", what, n, len(b))
		}
	}
}

// The files that are densest in Go values for their size stay within the factor
// that the package documents, whether they are valid or break off at the end.
func TestDenseAllocation(t *testing.T) {
	const n = 5000
	tensors := &File{Metadata: []byte("{}")}
	dims := &File{Metadata: []byte("{}")}
	meta := map[string]int{}
	for i := range n {
		tensors.Tensors = append(tensors.Tensors, Tensor{Name: fmt.Sprintf("%04x", i), Type: U8, Dims: []uint64{0}})
		dims.Tensors = append(dims.Tensors, Tensor{Name: fmt.Sprintf("%04x", i), Type: U8, Dims: make([]uint64, 8)})
		meta[fmt.Sprintf("%x", i)] = 0
	}
	text, err := json.Marshal(meta)
	if err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]*File{
		"tensors": tensors, "dims": dims, "metadata": {Metadata: text},
		"nested metadata": {Metadata: slices.Concat([]byte(`{"":`), bytes.Repeat([]byte("["), 9000), bytes.Repeat([]byte("]"), 9000), []byte("}"))},
	} {
		b := mustBytes(t, f)
		worst := 0.0
		check := func(b []byte) {
			t.Helper()
			read := len(b)
			var fe *FormatError
			if _, err := Parse(b); errors.As(err, &fe) {
				read = max(1024, int(fe.Offset))
			}
			got := readertest.Allocated(Parse, b, 32*uint64(read))
			worst = max(worst, float64(got)/float64(read))
			if got > 32*uint64(read) {
				t.Errorf("%s: %d bytes allocated for %d read", what, got, read)
			}
		}
		check(b)
		for n := 1024; n < len(b); n += n / 4 {
			broken := bytes.Clone(b)
			for i := n; i < len(broken); i++ {
				broken[i] = 0xff
			}
			check(seal(broken))
		}
		t.Logf("%s: at most %.1f bytes allocated for one read", what, worst)
	}
}
