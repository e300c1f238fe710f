// Package apr reads and writes model files in APR v2, turns them into GGUF and
// back, and reads and writes the activations that such engines dump, APRT.
//
// A file is a header of 64 bytes, metadata in JSON, an index of tensors sorted by
// name, their data, and a checksum; each part, and each tensor, begins at a
// multiple of 64. Source: the format of paiml/aprender.
//
// Every byte of a file is untrusted. For any input [Parse] returns a [File] whose
// tensors lie inside the input, aligned and disjoint, or a [*FormatError] that
// names the part and its byte offset; it does not panic. Every count, length,
// offset and product is checked against the bytes that are there before it is
// used, whatever the checksums say, and memory is taken for what has been read: at
// most 32 bytes for one of the metadata and the index, garbage included, and
// nothing for tensor data.
//
// What is refused is what no writer of the format produces: checksums that do not
// match, zero ones included; names that are empty, not UTF-8 or not ascending;
// shapes that wrap; sizes that are not those of the shape; data that are unaligned,
// outside or overlapping; reserved bytes and padding that are not zero. Files that
// are compressed, encrypted, signed, one of several shards or column-major are
// refused by their flags, and so are APR's own quantised formats. Accepted are gaps
// between tensors and data in another order than the names.
package apr
