package apr

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"assay/corpus/gguf"
)

// bothTypes are the formats that APR and GGUF share.
var bothTypes = []struct {
	apr  Type
	gguf gguf.Type
}{
	{F32, gguf.F32}, {F16, gguf.F16}, {BF16, gguf.BF16}, {F64, gguf.F64}, {I8, gguf.I8}, {I32, gguf.I32}, {I64, gguf.I64},
	{Q4K, gguf.Q4K}, {Q6K, gguf.Q6K},
}

// ropeTypes are the pairs of RoPE that an architecture uses in GGUF: 0 adjacent
// ones, 2 halves.
var ropeTypes = map[string]int{"llama": 0, "qwen2": 2}

// modelKeys pair the keys of the metadata with those of GGUF, after the
// architecture.
func (m *metadata) modelKeys() []struct {
	key   string
	value *uint32
} {
	return []struct {
		key   string
		value *uint32
	}{
		{"block_count", &m.Layers}, {"embedding_length", &m.Hidden}, {"feed_forward_length", &m.Intermediate},
		{"attention.head_count", &m.Heads}, {"attention.head_count_kv", &m.KVHeads}, {"attention.key_length", &m.HeadDim},
		{"vocab_size", &m.Vocab},
	}
}

const (
	archKey        = "general.architecture"
	epsKey         = ".attention.layer_norm_rms_epsilon"
	thetaKey       = ".rope.freq_base"
	valueLengthKey = ".attention.value_length"
)

// ToGGUF returns the file in GGUF: the same bytes of data, GGUF's names, dims the
// other way round. The architecture is the metadata's, or follows from the pairs of
// RoPE: qwen2 for halves, llama for adjacent ones; where both are given they must
// agree.
//
// A number without dims becomes a row of one. What GGUF cannot hold is an error:
// U8, more than four dims or one that is 0, two names that become one.
func (f *File) ToGGUF() (*gguf.File, error) {
	m, err := f.model()
	if err != nil {
		return nil, err
	}
	arch, err := m.ggufArchitecture()
	if err != nil {
		return nil, err
	}
	out := &gguf.File{Version: 3}
	set := func(key string, value any) { out.Metadata = append(out.Metadata, gguf.KV{Key: key, Value: value}) }
	set(archKey, arch)
	for _, k := range m.modelKeys() {
		if *k.value > 0 {
			set(arch+"."+k.key, *k.value)
		}
	}
	if m.HeadDim > 0 {
		set(arch+valueLengthKey, m.HeadDim)
	}
	if m.Eps > 0 {
		set(arch+epsKey, m.Eps)
	}
	if m.Theta != nil {
		set(arch+thetaKey, *m.Theta)
	}
	from := map[string]string{} // APR's names by GGUF's
	for _, t := range f.Tensors {
		name := GGUFName(t.Name)
		if other, ok := from[name]; ok {
			return nil, fmt.Errorf("apr: tensors %.64q and %.64q would both be %.64q", other, t.Name, name)
		}
		from[name] = t.Name
		typ, ok := ggufType(t.Type)
		dims := slices.Clone(t.Dims)
		slices.Reverse(dims)
		if len(dims) == 0 {
			dims = []uint64{1}
		}
		switch {
		case !ok:
			return nil, fmt.Errorf("apr: tensor %.64q is of type %v, which GGUF does not have", t.Name, t.Type)
		case len(dims) > 4 || slices.Contains(dims, 0):
			return nil, fmt.Errorf("apr: tensor %.64q has dims %d, GGUF takes one to four and none of them 0", t.Name, t.Dims)
		}
		out.Tensors = append(out.Tensors, gguf.Tensor{Name: name, Type: typ, Dims: dims, Data: t.Data})
	}
	return out, nil
}

