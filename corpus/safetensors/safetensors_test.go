package safetensors

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/spec"
)

func small() []Tensor {
	return []Tensor{
		{"a", spec.F32, []uint64{2, 3}, bytes.Repeat([]byte{1}, 24)},
		{"b", spec.BF16, []uint64{5}, bytes.Repeat([]byte{2}, 10)},
		{"c", spec.F16, []uint64{}, []byte{3, 3}},
	}
}

func TestRoundTrip(t *testing.T) {
	b, err := Bytes(small())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(small(), got); d != "" {
		t.Error(d)
	}
	for n := range b {
		if _, err := Parse(b[:n]); err == nil {
			t.Errorf("%d bytes of it were accepted", n)
		}
	}
	for i := range b {
		for _, by := range []byte{1, 0x20, 0x80} {
			c := bytes.Clone(b)
			c[i] ^= by
			if f, err := Parse(c); err == nil {
				if _, err := Bytes(f); err != nil {
					t.Errorf("byte %d ^ %x: an accepted file cannot be written: %v", i, by, err)
				}
			}
		}
	}
}

func file(header, body string) []byte {
	return []byte(string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + body)
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		data []byte
		says string
	}{
		{nil, "8"}, {[]byte("\xff\xff\xff\xff\xff\xff\xff\xff"), "header"}, {file("", ""), "object"}, {file("[]", ""), "object"},
		{file("{", ""), ""}, {file("\xff", ""), "UTF-8"}, {file("{} x", ""), ""},
		{file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, "1"), "I8"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, "1234"), "x"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}}`, "123"), "offsets"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, "1234"), "offsets"},
		{file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, "1234"), ""},
		{file(`{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}`, "1234"), "wraps"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "12345678"), "end"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "12345678"), "begins"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234"), "begins"},
		{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234"), "twice"},
	} {
		if got, err := Parse(tt.data); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: %v, %v, want %q", tt.data, got, err, tt.says)
		}
	}
	if got, err := Parse(file(`{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234")); err != nil || len(got) != 1 {
		t.Errorf("with metadata: %v, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	b, err := Bytes(small())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Parse(data)
		if err != nil {
			return
		}
		if _, err := Bytes(got); err != nil {
			t.Fatalf("an accepted file cannot be written: %v", err)
		}
	})
}
