package npy

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	for _, a := range []*Array{
		{Shape: []int{2, 3}, Data: []float32{1, -2, 3, 4e-45, 5, float32(math.Inf(1))}},
		{Shape: []int{0}, Data: []float32{}}, {Data: []float32{7}}, {Shape: []int{5}, Data: make([]float32, 5)},
	} {
		b := a.Bytes()
		if i := strings.IndexByte(string(b), '\n'); (i+1)%64 != 0 {
			t.Errorf("data at %d", i+1)
		}
		got, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a, got); d != "" {
			t.Error(d)
		}
	}
}

// file makes a file of version 1 with any header.
func file(header string, data string) []byte {
	return []byte(magic + "\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + data)
}

func TestParse(t *testing.T) {
	// As NumPy writes it, and in another order; f8.
	for _, b := range [][]byte{
		file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }   \n", "\x00\x00\x80\x3f"),
		file("{'shape': (1, 1), 'fortran_order': False, 'descr': '<f8'}", "\x00\x00\x00\x00\x00\x00\xf0\x3f"),
	} {
		a, err := Parse(b)
		if err != nil || len(a.Data) != 1 || a.Data[0] != 1 {
			t.Errorf("%q: %v, %v", b, a, err)
		}
	}
	const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
	for _, b := range [][]byte{
		nil, []byte("\x93NUMPY"), []byte(magic + "\x04\x00\x00\x00"), []byte(magic + "\x02\x00\x01"), []byte(magic + "\x02\x00\xff\xff\xff\xff"),
		file(good, ""), file(good, "12345"), file(good[:20], "1234"), file("", "1234"), file("{}", "1234"),
		file("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "1234"),
		file("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", "1234"),
		file("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "1234"),
		file("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "1234"),
		file("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}", "1234"),
		file("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "1234"),
		file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "1234"),
	} {
		if a, err := Parse(b); err == nil {
			t.Errorf("%q was accepted: %v", b, a)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add((&Array{Shape: []int{2, 2}, Data: make([]float32, 4)}).Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Parse(data)
		if err != nil {
			return
		}
		again, err := Parse(a.Bytes())
		if err != nil || len(again.Data) != len(a.Data) {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
	})
}