// ggufArchitecture returns the architecture by which GGUF knows the model.
func (m *metadata) ggufArchitecture() (string, error) {
	arch := strings.ToLower(m.Architecture)
	if m.RopeType == nil {
		if arch == "" {
			return "", errors.New("apr: metadata: neither architecture nor rope_type")
		}
		return arch, nil
	}
	byPairs := ""
	for name, pairs := range ropeTypes {
		if pairs == *m.RopeType {
			byPairs = name
		}
	}
	_, known := ropeTypes[arch]
	switch {
	case byPairs == "":
		return "", fmt.Errorf("apr: metadata: rope_type is %d, want 0 for adjacent pairs or 2 for halves", *m.RopeType)
	case known && arch != byPairs:
		return "", fmt.Errorf("apr: metadata: rope_type %d is not that of %s in GGUF, whose converter permutes the rows of queries and keys", *m.RopeType, arch)
	case arch == "":
		return byPairs, nil
	}
	return arch, nil
}

func ggufType(t Type) (gguf.Type, bool) {
	for _, b := range bothTypes {
		if b.apr == t {
			return b.gguf, true
		}
	}
	return 0, false
}

func aprType(t gguf.Type) (Type, bool) {
	for _, b := range bothTypes {
		if b.gguf == t {
			return b.apr, true
		}
	}
	return 0, false
}

// FromGGUF returns a GGUF file in APR, its tensors sorted by name, with the
// metadata that describe the model and without all others. What APR cannot hold is
// an error: a type that it does not have, two names that become one, a number of
// the model that is none or more than a uint32.
//
// The way to GGUF and back returns every tensor as it was, unless it had no dims
// or a name that only some writers use.
func FromGGUF(g *gguf.File) (*File, error) {
	m, err := fromGGUFMetadata(g)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("apr: metadata: %w", err)
	}
	out := &File{Flags: RowMajor, Metadata: text}
	for _, t := range g.Tensors {
		typ, ok := aprType(t.Type)
		if !ok {
			return nil, fmt.Errorf("apr: tensor %.64q is of type %v, which APR does not have", t.Name, t.Type)
		}
		dims := slices.Clone(t.Dims)
		slices.Reverse(dims)
		out.Tensors = append(out.Tensors, Tensor{Name: fromGGUFName(t.Name), Type: typ, Dims: dims, Data: t.Data})
	}
	slices.SortFunc(out.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(out.Tensors); i++ {
		if name := out.Tensors[i].Name; name == out.Tensors[i-1].Name {
			return nil, fmt.Errorf("apr: two tensors would be %.64q", name)
		}
	}
	return out, nil
}

// fromGGUFMetadata returns what GGUF says of the model.
func fromGGUFMetadata(g *gguf.File) (*metadata, error) {
	arch, err := g.String(archKey)
	if err != nil {
		return nil, err
	}
	m := &metadata{Architecture: arch}
	for _, k := range m.modelKeys() {
		v, err := g.Uint(arch + "." + k.key)
		switch {
		case errors.Is(err, gguf.ErrNotFound):
		case err != nil:
			return nil, err
		case v > math.MaxUint32:
			return nil, fmt.Errorf("apr: metadata: %s is %d, more than a uint32", k.key, v)
		default:
			*k.value = uint32(v)
		}
	}
	float := func(key string) (v float32, ok bool, err error) {
		x, err := g.Float(arch + key)
		if errors.Is(err, gguf.ErrNotFound) {
			return 0, false, nil
		}
		return float32(x), err == nil, err
	}
	if m.Eps, _, err = float(epsKey); err != nil {
		return nil, err
	}
	theta, ok, err := float(thetaKey)
	if err != nil {
		return nil, err
	}
	if ok {
		m.Theta = &theta
	}
	if pairs, ok := ropeTypes[arch]; ok {
		m.RopeType = &pairs
	}
	// GGUF need not say how many tokens there are: the embeddings do.
	if t, err := g.Tensor("token_embd.weight"); m.Vocab == 0 && err == nil && t.Rows() <= math.MaxUint32 {
		m.Vocab = uint32(t.Rows())
	}
	return m, nil
}
