// Package fuzz holds the native fuzz targets and their decoders.
//
// A decoder is total: every byte string is a valid case, so no input is wasted
// and every crasher is a case that assay lift can store. Assembly gives the
// fuzzer no coverage; the decoder, the oracle and the reference loops are its
// only guide.
//
//	go test -fuzz FuzzDotQuant ./fuzz
package fuzz
