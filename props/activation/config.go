package activation

import (
	"fmt"
	"math"

	"assay/corpus/gguf"
)

const (
	// maxWidth bounds the length of every activation vector. The widest
	// published dense models have feed-forward layers of about 54,000.
	maxWidth = 1 << 17

	// maxVolume bounds the numbers of one buffer, tokens × width: 1 GiB of
	// float64. It also keeps every index within an int of 32 bits.
	maxVolume = 1 << 27
)

// config is the shape of a model as its metadata tell it. All of it has been
// checked: sizes are positive and at most maxWidth, their products too.
type config struct {
	blocks  uint64 // not checked: it has no bound but the tensors
	dim     int    // of the residual stream
	ffn     int    // of the feed-forward network
	heads   int    // of the queries, a multiple of kvHeads
	kvHeads int    // of keys and values
	headDim int    // of every head, even
	eps     float64
	pairing pairing
	base    float64 // of RoPE
	scale   float64 // of RoPE's positions
}

func (c *config) qWidth() int  { return c.heads * c.headDim }
func (c *config) kvWidth() int { return c.kvHeads * c.headDim }

// widest returns the length of the longest activation.
func (c *config) widest() int { return max(c.dim, c.ffn, c.qWidth(), c.kvWidth()) }

// architectures has the models that the pass covers. They differ in nothing
// but the pairing: what else tells them apart (biases) is seen from the tensors.
var architectures = map[string]pairing{
	"llama": adjacent,
	"qwen2": halves,
}

// A reader reads metadata of one architecture. After the first error, which it
// keeps, it returns zeros.
type reader struct {
	f    *gguf.File
	arch string
	err  error
}

// key returns the full name of one of the architecture's keys.
func (r *reader) key(name string) string { return r.arch + "." + name }

func (r *reader) has(name string) bool {
	_, ok := r.f.Get(r.key(name))
	return ok
}

func (r *reader) fail(name, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("activation: metadata %q: %w", r.key(name), fmt.Errorf(format, args...))
	}
}

func (r *reader) keep(err error) {
	if r.err == nil && err != nil {
		r.err = fmt.Errorf("activation: %w", err)
	}
}

func (r *reader) uint(name string) uint64 {
	v, err := r.f.Uint(r.key(name))
	r.keep(err)
	return v
}

// size reads a number from 1 to maxWidth.
func (r *reader) size(name string) int {
	v := r.uint(name)
	if v < 1 || v > maxWidth {
		r.fail(name, "is %d, want 1 to %d", v, maxWidth)
		return 1 // so that the caller can divide by it
	}
	return int(v)
}

// sizeOr is size with a default for a missing key.
func (r *reader) sizeOr(name string, def int) int {
	if !r.has(name) {
		return def
	}
	return r.size(name)
}

// positive reads a finite number above zero.
func (r *reader) positive(name string) float64 {
	v, err := r.f.Float(r.key(name))
	r.keep(err)
	if !(v > 0) || math.IsInf(v, 0) {
		r.fail(name, "is %v, want a finite number above 0", v)
	}
	return v
}

func (r *reader) positiveOr(name string, def float64) float64 {
	if !r.has(name) {
		return def
	}
	return r.positive(name)
}

// readConfig reads and checks the metadata of a model.
func readConfig(f *gguf.File) (config, error) {
	arch, err := f.String("general.architecture")
	if err != nil {
		return config{}, fmt.Errorf("activation: %w", err)
	}
	pairing, ok := architectures[arch]
	if !ok {
		return config{}, fmt.Errorf("activation: metadata %q: is %.64q: %w", "general.architecture", arch, ErrArchitecture)
	}

	r := &reader{f: f, arch: arch}
	c := config{pairing: pairing}
	if c.blocks = r.uint("block_count"); c.blocks == 0 {
		r.fail("block_count", "is 0")
	}
	c.dim = r.size("embedding_length")
	c.ffn = r.size("feed_forward_length")
	c.eps = r.positive("attention.layer_norm_rms_epsilon")
	r.readHeads(&c)
	r.readRoPE(&c)
	r.refuse()
	return c, r.err
}

func (r *reader) readHeads(c *config) {
	c.heads = r.size("attention.head_count")
	c.kvHeads = r.sizeOr("attention.head_count_kv", c.heads)
	if c.heads%c.kvHeads != 0 {
		r.fail("attention.head_count", "is %d, not a multiple of the %d heads of keys and values", c.heads, c.kvHeads)
	}
	if r.has("attention.key_length") {
		c.headDim = r.size("attention.key_length")
	} else {
		c.headDim = c.dim / c.heads
		if c.headDim*c.heads != c.dim {
			r.fail("attention.head_count", "is %d, which does not divide the embedding length %d", c.heads, c.dim)
		}
	}
	if n := r.sizeOr("attention.value_length", c.headDim); n != c.headDim {
		r.fail("attention.value_length", "is %d, but keys have %d: %w", n, c.headDim, ErrArchitecture)
	}
	if c.headDim%2 != 0 {
		r.fail("attention.head_count", "gives heads of %d, which RoPE cannot pair", c.headDim)
	}
	if c.heads > maxWidth/max(c.headDim, 1) {
		r.fail("attention.head_count", "is %d heads of %d, more than %d numbers", c.heads, c.headDim, maxWidth)
	}
}

func (r *reader) readRoPE(c *config) {
	c.base = r.positiveOr("rope.freq_base", 10000)
	c.scale = 1
	if n := r.sizeOr("rope.dimension_count", c.headDim); n != c.headDim {
		r.fail("rope.dimension_count", "is %d of the %d of a head: %w", n, c.headDim, ErrArchitecture)
	}
	kind := "linear" // llama.cpp's default
	if r.has("rope.scaling.type") {
		var err error
		kind, err = r.f.String(r.key("rope.scaling.type"))
		r.keep(err)
	}
	switch kind {
	case "none":
	case "linear":
		factor := "rope.scaling.factor"
		if !r.has(factor) {
			factor = "rope.scale_linear" // its name in old files
		}
		c.scale = 1 / r.positiveOr(factor, 1)
	default:
		r.fail("rope.scaling.type", "is %.64q: %w", kind, ErrArchitecture)
	}
}

// refuse fails on what would make the model another one.
func (r *reader) refuse() {
	if r.has("expert_count") {
		if n := r.uint("expert_count"); n != 0 {
			r.fail("expert_count", "is %d: %w", n, ErrArchitecture)
		}
	}
	if r.has("attention.causal") {
		causal, err := r.f.Bool(r.key("attention.causal"))
		r.keep(err)
		if !causal {
			r.fail("attention.causal", "is false: %w", ErrArchitecture)
		}
	}
}
