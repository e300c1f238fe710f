package fuzz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"assay/corpus"
	"assay/corpus/apr"
	"assay/corpus/gguf"
	"assay/corpus/llama2c"
	"assay/corpus/readertest"
	"assay/corpus/safetensors"
)

// Reader returns what a target about files holds of any bytes, or nil if the target's
// inputs are cases. A reader never panics, takes no more memory than it says, accepts what a second, plain reader
// accepts, and makes the same of it; what it accepts can be written and read
// again, to the same bytes ever after, and what it refuses it refuses by name.
//
// It judges the bytes, and n − 1 variants of them or of good files, drawn by a seed that every bit takes
// part in: an execution costs the fuzzer more than most files do, it knows no fields, and most of what it
// makes is broken in more than one place.
func Reader(target string) func(data []byte, n int, good ...[]byte) error {
	read := map[string]func(data []byte, memory bool) error{
		"FuzzGGUF": readGGUF, "FuzzAPR": readAPR, "FuzzAPRT": readAPRT, "FuzzSafetensors": readSafetensors, "FuzzLlama2c": readLlama2c,
		"FuzzCase": readCase,
	}[target]
	if read == nil {
		return nil
	}
	return func(data []byte, n int, good ...[]byte) error {
		if err := read(data, true); err != nil {
			return err
		}
		h := fnv.New64a()
		h.Write(data)
		rng := rand.New(rand.NewPCG(h.Sum64(), uint64(len(data))))
		for range n - 1 {
			v := bytes.Clone(data)
			if len(good) > 0 && rng.IntN(4) > 0 {
				v = bytes.Clone(good[rng.IntN(len(good))])
			}
			for range 1 + rng.IntN(1+rng.IntN(2)) {
				v = vary(rng, v)
			}
			if err := read(v, false); err != nil {
				return fmt.Errorf("%w; the variant %.4000q", err, v)
			}
		}
		return nil
	}
}

// head is where a file's fields are; after them come mostly data.
const head = 512

// vary changes a file in one place.
func vary(rng *rand.Rand, b []byte) []byte {
	if len(b) == 0 {
		return b
	}
	at := rng.IntN(len(b))
	if rng.IntN(4) > 0 {
		at = rng.IntN(min(len(b), head))
	}
	switch rng.IntN(6) {
	case 0:
		b[at] ^= 1 << rng.IntN(8)
	case 1: // a neighbour, of a count or of a letter
		b[at] += byte(rng.IntN(9) - 4)
	case 2: // digits of a text, and bytes that are none
		b[at] = "0129,]\" \x00\x40\x80\xff"[rng.IntN(12)]
	case 3: // a power of two as a number of 32 bits or 64
		width := 4 << rng.IntN(2)
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], 1<<rng.IntN(8*width))
		copy(b[at:min(at+width, len(b))], n[:])
	case 4: // the same twice
		n := 1 + rng.IntN(16)
		from := rng.IntN(min(len(b), head))
		copy(b[at:], bytes.Clone(b[from:min(from+n, len(b))]))
	case 5: // cut out, or filled in
		n := 1 + rng.IntN(8)
		if rng.IntN(2) == 0 {
			return slices.Delete(b, at, min(at+n, len(b)))
		}
		return slices.Insert(b, at, make([]byte, n)...)
	}
	return b
}

// format is a reader, the plain one, and what else the target needs of them.
type format[F any] struct {
	parse func([]byte) (F, error)
	write func(F) ([]byte, error)
	plain func([]byte) (string, bool)
	text  func(F) string // as plain puts it
	data  func(F) [][]byte
	// place is the byte at which a refused file was left, or −1; known is false for an
	// error that is not the reader's.
	place func(error) (at int64, known bool)
	most  uint64 // bytes that may be taken for one that was read
}

// slack is what a reader may take whatever it has read.
const slack = 8 << 10

