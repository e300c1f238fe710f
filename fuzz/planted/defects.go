package planted

const (
	ggufCursor = "corpus/gguf/cursor.go"
	ggufRead   = "corpus/gguf/read.go"
	ggufFile   = "corpus/gguf/file.go"
	ggufType   = "corpus/gguf/type.go"
	aprRead    = "corpus/apr/read.go"
	aprIndex   = "corpus/apr/index.go"
	aprFile    = "corpus/apr/file.go"
	aprConvert = "corpus/apr/convert.go"
	aprTrace   = "corpus/apr/trace.go"
	stRead     = "corpus/safetensors/read.go"
	stHeader   = "corpus/safetensors/header.go"
	stFile     = "corpus/safetensors/file.go"
	l2cFile    = "corpus/llama2c/file.go"
	l2cConvert = "corpus/llama2c/convert.go"
	npyFile    = "corpus/npy/npy.go"
)

var defects = []Defect{
	{"FuzzGGUF", "end", "reads a byte beyond the file's end", ggufCursor,
		"if n > c.remaining() {\n\t\treturn nil, c.errorf(c.pos, suffix", "if n > c.remaining()+1 {\n\t\treturn nil, c.errorf(c.pos, suffix"},
	{"FuzzGGUF", "count-wraps", "compares a count times a size that has wrapped with the bytes that remain", ggufCursor,
		"if n > c.remaining()/size {", "if n*size > c.remaining() {"},
	{"FuzzGGUF", "key-twice", "takes a key that occurs twice", ggufRead, "\t\tseen[key] = i\n", ""},
	{"FuzzGGUF", "name-twice", "takes a tensor's name that occurs twice", ggufRead, "\t\tseen[name] = i\n", ""},
	{"FuzzGGUF", "dims", "takes up to eight dims", ggufFile, "maxDims = 4", "maxDims = 8"},
	{"FuzzGGUF", "zero-dim", "takes rows of no elements", ggufType, "if slices.Contains(dims, 0) {", "if slices.Contains(dims[1:], 0) {"},
	{"FuzzGGUF", "blocks", "takes rows that end within a block", ggufType, "dims[0]%n != 0 {", "dims[0] < n {"},
	{"FuzzGGUF", "block-bytes", "takes a block of NVFP4 for two bytes less", ggufType, `{"NVFP4", 64, 36}`, `{"NVFP4", 64, 34}`},
	{"FuzzGGUF", "bounds", "compares a tensor's size with the data section, not with what is left of it", ggufRead,
		"size > uint64(len(section))-t.Offset:", "size > uint64(len(section)):"},
	{"FuzzGGUF", "overlap", "takes tensors that share bytes", ggufRead, "t.Offset < end {", "t.Offset < before.Offset {"},
	{"FuzzGGUF", "aligned-32", "holds offsets to an alignment of 32, whatever the file's", ggufRead,
		"t.Offset&(f.Alignment-1) != 0:", "t.Offset&(defaultAlignment-1) != 0:"},
	{"FuzzGGUF", "alignment", "takes an alignment that is no power of two", ggufFile, "case bits.OnesCount32(a) != 1:", "case a == 0 || bits.OnesCount32(a) > 2:"},
	{"FuzzGGUF", "alignment-size", "takes alignments above 64 KiB", ggufFile, "maxAlignment = 64 << 10", "maxAlignment = 64 << 20"},
	{"FuzzGGUF", "utf8", "takes names that are not UTF-8", ggufFile, "case !utf8.ValidString(name):", "case false && !utf8.ValidString(name):"},
	{"FuzzGGUF", "bool", "takes any byte for a boolean", ggufCursor, "if b[0] > 1 {", "if false {"},
	{"FuzzGGUF", "bools", "looks at the first of an array of booleans only", ggufRead, "if v > 1 {", "if v > 1 && i == 0 {"},
	{"FuzzGGUF", "depth", "takes arrays at a fifth level of nesting", ggufRead, "len(c.index)+1 == maxDepth {", "len(c.index) == maxDepth {"},
	{"FuzzGGUF", "version", "takes versions after the third", ggufRead, "case v == 2 || v == 3:", "case v == 2 || v >= 3 && v < 1<<16:"},
	{"FuzzGGUF", "sign", "loses the sign of an int8", ggufRead, "return int8(b[0]), nil", "return int8(b[0] & 0x7f), nil"},
	{"FuzzGGUF", "capacity", "leaves room behind a tensor's data, which is the next one's", ggufRead, "section[t.Offset:end:end]", "section[t.Offset:end]"},
	{"FuzzGGUF", "promise", "takes memory for what a count promises, the tensors' data being part of what remains", ggufRead,
		"min(n, max(4, 2*uint64(len(v))))", "n"},

	{"FuzzAPR", "checksum", "does not look at the file's checksum", aprRead, "crc32.ChecksumIEEE(data[:end])); why != \"\" {", "crc32.ChecksumIEEE(data[:end])); why != \"\" && false {"},
	{"FuzzAPR", "header-checksum", "does not look at the header's checksum", aprRead, "headerSum(h)); why != \"\" {", "headerSum(h)); why != \"\" && false {"},
	{"FuzzAPR", "no-checksum", "takes a checksum of zero for one that matches", aprRead, "case stored == sum:", "case stored == sum || stored == 0:"},
	{"FuzzAPR", "reserved", "does not look at the first reserved bytes", aprRead, "if !zero(h[44:]) {", "if !zero(h[52:]) {"},
	{"FuzzAPR", "index-offset", "takes an index that begins within the metadata", aprRead, "case indexAt < header+metaSize || indexAt > end ||", "case indexAt < header || indexAt > end ||"},
	{"FuzzAPR", "data-end", "takes data that begin behind the file", aprRead, "case dataAt < indexAt || dataAt > end ||", "case dataAt < indexAt ||"},
	{"FuzzAPR", "data-aligned", "takes data that begin anywhere", aprRead, "dataAt > end || dataAt%align != 0:", "dataAt > end:"},
	{"FuzzAPR", "aligned", "takes tensors at multiples of 32", aprIndex, "case from%align != 0:", "case from%(align/2) != 0:"},
	{"FuzzAPR", "bounds", "compares a tensor's offset with the data, and not its end", aprIndex, "case from > end-dataAt || length > end-dataAt-from:", "case from > end-dataAt:"},
	{"FuzzAPR", "order", "takes names that do not ascend", aprIndex, "case 1:", "case 2:"},
	{"FuzzAPR", "name-twice", "takes a name that occurs twice", aprIndex, "case 0:", "case 2:"},
	{"FuzzAPR", "utf8", "takes names that are not UTF-8", aprIndex, "if !utf8.Valid(stored) {", "if false && !utf8.Valid(stored) {"},
	{"FuzzAPR", "dims", "takes up to sixteen dims", aprFile, "maxDims = 8", "maxDims = 16"},
	{"FuzzAPR", "dims-wrap", "takes dims whose product wraps", aprFile, "\tif hi != 0 {\n\t\t\treturn 0, fmt.Sprintf(\"has dims %d, whose product", "\tif false && hi != 0 {\n\t\t\treturn 0, fmt.Sprintf(\"has dims %d, whose product"},
	{"FuzzAPR", "block-bytes", "takes an I64 for four bytes", aprFile, `I64: {"I64", 1, 8}`, `I64: {"I64", 1, 4}`},
	{"FuzzAPR", "size", "takes a tensor that is longer than its shape", aprIndex, "case length != want:", "case length < want:"},
	{"FuzzAPR", "padding", "does not look at the padding of the index", aprIndex, "if !zero(data[at:dataAt]) {", "if false {"},
	{"FuzzAPR", "overlap", "takes tensors that share bytes", aprIndex, "if b.from < a.to {", "if b.from < a.from {"},
	{"FuzzAPR", "shard", "reads one shard of several as a whole", aprFile, `{Sharded, "is one shard of several"}, `, ""},
	{"FuzzAPR", "flags", "takes flags that are unknown", aprFile, "if f >= ColumnMajor<<1 {", "if f >= ColumnMajor<<2 {"},
	{"FuzzAPR", "capacity", "leaves room behind a tensor's data, which is the next one's", aprIndex, "data[dataAt+from : dataAt+from+length : dataAt+from+length]", "data[dataAt+from : dataAt+from+length]"},
	{"FuzzAPR", "transposed", "becomes GGUF with its dims as they are", aprConvert, "\t\tslices.Reverse(dims)\n\t\tif len(dims) == 0 {", "\t\tif len(dims) == 0 {"},

	{"FuzzAPRT", "end", "reads a header that is not all there", aprTrace, "case len(data) < traceHeader:", "case len(data) < traceHeader-1:"},
	{"FuzzAPRT", "magic", "looks at three bytes of the magic", aprTrace, "case string(data[:4]) != traceMagic:", "case string(data[:3]) != traceMagic[:3]:"},
	{"FuzzAPRT", "dim", "takes a dim of zero", aprTrace, "case a.Dim == 0:", "case a.Dim == 0 && len(body) > 0:"},
	{"FuzzAPRT", "tokens", "takes data that end within a token", aprTrace, "uint64(len(body))%(4*uint64(a.Dim)) != 0:", "uint64(len(body))%4 != 0:"},
	{"FuzzAPRT", "numbers", "takes data that end within a number", aprTrace, "uint64(len(body))%(4*uint64(a.Dim)) != 0:", "uint64(len(body))/4%uint64(a.Dim) != 0:"},
	{"FuzzAPRT", "dim-wraps", "computes a token's size in 32 bits, which wraps", aprTrace, "uint64(len(body))%(4*uint64(a.Dim)) != 0:", "a.Dim<<2 != 0 && uint32(len(body))%(a.Dim<<2) != 0:"},
	{"FuzzAPRT", "promise", "takes memory for a token before it has looked at the data", aprTrace, "\tswitch {\n\tcase a.Dim == 0:", "\ta.Data = make([]float32, min(a.Dim, 1<<24))\n\tswitch {\n\tcase a.Dim == 0:"},
	{"FuzzAPRT", "layer", "reads 16 bits of the layer", aprTrace, "Layer: le.Uint32(data[4:])", "Layer: uint32(le.Uint16(data[4:]))"},
	{"FuzzAPRT", "last", "leaves out the last number", aprTrace, "for i := range a.Data {", "for i := range len(a.Data) - 1 {"},
	{"FuzzAPRT", "nan", "takes all NaNs for one", aprTrace, "a.Data[i] = math.Float32frombits(le.Uint32(body[4*i:]))",
		"if a.Data[i] = math.Float32frombits(le.Uint32(body[4*i:])); a.Data[i] != a.Data[i] {\n\t\t\ta.Data[i] = float32(math.NaN())\n\t\t}"},
	{"FuzzAPRT", "zero", "loses the sign of a zero", aprTrace, "a.Data[i] = math.Float32frombits(le.Uint32(body[4*i:]))", "a.Data[i] = math.Float32frombits(le.Uint32(body[4*i:])) + 0"},
	{"FuzzAPRT", "neither", "returns neither an activation nor an error", aprTrace, "return nil, bad(\"APRT dim\", 8, \"is 0\")", "return nil, nil"},

	{"FuzzSafetensors", "end", "reads a byte beyond the file's end", stRead, "case n > remain:", "case n > remain+1:"},
	{"FuzzSafetensors", "brace", "takes a header that begins with white space", stRead, "case n == 0 || header[0] != '{':", "case n == 0:"},
	{"FuzzSafetensors", "utf8", "takes a header that is not UTF-8", stRead, "case !utf8.Valid(header):", "case false && !utf8.Valid(header):"},
	{"FuzzSafetensors", "name-twice", "takes a name that occurs twice", stHeader, "\t\tseen[name] = true\n", ""},
	{"FuzzSafetensors", "field-twice", "takes a field that occurs twice", stHeader, "\t\tif seen[field] {\n", "\t\tif false {\n"},
	{"FuzzSafetensors", "metadata-twice", "takes a key of the metadata that occurs twice", stHeader, "if _, ok := f.Metadata[key]; ok {", "if _, ok := f.Metadata[key]; ok && false {"},
	{"FuzzSafetensors", "field-missing", "takes a tensor without a shape for a number", stHeader, "\t\tif !seen[field] {", "\t\tif !seen[field] && field != \"shape\" {"},
	{"FuzzSafetensors", "field-unknown", "passes over fields that it does not know", stHeader, "return fmt.Errorf(\"has a field %.64q, which is unknown\", field)", "var skipped json.RawMessage\n\t\treturn d.Decode(&skipped)"},
	{"FuzzSafetensors", "offsets", "takes more than two offsets", stHeader, "if len(x) != 2 {", "if len(x) < 2 {"},
	{"FuzzSafetensors", "null", "takes null for 0", stHeader, "case bytes.Contains(raw, []byte(\"null\")):", "case false:"},
	{"FuzzSafetensors", "dtype", "takes the name of a type in lower case", stHeader, "formats[name]; !ok {", "formats[string(bytes.ToUpper([]byte(name)))]; !ok {"},
	{"FuzzSafetensors", "metadata", "takes metadata that are no strings", stHeader, "\t\tif !ok {\n\t\t\treturn fmt.Errorf(\"%.64q is no string\", key)\n\t\t}\n", "\t\t_ = ok\n"},
	{"FuzzSafetensors", "more", "passes over what follows the header's object", stHeader, "end != io.EOF {", "end == io.ErrNoProgress {"},
	{"FuzzSafetensors", "overlap", "takes tensors that share bytes", stRead, "case t.from < end:", "case false:"},
	{"FuzzSafetensors", "gap", "takes bytes that are nobody's between tensors", stRead, "case t.from > end:", "case false:"},
	{"FuzzSafetensors", "trailing", "takes bytes that are nobody's after the last tensor", stRead, "if end != uint64(len(body)) {", "if end > uint64(len(body)) {"},
	{"FuzzSafetensors", "size", "takes a tensor that is longer than its shape", stRead, "case t.to-t.from != size:", "case t.to-t.from < size:"},
	{"FuzzSafetensors", "shape-wraps", "takes a shape whose product wraps", stFile, "\t\tif hi != 0 {\n", "\t\tif false && hi != 0 {\n"},
	{"FuzzSafetensors", "format", "takes BF16 for F16", stFile, `"BF16": spec.BF16`, `"BF16": spec.F16`},
	{"FuzzSafetensors", "capacity", "leaves room behind a tensor's data, which is the next one's", stRead, "body[t.from:t.to:t.to]", "body[t.from:t.to]"},

	{"FuzzLlama2c", "end", "reads a header that is not all there", l2cFile, "if len(data) < headerBytes {", "if len(data) < headerBytes-1 {"},
	{"FuzzLlama2c", "zero", "takes sizes of zero", l2cFile, "if f.value < 1 ||", "if f.value < 0 ||"},
	{"FuzzLlama2c", "heads", "takes heads that do not make up the width", l2cFile, "case c.Dim%c.Heads != 0 || c.Dim", "case c.Dim"},
	{"FuzzLlama2c", "odd-heads", "takes heads of an odd width", l2cFile, "case c.Dim%c.Heads != 0 || c.Dim/c.Heads%2 != 0:", "case c.Dim%c.Heads != 0:"},
	{"FuzzLlama2c", "groups", "takes heads that do not make up the groups", l2cFile, "case c.Heads%c.KVHeads != 0:", "case c.Heads < c.KVHeads:"},
	{"FuzzLlama2c", "trailing", "passes over bytes after the last tensor", l2cFile, "if len(rest) > 0 {", "if len(rest) > 0 && len(rest) < 0 {"},
	{"FuzzLlama2c", "bounds", "reads a weight beyond the file's end", l2cFile, "n > uint64(len(rest)) {", "n > uint64(len(rest))+4 {"},
	{"FuzzLlama2c", "kv-width", "takes keys and values for as wide as the queries", l2cFile, "kv := size * uint64(c.KVHeads)", "kv := size * uint64(c.Heads)"},
	{"FuzzLlama2c", "keys-values", "takes keys for values", l2cFile, `{Name: "wk", Shape: []uint64{l, kv, dim}}, {Name: "wv", Shape: []uint64{l, kv, dim}}`, `{Name: "wv", Shape: []uint64{l, kv, dim}}, {Name: "wk", Shape: []uint64{l, kv, dim}}`},
	{"FuzzLlama2c", "down", "takes the third matrix of the feed-forward network for one of the others' shape", l2cFile, `{Name: "w2", Shape: []uint64{l, dim, hidden}}`, `{Name: "w2", Shape: []uint64{l, hidden, dim}}`},
	{"FuzzLlama2c", "head", "takes a head of its own for that of the embeddings, and the other way round", l2cFile, "if f.Vocab > math.MinInt32 && f.Vocab < 0 {", "if f.Vocab > math.MinInt32 && f.Vocab < -1 {"},
	{"FuzzLlama2c", "capacity", "leaves room behind a tensor's data, which is the next one's", l2cFile, "rest[:n:n], rest[n:]", "rest[:n], rest[n:]"},
	{"FuzzLlama2c", "layers", "gives each layer the weights of the first", l2cConvert, "data[layer*n:(layer+1)*n:(layer+1)*n]", "data[:n:n]"},
	{"FuzzLlama2c", "gguf-kv", "says in GGUF that there are as many keys as heads", l2cConvert, `head_count_kv", Value: uint32(f.KVHeads)`, `head_count_kv", Value: uint32(f.Heads)`},

	{"FuzzParse", "end", "reads a header that is not all there", npyFile, "if size > uint64(len(rest)) {", "if size > uint64(len(rest))+1 {"},
	{"FuzzParse", "version-2", "reads 16 bits of the size in version 3", npyFile, "\tcase 1:\n\tcase 2, 3:", "\tcase 1, 3:\n\tcase 2:"},
	{"FuzzParse", "version", "takes versions after the third", npyFile, "case 2, 3:", "case 2, 3, 4:"},
	{"FuzzParse", "fortran", "reads Fortran order as C order", npyFile, "if found[1] == \"True\" {", "if found[1] == \"true\" {"},
	{"FuzzParse", "endian", "reads big-endian numbers as little-endian ones", npyFile, `"<f8": 8}`, `"<f8": 8, ">f4": 4}`},
	{"FuzzParse", "key-twice", "takes a key that occurs twice", npyFile, "if key == \"\" || seen[key] {", "if key == \"\" {"},
	{"FuzzParse", "key-missing", "takes a header without an order", npyFile, "if len(seen) != 3 {", "if len(seen) < 2 {"},
	{"FuzzParse", "shape-wraps", "takes a shape whose product wraps", npyFile, "if d > 0 && n > maxElements/d {", "if false {"},
	{"FuzzParse", "trailing", "passes over bytes after the last number", npyFile, "if n*width != len(body) {", "if n*width > len(body) {"},
	{"FuzzParse", "bounds", "compares the shape with the file's bytes as if all numbers were of four", npyFile, "if n*width != len(body) {", "if n*4 != len(body) && n*width != len(body) {"},
	{"FuzzParse", "f8", "reads every other half of an f8", npyFile, "binary.LittleEndian.Uint64(body[8*i:])", "binary.LittleEndian.Uint64(body[4*i:])"},
	{"FuzzParse", "promise", "takes memory for the shape before it has looked at the data", npyFile, "\tif n*width != len(body) {", "\ta.Data = make([]float32, min(n, 1<<24))\n\tif n*width != len(body) {"},
	{"FuzzParse", "rounding", "cuts an f8 instead of rounding it", npyFile, "a.Data[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:])))",
		"a.Data[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:]) &^ (1<<29 - 1)))"},
	{"FuzzParse", "dim", "takes a dim above 2^32", npyFile, "n > maxElements {\n", "n > maxElements<<1 {\n"},
}
