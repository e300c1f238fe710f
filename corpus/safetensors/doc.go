// Package safetensors reads and writes tensors of F32, F16 and BF16 in the
// safetensors format: the length of a header in 8 bytes, the header, a JSON object
// of tensors, and their data. Source: huggingface/safetensors, README.
//
// Every byte of a file is untrusted. For any input [Parse] returns a [File] whose
// tensors fill the data without gap or overlap, or a [*FormatError] that names the
// field and its byte offset; it does not panic. Memory is taken for what has been
// read: at most 64 bytes for one of the header, garbage included, and nothing for
// tensor data.
//
// What is refused is what the format forbids or leaves open: headers above 100 MB,
// that do not begin with a brace or are not UTF-8; names that occur twice, as do
// fields of a tensor; fields that are missing or unknown; shapes that wrap; offsets
// that are outside, are not those of the shape, overlap or leave a gap. Types other
// than the three are refused too.
package safetensors
