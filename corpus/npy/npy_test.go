package npy

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/corpus/readertest"
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

// plain reads an array a second time, with nothing of Parse: the fuzz target compares them.
func plain(data []byte) (a *Array, ok bool) {
	if !bytes.HasPrefix(data, []byte(magic)) || len(data) < 8 {
		return nil, false
	}
	digits := map[byte]int{1: 2, 2: 4, 3: 4}[data[6]] // of the header's size
	size, at := 0, 8+digits
	if digits == 0 || len(data) < at {
		return nil, false
	}
	for i, b := range data[8:at] {
		size |= int(b) << (8 * i)
	}
	if size > len(data)-at {
		return nil, false
	}
	header, body := data[at:at+size], data[at+size:]
	inner := regexp.MustCompile(`^\{((?s).*)\}$`).FindSubmatch(bytes.TrimSpace(header))
	if inner == nil {
		return nil, false
	}
	const entry = `('descr':\s*'<f[48]'|'fortran_order':\s*False|'shape':\s*\([0-9, ]*\))`
	entries := regexp.MustCompile(`^[ ,]*` + entry + `[ ,]*` + entry + `[ ,]*` + entry + `[ ,]*$`).FindSubmatch(bytes.TrimSpace(inner[1]))
	if entries == nil {
		return nil, false
	}
	all := string(bytes.Join(entries[1:], nil))
	if strings.Count(all, "'descr'") != 1 || strings.Count(all, "'shape'") != 1 {
		return nil, false
	}
	a = &Array{}
	n := new(big.Int).SetInt64(1)
	dims := regexp.MustCompile(`\(([^)]*)\)`).FindStringSubmatch(all)[1]
	for _, d := range strings.Split(dims, ",") {
		if d = strings.TrimSpace(d); d == "" {
			continue
		}
		k, err := strconv.ParseInt(d, 10, 64)
		if err != nil || k > 1<<32 {
			return nil, false
		}
		a.Shape = append(a.Shape, int(k))
		if n.Mul(n, big.NewInt(k)); n.BitLen() > 33 || n.Cmp(big.NewInt(1<<32)) > 0 {
			return nil, false
		}
	}
	width := 4
	if strings.Contains(all, "<f8") {
		width = 8
	}
	if n.Mul(n, big.NewInt(int64(width))).Cmp(big.NewInt(int64(len(body)))) != 0 {
		return nil, false
	}
	for ; len(body) > 0; body = body[width:] {
		u := uint64(0)
		for i, b := range body[:width] {
			u |= uint64(b) << (8 * i)
		}
		v := math.Float32frombits(uint32(u))
		if width == 8 {
			v = float32(math.Float64frombits(u))
		}
		a.Data = append(a.Data, v)
	}
	return a, true
}

func FuzzParse(f *testing.F) {
	f.Add((&Array{Shape: []int{2, 2}, Data: []float32{1, -2, 3, 4e-45}}).Bytes())
	f.Add(file("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }\n", "\x11\x11\x11\x11\x11\x11\xf0\x3f\x22\x22\x22\x22\x22\x22\xd0\xbf"))
	f.Add([]byte(magic + "\x02\x00\x38\x00\x00\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,),}1234"))
	f.Add([]byte(magic + "\x03\x00\x38\x00\x00\x00{'descr': '<f4', 'fortran_order': False, 'shape': (0,),}"))
	// What must be refused, or is not far from it.
	f.Add([]byte(magic + "\x04\x00\x38\x00\x00\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,),}1234"))
	f.Add(file("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }\n", "12345678"))
	for _, header := range []string{
		"{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}", "{'descr': '<f4', 'shape': (1,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 1)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 4294967297)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (400000000,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967297)}",
	} {
		f.Add(file(header, "1234"))
		f.Add(file(header, ""))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, ok := plain(data)
		a, err := Parse(data)
		if ok != (err == nil) {
			t.Fatalf("accepted: %t (%v), as it is plainly read: %t", err == nil, err, ok)
		}
		if err != nil {
			if most := uint64(64*len(data) + 8<<10); !readertest.Race && readertest.Allocated(Parse, data, most) > most {
				t.Fatalf("more than %d bytes allocated for %d", most, len(data))
			}
			return
		}
		if !slices.Equal(a.Shape, want.Shape) || string(bits(a)) != string(bits(want)) {
			t.Fatalf("read %v, as it is plainly read %v", a, want)
		}
		again, err := Parse(a.Bytes())
		if err != nil || !slices.Equal(again.Shape, a.Shape) || string(bits(again)) != string(bits(a)) {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
	})
}

// bits are the numbers of an array as they are stored.
func bits(a *Array) []byte {
	out := []byte{}
	for _, v := range a.Data {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}
