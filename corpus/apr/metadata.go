package apr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// checkMetadata returns why the metadata are invalid, or "". It keeps nothing of
// them, for a few bytes of JSON can be many of a map.
func checkMetadata(m []byte) string {
	switch {
	case !utf8.Valid(m):
		return "is not UTF-8"
	case !json.Valid(m):
		return "is not JSON"
	case bytes.TrimLeft(m, " \t\r\n")[0] != '{': // valid JSON is not empty
		return "is no JSON object"
	}
	return ""
}

// metadata are the keys that describe a model. What is not there is zero, nil or
// empty.
type metadata struct {
	Architecture string   `json:"architecture,omitempty"`
	Hidden       uint32   `json:"hidden_size,omitempty"`
	Intermediate uint32   `json:"intermediate_size,omitempty"`
	Layers       uint32   `json:"num_layers,omitempty"`
	Heads        uint32   `json:"num_heads,omitempty"`
	KVHeads      uint32   `json:"num_kv_heads,omitempty"`
	HeadDim      uint32   `json:"head_dim,omitempty"`
	Vocab        uint32   `json:"vocab_size,omitempty"`
	Theta        *float32 `json:"rope_theta,omitempty"`
	RopeType     *int     `json:"rope_type,omitempty"`
	Eps          float32  `json:"rms_norm_eps,omitempty"`
}

// model decodes the metadata key by key: of two keys the last one counts, even if
// it is null, and case matters, neither of which holds for a struct.
func (f *File) model() (*metadata, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(f.Metadata, &keys); err != nil {
		return nil, fmt.Errorf("apr: metadata: %w", err)
	}
	m := &metadata{}
	for key, to := range map[string]any{
		"architecture": &m.Architecture, "hidden_size": &m.Hidden, "intermediate_size": &m.Intermediate, "num_layers": &m.Layers,
		"num_heads": &m.Heads, "num_kv_heads": &m.KVHeads, "head_dim": &m.HeadDim, "vocab_size": &m.Vocab,
		"rope_theta": &m.Theta, "rope_type": &m.RopeType, "rms_norm_eps": &m.Eps,
	} {
		raw, ok := keys[key]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, to); err != nil {
			return nil, fmt.Errorf("apr: metadata %q: %w", key, err)
		}
	}
	return m, nil
}
