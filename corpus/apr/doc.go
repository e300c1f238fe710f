// Package apr reads and writes model files in APR v2, and turns them into GGUF and
// back.
//
// A file is a header of 64 bytes, metadata in JSON, an index of tensors sorted by
// name, their data, and a checksum; each part begins at a multiple of 64. Source:
// the format of paiml/aprender.
//
// Parse trusts nothing: every count, length, offset and product is checked against
// the bytes that are there before it is used, whatever the checksums say.
package apr