// hold holds a reader to all that is true of every file, what memory it takes
// among them. It returns what was read and written, nil if the file was refused.
func (f format[F]) hold(data []byte, memory bool) (file F, out []byte, err error) {
	plain, want := f.plain(data)
	file, err = f.parse(data)
	read := uint64(len(data))
	if err != nil {
		at, known := f.place(err)
		switch {
		case want:
			return file, nil, fmt.Errorf("refused, and well-formed: %w", err)
		case !known:
			return file, nil, fmt.Errorf("refused by an error that does not say where: %w", err)
		case at < -1 || at > int64(len(data)):
			return file, nil, fmt.Errorf("refused at byte %d of %d: %w", at, len(data), err)
		case at >= 0:
			read = uint64(at)
		}
	}
	if most := f.most*read + slack; memory {
		if n := readertest.Allocated(f.parse, data, most); n > most {
			return file, nil, fmt.Errorf("%d bytes allocated for %d that were read", n, read)
		}
	}
	if err != nil {
		return file, nil, nil
	}
	if text := f.text(file); !want || text != plain {
		return file, nil, fmt.Errorf("accepted as %.300q; as it is plainly read (%t): %.300q", text, want, plain)
	}
	for _, b := range f.data(file) {
		if cap(b) != len(b) {
			return file, nil, errors.New("appending to a tensor's data would overwrite the next one's")
		}
	}
	out, err = f.roundTrip(file)
	return file, out, err
}

// roundTrip returns what was written of a file.
func (f format[F]) roundTrip(file F) ([]byte, error) {
	first, err := f.write(file)
	if err != nil {
		return nil, fmt.Errorf("an accepted file cannot be written: %w", err)
	}
	again, err := f.parse(first)
	if err != nil {
		return nil, fmt.Errorf("a written file cannot be read: %w", err)
	}
	second, err := f.write(again)
	if err != nil || !bytes.Equal(first, second) {
		return nil, fmt.Errorf("writing what was read again differs (%v)", err)
	}
	return first, nil
}

func readGGUF(data []byte, memory bool) error {
	_, _, err := format[*gguf.File]{
		parse: gguf.Parse, plain: plainGGUF, text: textGGUF, most: 32,
		write: func(f *gguf.File) ([]byte, error) {
			var b bytes.Buffer
			err := gguf.Write(&b, f)
			return b.Bytes(), err
		},
		data: func(f *gguf.File) (out [][]byte) {
			for _, t := range f.Tensors {
				out = append(out, t.Data)
			}
			return out
		},
		place: func(err error) (int64, bool) {
			var e *gguf.FormatError
			if !errors.As(err, &e) {
				return 0, false
			}
			at := e.Offset
			if e.Field == "tensor count" || strings.HasSuffix(e.Field, " offset") {
				at = -1 // found after more was read
			}
			return at, e.Field != "" && e.Reason != ""
		},
	}.hold(data, memory)
	return err
}

