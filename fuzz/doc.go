// Package fuzz holds the native fuzz targets and their decoders.
//
// A decoder is total: every byte string is a valid case, so no input is wasted
// and every crasher is a case that assay lift can store. Assembly gives the
// fuzzer no coverage; the decoder, the oracle and the reference loops are its
// only guide.
//
// While fuzzing, an input stands for a batch of checks: the case that it spells out, and
// some that it is the seed of.
//
// Readers of files are judged by a second, plain reader of each format (plain.go): what
// one accepts, and what it makes of it, must be what the other does. Package planted has defects that they must find.
//
//	go test -fuzz FuzzDotQuant ./fuzz
//	make fuzz-night HOURS=8
package fuzz
