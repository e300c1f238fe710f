// Package gguf reads and writes GGUF files, versions 2 and 3, little-endian.
//
// A file is a header, metadata (ordered key–value pairs), tensor infos, and a
// data section aligned to general.alignment (32 bytes unless the metadata says
// otherwise). [Parse] takes a file that is already in memory; the tensors' data
// are slices of it, everything else is copied. [Open] maps a file, so that its
// size costs no memory. [Write] writes the canonical layout: tensors in order,
// each padded with zeros to the alignment.
//
// Every byte of a file is untrusted. For any input Parse returns a [File] whose
// tensors lie inside the input, aligned and disjoint, or a [*FormatError] that
// names the field and its byte offset; it does not panic. A count is compared
// with the bytes that remain, and memory is taken for what has been read, not
// for what is promised: at most 32 bytes for one, garbage included, and nothing
// for tensor data.
//
// What is refused is what no correct writer produces: duplicate keys and names,
// keys and names that are empty or not UTF-8, shapes that wrap, offsets that
// are unaligned, outside or overlapping, booleans other than 0 and 1, unknown
// types, alignments above 64 KiB. Accepted, because files in use have them:
// gaps between tensors, tensors in any order, a last tensor without its
// padding, bytes after it, and string values that are not UTF-8.
//
// # Why not an existing library
//
// Three Go readers were examined; none returns tensor bytes safely from a
// hostile file. github.com/gpustack/gguf-parser-go v0.28.1 reads versions 1 to
// 3 but yields tensor infos only and has no writer; it panics on an alignment
// of zero, on an alignment that is not a uint32, on the withdrawn type id 5 and
// on dims whose product wraps, accepts duplicate names and an offset of 2^40 in
// a file of 313 bytes, and allocated 1.2 GB for a file of 315 bytes whose
// split.tensors.count was 2^24. github.com/ollama/ollama/fs/ggml v0.17.4 panics
// on an alignment of zero and on string and array lengths of 2^63, allocated
// 1 GiB for a file of 293 bytes with 2^27 dims, accepts version 77, unknown
// types and offsets and dims that wrap, and its writer sorts keys and tensors,
// so a file in another order does not survive a round trip. The source of
// github.com/abrander/gguf has no writer and allocates whatever length a string
// or an array claims. The errors of all three lack the byte offset, and most of
// them the field.
package gguf
