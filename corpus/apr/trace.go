package apr

import (
	"encoding/binary"
	"math"
)

// WholeModel is the layer of an activation that belongs to none.
const WholeModel = 0xffffffff

// Activation is a dumped activation, an APRT file: Dim numbers for each token.
type Activation struct {
	Layer, Dim uint32

	// Data holds a whole number of tokens, each of Dim numbers, Dim not being 0;
	// it is no part of the bytes that were parsed.
	Data []float32
}

const (
	traceMagic  = "APRT"
	traceHeader = 4 + 4 + 4
)

// ParseActivation reads an APRT file. Any error is a [*FormatError].
func ParseActivation(data []byte) (*Activation, error) {
	switch {
	case len(data) < traceHeader:
		return nil, bad("APRT file", 0, "has %d bytes, its header takes %d", len(data), traceHeader)
	case string(data[:4]) != traceMagic:
		return nil, bad("APRT magic", 0, "is %q, want %q", data[:4], traceMagic)
	}
	le := binary.LittleEndian
	a := &Activation{Layer: le.Uint32(data[4:]), Dim: le.Uint32(data[8:])}
	body := data[traceHeader:]
	switch {
	case a.Dim == 0:
		return nil, bad("APRT dim", 8, "is 0")
	case uint64(len(body))%(4*uint64(a.Dim)) != 0:
		return nil, bad("APRT data", traceHeader, "are %d bytes, which are no whole tokens of %d numbers", len(body), a.Dim)
	}
	a.Data = make([]float32, len(body)/4)
	for i := range a.Data {
		a.Data[i] = math.Float32frombits(le.Uint32(body[4*i:]))
	}
	return a, nil
}

// Bytes returns the activation as stored.
func (a *Activation) Bytes() []byte {
	le := binary.LittleEndian
	out := make([]byte, 0, traceHeader+4*len(a.Data))
	out = append(out, traceMagic...)
	out = le.AppendUint32(le.AppendUint32(out, a.Layer), a.Dim)
	for _, v := range a.Data {
		out = le.AppendUint32(out, math.Float32bits(v))
	}
	return out
}
