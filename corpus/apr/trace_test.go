package apr

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestActivation(t *testing.T) {
	for _, a := range []*Activation{
		{Layer: WholeModel, Dim: 2, Data: []float32{1, -2, float32(math.Inf(1)), 4}},
		{Layer: 7, Dim: 3, Data: []float32{0.5, math.Float32frombits(1 << 31), 1e-45}},
		{Layer: 0, Dim: 1},
	} {
		got, err := ParseActivation(a.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got.Layer != a.Layer || got.Dim != a.Dim || !slices.Equal(got.Data, a.Data) || !bytes.Equal(got.Bytes(), a.Bytes()) {
			t.Errorf("%+v became %+v", a, got)
		}
	}
	// The payload of a NaN is kept.
	b := (&Activation{Dim: 1, Data: []float32{0}}).Bytes()
	copy(b[12:], "\x01\x00\xa0\xff")
	if got, err := ParseActivation(b); err != nil || math.Float32bits(got.Data[0]) != 0xffa00001 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestActivationHostile(t *testing.T) {
	b := (&Activation{Layer: 1, Dim: 2, Data: []float32{1, 2, 3, 4}}).Bytes()
	dim := func(dim string) []byte { return append(append(bytes.Clone(b[:8]), dim...), b[12:]...) }
	for _, tt := range []struct {
		data []byte
		says string
	}{
		{nil, "header takes 12"}, {b[:11], "header takes 12"},
		{append([]byte("X"), b[1:]...), "magic"}, {append([]byte("APR\x00"), b[4:]...), "magic"},
		{b[:13], "no whole tokens"}, {b[:16], "no whole tokens"}, {b[:len(b)-1], "no whole tokens"},
		{dim("\x00\x00\x00\x00"), "is 0"}, {dim("\xff\xff\xff\xff"), "no whole tokens"}, {dim("\x00\x00\x00\x40"), "no whole tokens"}, {dim("\x00\x00\x00\x80"), "no whole tokens"},
	} {
		var fe *FormatError
		if a, err := ParseActivation(tt.data); !errors.As(err, &fe) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%x: %v, %v, want a FormatError with %q", tt.data, a, err, tt.says)
		}
	}
	for i := range b {
		for v := range 256 {
			c := bytes.Clone(b)
			c[i] = byte(v)
			if a, err := ParseActivation(c); err == nil && !bytes.Equal(a.Bytes(), c) {
				t.Errorf("byte %d = %#x: written differently", i, v)
			}
		}
	}
}