// readAPR: the bytes as they are, with their checksums set right, or little would
// come past them, and with each of them left out.
func readAPR(data []byte, memory bool) error {
	sealed := sealAPR(bytes.Clone(data))
	all := [][]byte{data, sealed}
	if len(data) >= 64+4 {
		noSum := bytes.Clone(sealed)
		copy(noSum[len(noSum)-4:], make([]byte, 4))
		noHeaderSum := bytes.Clone(sealed)
		copy(noHeaderSum[40:], make([]byte, 4))
		binary.LittleEndian.PutUint32(noHeaderSum[len(data)-4:], crc32.ChecksumIEEE(noHeaderSum[:len(data)-4]))
		all = append(all, noSum, noHeaderSum)
	}
	for _, b := range all {
		file, out, err := format[*apr.File]{
			parse: apr.Parse, write: (*apr.File).Bytes, plain: plainAPR, text: textAPR, most: 32,
			data: func(f *apr.File) (out [][]byte) {
				for _, t := range f.Tensors {
					out = append(out, t.Data)
				}
				return out
			},
			place: aprPlace,
		}.hold(b, memory)
		if err == nil && out != nil {
			err = toGGUF(file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func aprPlace(err error) (int64, bool) {
	var e *apr.FormatError
	if !errors.As(err, &e) {
		return 0, false
	}
	at := e.Offset
	if e.Part == "tensor count" || e.Part == "metadata" {
		at = -1 // found after more was read
	}
	return at, e.Part != "" && e.Reason != ""
}

// toGGUF: what becomes GGUF is the same tensors, dims the other way round, and comes back.
func toGGUF(file *apr.File) error {
	g, err := file.ToGGUF()
	if err != nil {
		return nil
	}
	if len(g.Tensors) != len(file.Tensors) {
		return fmt.Errorf("%d of %d tensors became GGUF", len(g.Tensors), len(file.Tensors))
	}
	for i, x := range file.Tensors {
		y := g.Tensors[i]
		dims := slices.Clone(x.Dims)
		slices.Reverse(dims)
		if len(dims) == 0 {
			dims = []uint64{1}
		}
		if y.Name != apr.GGUFName(x.Name) || y.Type.String() != x.Type.String() || !slices.Equal(y.Dims, dims) || !bytes.Equal(y.Data, x.Data) {
			return fmt.Errorf("%q became %q of %v, %d in GGUF", x.Name, y.Name, y.Type, y.Dims)
		}
	}
	back, err := apr.FromGGUF(g)
	if err != nil {
		return fmt.Errorf("what became GGUF does not come back: %w", err)
	}
	if len(back.Tensors) != len(file.Tensors) {
		return fmt.Errorf("%d of %d tensors came back from GGUF", len(back.Tensors), len(file.Tensors))
	}
	for _, x := range file.Tensors {
		if y := back.Tensor(x.Name); y != nil && (y.Type != x.Type || len(x.Dims) > 0 && !slices.Equal(y.Dims, x.Dims) || !bytes.Equal(y.Data, x.Data)) {
			return fmt.Errorf("%q came back from GGUF as another tensor", x.Name)
		}
	}
	return nil
}

// sealAPR sets the checksums of a file in APR right.
func sealAPR(b []byte) []byte {
	const header, sum = 64, 40
	if len(b) < header+4 {
		return b
	}
	le := binary.LittleEndian
	le.PutUint32(b[sum:], crc32.Update(crc32.ChecksumIEEE(b[:sum]), crc32.IEEETable, b[sum+4:header]))
	end := len(b) - 4
	le.PutUint32(b[end:], crc32.ChecksumIEEE(b[:end]))
	return b
}

// readAPRT: what is accepted is written as it was.
func readAPRT(data []byte, memory bool) error {
	a, out, err := format[*apr.Activation]{
		parse: apr.ParseActivation, plain: plainAPRT, text: textAPRT, most: 1,
		write: func(a *apr.Activation) ([]byte, error) { return a.Bytes(), nil },
		data:  func(*apr.Activation) [][]byte { return nil },
		place: aprPlace,
	}.hold(data, memory)
	if err != nil || out == nil {
		return err
	}
	if !bytes.Equal(out, data) {
		return fmt.Errorf("%x was written as %x", data, out)
	}
	if changed := bytes.Clone(data); len(a.Data) > 0 {
		b, err := apr.ParseActivation(changed)
		clear(changed)
		if err != nil || textAPRT(b) != textAPRT(a) {
			return errors.New("the numbers are part of the bytes that were parsed")
		}
	}
	return nil
}

// readSafetensors: the bytes as they are, and with the header's length set to where it
// seems to end, for a change of its text would else be one of the data too.
func readSafetensors(data []byte, memory bool) error {
	all := [][]byte{data}
	if end := bytes.LastIndexByte(data, '}'); end >= 8 {
		fitted := bytes.Clone(data)
		binary.LittleEndian.PutUint64(fitted, uint64(end+1-8))
		all = append(all, fitted)
	}
	for _, b := range all {
		_, _, err := format[*safetensors.File]{
			parse: safetensors.Parse, write: (*safetensors.File).Bytes, plain: plainSafetensors, text: textSafetensors, most: 64,
			data: func(f *safetensors.File) (out [][]byte) {
				for _, t := range f.Tensors {
					out = append(out, t.Data)
				}
				return out
			},
			place: func(err error) (int64, bool) {
				var e *safetensors.FormatError
				if !errors.As(err, &e) {
					return 0, false
				}
				return -1, e.Offset >= 0 && e.Field != "" && e.Reason != "" // the decoder reads ahead
			},
		}.hold(b, memory)
		if err != nil {
			return err
		}
	}
	return nil
}

// readLlama2c: what is accepted is written as it was and becomes GGUF. Most sizes fit no
// length, so the length is made to fit small ones, and to be a weight more or less.
func readLlama2c(data []byte, memory bool) error {
	sizes := []int{len(data)}
	if n := llama2cWeights(data); n > 0 {
		for _, weights := range []int{n, n + 1, n - 1} {
			sizes = append(sizes, len(data)+4*weights)
		}
	}
	for _, size := range sizes {
		padded := bytes.Clone(data)
		for i := len(data); i < size; i++ {
			padded = append(padded, byte(i^i>>8)) // no two weights alike
		}
		file, out, err := format[*llama2c.File]{
			parse: llama2c.Parse, write: (*llama2c.File).Bytes, plain: plainLlama2c, text: textLlama2c, most: 0,
			data: func(f *llama2c.File) (out [][]byte) {
				for _, t := range f.Tensors {
					out = append(out, t.Data)
				}
				return out
			},
			place: func(err error) (int64, bool) {
				var e *llama2c.FormatError
				return -1, errors.As(err, &e) && e.Reason != ""
			},
		}.hold(padded, memory)
		if err != nil {
			return err
		}
		if out == nil {
			continue
		}
		if !bytes.Equal(out, padded) {
			return errors.New("what was accepted is not written as it was")
		}
		if err := llama2cGGUF(file); err != nil {
			return err
		}
	}
	return nil
}

// llama2cGGUF: the model in GGUF has all tensors but the tables of RoPE, layer by layer.
func llama2cGGUF(file *llama2c.File) error {
	g := file.ToGGUF()
	if err := gguf.Write(io.Discard, g); err != nil {
		return fmt.Errorf("what was accepted does not become GGUF: %w", err)
	}
	for key, want := range map[string]int{
		"block_count": file.Layers, "context_length": file.Context, "embedding_length": file.Dim, "feed_forward_length": file.Hidden,
		"attention.head_count": file.Heads, "attention.head_count_kv": file.KVHeads, "vocab_size": file.Vocab,
	} {
		if n, err := g.Uint("llama." + key); err != nil || n != uint64(want) {
			return fmt.Errorf("GGUF's %s is %d, want %d (%v)", key, n, want, err)
		}
	}
	n := 0
	for from, to := range map[string]string{
		"token_embedding_table": "token_embd", "rms_final_weight": "output_norm", "wcls": "output",
		"rms_att_weight": "attn_norm", "wq": "attn_q", "wk": "attn_k", "wv": "attn_v", "wo": "attn_output",
		"rms_ffn_weight": "ffn_norm", "w1": "ffn_gate", "w2": "ffn_down", "w3": "ffn_up",
	} {
		t := file.Tensor(from)
		if t == nil {
			continue // the head, if it is the embeddings
		}
		names, shape := []string{to + ".weight"}, t.Shape
		if to != "token_embd" && to != "output_norm" && to != "output" {
			names, shape = nil, shape[1:]
			for l := range file.Layers {
				names = append(names, fmt.Sprintf("blk.%d.%s.weight", l, to))
			}
		}
		dims := slices.Clone(shape)
		slices.Reverse(dims)
		var all []byte
		for _, name := range names {
			x, err := g.Tensor(name)
			if err != nil || !slices.Equal(x.Dims, dims) {
				return fmt.Errorf("%s is not %s of dims %d (%v)", name, from, dims, err)
			}
			all = append(all, x.Data...)
			n++
		}
		if !bytes.Equal(all, t.Data) {
			return fmt.Errorf("the layers of %s are not those of %s", to, from)
		}
	}
	if n != len(g.Tensors) {
		return fmt.Errorf("GGUF has %d tensors, want %d", len(g.Tensors), n)
	}
	return nil
}

// llama2cWeights returns how many weights follow a header of small sizes, 0 for
// others.
func llama2cWeights(header []byte) int {
	if len(header) != 28 {
		return 0
	}
	var v [7]int
	for i := range v {
		v[i] = int(int32(binary.LittleEndian.Uint32(header[4*i:])))
		if v[i] < 0 {
			v[i] = -v[i]
		}
		if v[i] < 1 || v[i] > 64 {
			return 0
		}
	}
	dim, hidden, layers, heads, kvHeads, vocab, context := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	kv := dim / heads * kvHeads
	n := vocab*dim + layers*(2*dim+2*dim*dim+2*kv*dim+3*dim*hidden) + dim + 2*context*(dim/heads/2)
	if int32(binary.LittleEndian.Uint32(header[20:])) < 0 {
		n += vocab * dim
	}
	return n
}

// readCase: the bytes as they are, and with the id that belongs to the content, without
// which every change of it is refused for that alone.
func readCase(data []byte, memory bool) error {
	all := [][]byte{data}
	if c, fields, ok := caseFields(data); ok {
		all = append(all, bytes.Replace(data, []byte(fields["id"].(string)), []byte(idOf(&c)), 1))
	}
	for _, b := range all {
		_, _, err := format[*corpus.Entry]{
			parse: corpus.Decode, write: corpus.Encode, plain: plainCase, text: textCase, most: 64,
			data:  func(e *corpus.Entry) [][]byte { return nil },
			place: func(err error) (int64, bool) { return -1, strings.HasPrefix(err.Error(), "corpus: ") },
		}.hold(b, memory)
		if err != nil {
			return err
		}
	}
	return nil
}
