package apr

import (
	"encoding/binary"
	"fmt"
	"math"
)

// WholeModel is the layer of an activation that belongs to none.
const WholeModel = 0xffffffff

// Activation is a dumped activation, an APRT file: Dim numbers for each token.
type Activation struct {
	Layer, Dim uint32
	Data       []float32
}

// ParseActivation reads an APRT file.
func ParseActivation(data []byte) (*Activation, error) {
	if len(data) < 12 || string(data[:4]) != "APRT" {
		return nil, fmt.Errorf("apr: no APRT file")
	}
	le := binary.LittleEndian
	a := &Activation{Layer: le.Uint32(data[4:]), Dim: le.Uint32(data[8:])}
	body := data[12:]
	if a.Dim == 0 || uint64(len(body))%(4*uint64(a.Dim)) != 0 {
		return nil, fmt.Errorf("apr: APRT of dim %d has %d bytes of data", a.Dim, len(body))
	}
	for i := 0; i < len(body); i += 4 {
		a.Data = append(a.Data, math.Float32frombits(le.Uint32(body[i:])))
	}
	return a, nil
}

// Bytes returns the activation as stored.
func (a *Activation) Bytes() []byte {
	le := binary.LittleEndian
	out := le.AppendUint32(le.AppendUint32([]byte("APRT"), a.Layer), a.Dim)
	for _, v := range a.Data {
		out = le.AppendUint32(out, math.Float32bits(v))
	}
	return out
}
